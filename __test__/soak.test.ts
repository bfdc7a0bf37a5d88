/** A short soak; `npm run soak` is the long one. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, test } from "vitest";

test("after hundreds of caches and a thousand misses, all memory is back", async () => {
  const args = ["scripts/soak/main.mjs", "--misses", "1000", "--seed", "1", "--no-chart"];
  // It fails if anything is left.
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("images not collected");
});
