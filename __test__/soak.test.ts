/** A short soak; `npm run test:soak` is the long one. */

import { expect, test } from "vitest";

import { run } from "./processes.ts";

test("after hundreds of caches and 1000 cache misses, all images are collected", async () => {
  const args = ["scripts/soak/main.mjs", "--misses", "1000", "--seed", "1", "--no-chart"];
  // It exits with an error if an image is left.
  const { stdout } = await run(process.execPath, args);
  expect(stdout).toContain("images not collected");
});
