// What is let go is collected; what JavaScript or a cache holds is not.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

const IMAGES = 100;

const collectGarbage = globalThis.gc ?? (() => globalThis.Bun.gc(true));

/** What is done with a cache of these limits that holds one image. */
const letGo = [
  ["evicted", 1, (cache) => cache.getConverted("another", "pq", "hlg", image(6))],
  ["deleted", 1, (cache) => cache.delete("image")],
  ["cleared", 1, (cache) => cache.clear()],
  ["replaced", 1, (cache) => cache.getConverted("image", "pq", "hlg", image(6))],
  ["not kept, since it is larger than maxBytes,", { maxBytes: 500 }, () => {}],
  ["not kept, since caching is off,", 0, () => {}],
];

export const cases = [
  ...letGo.flatMap(([name, limits, use]) => [
    [
      `an image that was ${name} is collected`,
      async () => {
        const caches = [];
        const collected = await countCollected(() => {
          const cache = createHdrImageTransferCache(limits);
          caches.push(cache);
          const converted = cache.getConverted("image", "pq", "hlg", image(600));
          use(cache);
          return converted;
        });
        assert.ok(collected >= IMAGES / 2, `${collected} of ${IMAGES}`);
        assert.equal(caches.length, IMAGES);
      },
    ],
    [
      `an image that was ${name} stays as it was for those who hold it`,
      () => {
        const cache = createHdrImageTransferCache(limits);
        const converted = cache.getConverted("image", "pq", "hlg", image(600));
        use(cache);
        collectGarbage();
        assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
      },
    ],
  ]),
  [
    "the images of a cache that was dropped are collected",
    async () => {
      const collected = await countCollected(() =>
        createHdrImageTransferCache().getConverted("image", "pq", "hlg", image(600)),
      );
      assert.ok(collected >= IMAGES / 2, `${collected} of ${IMAGES}`);
    },
  ],
  [
    "a kept image is not collected",
    async () => {
      const cache = createHdrImageTransferCache(IMAGES);
      let id = 0;
      const collected = await countCollected(() => cache.getConverted(`${id++}`, "pq", "hlg", image(600)));
      assert.equal(collected, 0);
      assert.equal(cache.size(), IMAGES);
    },
  ],
  [
    "a source is collected, though its image is kept",
    async () => {
      const cache = createHdrImageTransferCache(IMAGES);
      let id = 0;
      const collected = await countCollected(() => {
        const source = image(600);
        for (const to of ["hlg", "hlg", "pq"]) cache.getConverted(`${id}`, "pq", to, source);
        id++;
        return source;
      });
      assert.ok(collected >= IMAGES / 2, `${collected} of ${IMAGES}`);
      assert.equal(cache.size(), IMAGES);
    },
  ],
  [
    "the functions of a cache outlive it",
    async () => {
      const sizes = [];
      const collected = await countCollected(() => {
        const cache = createHdrImageTransferCache();
        cache.getConverted("image", "pq", "hlg", image(12));
        sizes.push(cache.size);
        return cache;
      });
      assert.ok(collected >= IMAGES / 2, `${collected} of ${IMAGES}`);
      assert.ok(sizes.every((size) => size() === 1));
    },
  ],
];

/** Tells of each collected object that was registered. It must live as long as anyone waits for it. */
const registry = new FinalizationRegistry((collected) => collected.push(true));

/** How many of the objects are collected that `make` gives. */
async function countCollected(make) {
  const collected = [];
  for (let made = 0; made < IMAGES; made++) registry.register(make(), collected);
  for (let turn = 0; turn < 50 && collected.length < IMAGES; turn++) {
    collectGarbage();
    // Between turns, finalizers run.
    await setTimeout(1);
  }
  return collected.length;
}
