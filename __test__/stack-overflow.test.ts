/** What calls bear. The errors of bad input are in `contract/bad-input.mjs`, for every runtime. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

test("an overflowing stack is told as such", () => {
  const cache = createHdrImageTransferCache(0);
  const source = image(600);
  const thrown = new Set<string>();
  const recurse = (): void => {
    try {
      recurse();
    } catch {
      // At each depth on the way back, from where there is no stack left to where there is enough.
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
])("from %s to %s, the first conversion with hardly any stack left, %s kernel", async (from, to, kernel) => {
  // In a process of its own, which has neither tables nor threads yet, and of an image that needs both.
  const body = `
    const { convertTransfer } = require("hdr-image-transfer-cache");
    const buf = Buffer.alloc(6 * 2 ** 20);
    let conversions = 0;
    const recurse = () => {
      try {
        recurse();
      } catch {
        // If there is not enough left for this either, the caller tries.
        convertTransfer(buf, "${from}", "${to}");
        conversions++;
      }
    };
    recurse();
    console.log(conversions);
  `;
  const script = `new (require("node:worker_threads").Worker)(${JSON.stringify(body)}, { eval: true })`;
  const env = { ...process.env, HDR_IMAGE_TRANSFER_KERNEL: kernel };
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env });
  expect(stdout).toBe("1\n");
});

test("a cache goes on after errors", () => {
  const cache = createHdrImageTransferCache();
  for (let time = 0; time < 1000; time++) {
    // @ts-expect-error: not a Buffer
    expect(() => cache.getConverted("image", "pq", "hlg", time)).toThrow(TypeError);
  }
  const converted = cache.getConverted("image", "pq", "hlg", image(12));
  expect(converted).toEqual(convertedCopy(image(12), "pq", "hlg"));
});
