// Released images are collected, and leave no memory; those that JavaScript or a cache holds are not collected.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { withAllocator } from "./hooks.mjs";
import { convertedCopy, image, thrownBy } from "./images.mjs";

const IMAGES = 100;

const collectGarbage = globalThis.gc ?? (() => globalThis.Bun.gc(true));

/** Other runtimes do not report exactly how large the heap is. */
const reportsHeap = !process.versions.bun && !process.versions.deno;

/** The limits of a cache, and what releases its image. @type {any[][]} */
const releases = [
  ["evicted", 1, (cache) => cache.getConverted("another", "pq", "hlg", image(6))],
  ["deleted", 1, (cache) => cache.delete("image")],
  ["cleared", 1, (cache) => cache.clear()],
  [
    "deleted before a cache miss that failed",
    1,
    (cache) => {
      cache.delete("image");
      const convert = () => cache.getConverted("another", "pq", "hlg", image(6));
      const outOfMemory = () => {
        throw new RangeError("Array buffer allocation failed");
      };
      withAllocator(outOfMemory, () => thrownBy(convert));
    },
  ],
  ["replaced", 1, (cache) => cache.getConverted("image", "pq", "hlg", image(6))],
  ["not cached because it is larger than maxBytes", { maxBytes: 500 }, () => {}],
  ["not cached because caching is off", 0, () => {}],
];

/** Another release, after which the image is empty. @type {any[]} */
const detached = [
  "detached and replaced",
  1,
  (cache, { buffer }) => {
    structuredClone(buffer, { transfer: [buffer] });
    cache.getConverted("image", "pq", "hlg", image(6));
  },
];

export const cases = [
  ...[...releases, detached].flatMap(([name, limits, use]) => [
    [
      `an image is collected that was ${name}`,
      async () => {
        const caches = [];
        await assertCollected(() => {
          const cache = createHdrImageTransferCache(limits);
          caches.push(cache);
          const converted = cache.getConverted("image", "pq", "hlg", image(600));
          use(cache, converted);
          return converted;
        });
        assert.equal(caches.length, IMAGES);
      },
    ],
    ...(reportsHeap
      ? [[`no memory is left of 60000 images that were ${name}`, () => assertNothingLeft(limits, use)]]
      : []),
  ]),
  ...releases.map(([name, limits, use]) => [
    `an image that JavaScript holds is unchanged after it was ${name}`,
    () => {
      const cache = createHdrImageTransferCache(limits);
      const converted = cache.getConverted("image", "pq", "hlg", image(600));
      use(cache);
      collectGarbage();
      assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
    },
  ]),
  [
    "cached images are not collected after others were evicted, deleted and replaced",
    async () => {
      const cache = createHdrImageTransferCache(IMAGES);
      const convert = (id, byteLength) => cache.getConverted(`${id}`, "pq", "hlg", image(byteLength));
      for (let id = 0; id < 2 * IMAGES; id++) convert(id, 12);
      for (let id = IMAGES; id < 2 * IMAGES; id += 2) cache.delete(`${id}`);
      for (let id = IMAGES; id < 2 * IMAGES; id++) convert(id, 600);
      await countCollected(() => ({}));
      const { misses } = cache.stats();
      const expected = convertedCopy(image(600), "pq", "hlg");
      for (let id = IMAGES; id < 2 * IMAGES; id++) assert.deepEqual(convert(id, 600), expected);
      assert.equal(cache.stats().misses, misses);
    },
  ],
  [
    "a source is collected while its image is cached",
    async () => {
      const cache = createHdrImageTransferCache(IMAGES);
      let id = 0;
      await assertCollected(() => {
        const source = image(600);
        for (const to of /** @type {const} */ (["hlg", "hlg", "pq"]))
          cache.getConverted(`${id}`, "pq", to, source);
        id++;
        return source;
      });
      assert.equal(cache.size(), IMAGES);
    },
  ],
];

/** Asserts that a cache takes no more memory after many images were released: not even a reference of 8 bytes each. */
function assertNothingLeft(limits, use) {
  const cache = createHdrImageTransferCache(limits);
  const source = image(600);
  const heapAfter = (images) => {
    for (let id = 0; id < images; id++) use(cache, cache.getConverted("image", "pq", "hlg", source));
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  // Compiled code and garbage of other cases.
  heapAfter(1000);
  const before = heapAfter(1000);
  const left = heapAfter(60_000) - before;
  assert.ok(left < 2 * 60_000, `${left} bytes`);
}

/** Asserts that most results of `make` are collected. */
async function assertCollected(make) {
  const collected = await countCollected(make);
  assert.ok(collected >= IMAGES / 2, `${collected} of ${IMAGES}`);
}

/** Counts collected objects. Must live until they are collected. */
const registry = new FinalizationRegistry((collected) => collected.push(true));

/** Calls `make`, and returns how many of its results are collected. */
async function countCollected(make) {
  const collected = [];
  for (let made = 0; made < IMAGES; made++) registry.register(make(), collected);
  for (let turn = 0; turn < 50 && collected.length < IMAGES; turn++) {
    collectGarbage();
    // Finalizers run between turns of the event loop.
    await setTimeout(1);
  }
  return collected.length;
}
