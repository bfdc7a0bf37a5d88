/** What is let go is collected, what is kept is not, and a cache holds no more than its limits say. */

import { setImmediate as nextTurn } from "node:timers/promises";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

const MIB = 2 ** 20;

/** Collects garbage until `done`, or for good if nothing comes of it. Finalizers run between turns. */
async function collectUntil(done: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 50 && !done(); turn++) {
    global.gc!();
    await nextTurn();
  }
  return done();
}

/** Tells of each collected Buffer that was registered. It must live as long as anyone waits for it. */
const registry = new FinalizationRegistry<() => void>((tell) => tell());

/** Whether a Buffer can be collected that this file does not hold. */
async function isCollected(make: () => Buffer): Promise<boolean> {
  let collected = false;
  registry.register(make(), () => (collected = true));
  return collectUntil(() => collected);
}

test("a kept image is not collected", async () => {
  const cache = createHdrImageTransferCache();
  expect(await isCollected(() => cache.getConverted("image", "pq", "hlg", image(600)))).toBe(false);
  const kept = cache.getConverted("image", "pq", "hlg", image(600, 2));
  expect(kept).toEqual(convertedCopy(image(600), "pq", "hlg"));
  expect(cache.stats().hits).toBe(1);
});

test("an evicted image is collected", async () => {
  const cache = createHdrImageTransferCache(1);
  const isEvictedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.getConverted("another", "pq", "hlg", image(600));
    return converted;
  });
  expect(await isEvictedCollected).toBe(true);
  expect(cache.size()).toBe(1);
});

test("a deleted image is collected", async () => {
  const cache = createHdrImageTransferCache();
  const isDeletedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.delete("image");
    return converted;
  });
  expect(await isDeletedCollected).toBe(true);
});

test("cleared images are collected", async () => {
  const cache = createHdrImageTransferCache();
  const isClearedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.clear();
    return converted;
  });
  expect(await isClearedCollected).toBe(true);
});

test("a replaced image is collected", async () => {
  const cache = createHdrImageTransferCache();
  const isReplacedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.getConverted("image", "pq", "hlg", image(12));
    return converted;
  });
  expect(await isReplacedCollected).toBe(true);
});

test.each([
  ["caching is off", { maxBytes: 0 }],
  ["it is larger than maxBytes", { maxBytes: 500 }],
])("an image is collected that was not kept, since %s", async (_, limits) => {
  const cache = createHdrImageTransferCache(limits);
  expect(await isCollected(() => cache.getConverted("image", "pq", "hlg", image(600)))).toBe(true);
});

test("with a cache, its images are collected", async () => {
  const makeAndDrop = () => createHdrImageTransferCache().getConverted("image", "pq", "hlg", image(600));
  expect(await isCollected(makeAndDrop)).toBe(true);
});

test("a source is not held", async () => {
  const cache = createHdrImageTransferCache();
  const convertAndDrop = () => {
    const source = image(600);
    cache.getConverted("image", "pq", "hlg", source);
    cache.getConverted("image", "pq", "hlg", source);
    cache.getConverted("image", "pq", "pq", source);
    return source;
  };
  expect(await isCollected(convertAndDrop)).toBe(true);
});

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
