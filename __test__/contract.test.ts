/** The contract suite, which `npm run test:runtimes` runs elsewhere, on this runtime. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, test } from "vitest";

// Collecting garbage takes its time on a busy machine.
test("the contract holds", { timeout: 300_000 }, async () => {
  const args = ["--expose-gc", "__test__/contract/main.mjs"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^Node\.js \S+: (\d+) of \1 cases passed\n$/);
});
