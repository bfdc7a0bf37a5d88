/** Calls with little stack left. */

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";
import { runScript } from "./processes.ts";

test("a stack overflow throws JavaScript's RangeError", () => {
  const cache = createHdrImageTransferCache(0);
  const source = image(600);
  const thrown = new Set<string>();
  const recurse = (): void => {
    try {
      recurse();
    } catch {
      // At each depth on the way back, from no stack to enough.
      try {
        cache.getConverted("image", "pq", "hlg", source);
      } catch (error) {
        thrown.add(String(error));
      }
    }
  };
  recurse();
  expect([...thrown]).toEqual(["RangeError: Maximum call stack size exceeded"]);
  expect(cache.getConverted("image", "pq", "hlg", source)).toEqual(convertedCopy(source, "pq", "hlg"));
});

test.each([
  ["pq", "hlg", "portable"],
  ["hlg", "pq", "portable"],
  ["pq", "hlg", "best"],
])("the first conversion, from %s to %s, with little stack, %s kernel", async (from, to, kernel) => {
  // A new process has neither tables nor threads yet, and the image needs both.
  const body = `
    const { convertTransfer } = require("hdr-image-transfer-cache");
    const buf = Buffer.alloc(6 * 2 ** 20);
    let conversions = 0;
    const recurse = () => {
      try {
        recurse();
      } catch {
        // If this overflows the stack, too, the caller tries.
        convertTransfer(buf, "${from}", "${to}");
        conversions++;
      }
    };
    recurse();
    console.log(conversions);
  `;
  const script = `new (require("node:worker_threads").Worker)(${JSON.stringify(body)}, { eval: true })`;
  const env = { ...process.env, HDR_IMAGE_TRANSFER_KERNEL: kernel };
  expect(await runScript(script, { env })).toBe("1\n");
});
