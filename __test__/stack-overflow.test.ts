/** Calls with little stack left. */

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
  type HdrImageTransferCacheStats,
} from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./contract/images.mjs";
import { runScript } from "./processes.ts";

const source = image(600);
const converted = convertedCopy(source, "pq", "hlg");

/** A call, what it returns, and the counters that it changes. */
type Row = [
  string,
  (cache: HdrImageTransferCache, buf: Buffer) => unknown,
  unknown,
  Partial<HdrImageTransferCacheStats>,
];

test.each<Row>([
  ["a cache hit", (cache) => cache.getConverted("older", "pq", "hlg", source), converted, { hits: 1 }],
  [
    "a cache miss",
    (cache) => cache.getConverted("new", "pq", "hlg", source),
    converted,
    { misses: 4, evictions: 1 },
  ],
  [
    "a cache miss, because the cached Buffer is detached",
    (cache) => cache.getConverted("detached", "pq", "hlg", source),
    converted,
    { misses: 4 },
  ],
  ["a passthrough", (cache) => cache.getConverted("older", "pq", "pq", source), source, { passthroughs: 1 }],
  ["delete", (cache) => cache.delete("older"), true, { entries: 2, bytesUsed: 1200 }],
  ["in place", (_, buf) => (convertTransfer(buf, "pq", "hlg"), buf), converted, {}],
])("a stack overflow throws JavaScript's RangeError, and changes nothing: %s", (_, call, result, changed) => {
  const cache = createHdrImageTransferCache(3);
  const { buffer } = cache.getConverted("detached", "pq", "hlg", source);
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  for (const id of ["older", "newer"]) cache.getConverted(id, "pq", "hlg", source);
  const { conversionMs: _ms, ...before } = cache.stats();
  const buf = Buffer.from(source);

  let failures = 0;
  let unexpected: unknown;
  let returned: unknown;
  const recurse = (): void => {
    try {
      recurse();
    } catch (error) {
      // At each depth on the way back, until there is enough stack.
      const { constructor, message } = error as Error;
      if (constructor !== RangeError || message !== "Maximum call stack size exceeded") unexpected = error;
      failures++;
      returned = call(cache, buf);
    }
  };
  recurse();

  expect(unexpected).toBeUndefined();
  expect(failures).toBeGreaterThan(10);
  expect(returned).toEqual(result);
  expect(source).toEqual(image(600));
  expect(cache.stats()).toMatchObject({ ...before, ...changed });
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
