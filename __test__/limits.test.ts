/** A cache holds no more than its limits say, and what it lets go comes back to the process. */

import { setImmediate as nextTurn } from "node:timers/promises";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

const MIB = 2 ** 20;

/** Collects garbage until `done`, or for good if nothing comes of it. Finalizers run between turns. */
async function collectUntil(done: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 50 && !done(); turn++) {
    global.gc!();
    await nextTurn();
  }
  return done();
}

test("60 dropped caches of 48 MiB do not grow the process", { timeout: 120_000 }, async () => {
  const source = Buffer.alloc(12 * MIB, 0x55);
  const fillAndDrop = () => {
    const cache = createHdrImageTransferCache();
    for (let id = 0; id < 4; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
    expect(cache.bytesUsed()).toBe(48 * MIB);
  };
  const before = process.memoryUsage();
  let peak = 0;
  for (let round = 0; round < 60; round++) {
    fillAndDrop();
    global.gc!();
    await nextTurn();
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  await collectUntil(() => process.memoryUsage().arrayBuffers < before.arrayBuffers + MIB);
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(before.arrayBuffers + MIB);
  // All together would be 2880 MiB. Some caches wait for their finalizer at any time.
  expect((peak - before.rss) / MIB).toBeLessThan(400);
});

test("evictions keep the process within the limit", async () => {
  const source = Buffer.alloc(12 * MIB, 0x55);
  const cache = createHdrImageTransferCache({ maxBytes: 36 * MIB });
  const before = process.memoryUsage().arrayBuffers;
  for (let id = 0; id < 60; id++) {
    cache.getConverted(`${id}`, "pq", "hlg", source);
    expect(cache.bytesUsed()).toBeLessThanOrEqual(36 * MIB);
  }
  await collectUntil(() => process.memoryUsage().arrayBuffers <= before + 37 * MIB);
  expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before + 37 * MIB);
  expect(cache.size()).toBe(3);
});

test.each([
  ["1080p", 1920 * 1080 * 6, 16],
  ["4K", 3840 * 2160 * 6, 4],
  ["8K", 7680 * 4320 * 6, 1],
])("by default, %s images: %d bytes each, %d fit", (_, byteLength, fit) => {
  const cache = createHdrImageTransferCache();
  const source = Buffer.alloc(byteLength);
  for (let id = 0; id <= fit; id++) {
    expect(cache.stats().evictions).toBe(0);
    cache.getConverted(`${id}`, "pq", "hlg", source);
  }
  expect(cache.stats()).toMatchObject({ entries: fit, bytesUsed: fit * byteLength, evictions: 1 });
});
