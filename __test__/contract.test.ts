/** The contract, on this runtime: `npm run test:platforms` runs it on others. */

import { expect, test } from "vitest";

import { run } from "./processes.ts";

test("all cases pass", { timeout: 600_000 }, async () => {
  const { stdout } = await run(process.execPath, ["--expose-gc", "__test__/contract/main.mjs"]);
  console.log(stdout);
  expect(stdout).toMatch(/^Node\.js \S+: (\d+) of \1 cases passed$/m);
});
