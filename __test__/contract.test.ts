/** The contract, on this runtime: `npm run test:platforms` runs it on others. */

import { expect, test } from "vitest";

import { run } from "./processes.ts";

/** Runs the cases whose names contain a text. */
async function expectPasses(text: string, flags: string[] = [], variables: object = {}) {
  const args = ["--expose-gc", ...flags, "__test__/contract/main.mjs", text];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...variables } });
  console.log(stdout);
  expect(stdout).toMatch(/^Node\.js \S+: (\d+) of \1 cases passed$/m);
}

test("all cases pass", { timeout: 600_000 }, () => expectPasses(""));

// Half of the cases, of all kinds.
test.each([
  "--frozen-intrinsics",
  "--disable-proto=delete",
  "--disable-proto=throw",
  "--disallow-code-generation-from-strings",
  "--jitless",
  "--zero-fill-buffers",
])("node %s", (flag) => expectPasses(" a ", [flag]));

test.each([
  { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
  { HDR_IMAGE_TRANSFER_KERNEL: "portable", HDR_IMAGE_TRANSFER_THREADS: "3" },
  { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
  { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
  { HDR_IMAGE_TRANSFER_KERNEL: "unknown" },
  { HDR_IMAGE_TRANSFER_THREADS: "1" },
  { HDR_IMAGE_TRANSFER_THREADS: "7" },
  // A stack as large as the address space: on Linux, no thread can be started.
  { HDR_IMAGE_TRANSFER_THREADS: "3", RUST_MIN_STACK: `${2 ** 47}` },
])("conversions, %j", (variables) => expectPasses(" to ", [], variables));
