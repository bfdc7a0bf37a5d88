// What a cache gives, keeps and lets go.

import assert from "node:assert/strict";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

const MIB = 2 ** 20;

/** What is given for limits, and what they are then. */
const limits = [
  [[], 16, 200 * MIB],
  [[undefined], 16, 200 * MIB],
  [[null], 16, 200 * MIB],
  [[3], 3, 200 * MIB],
  [[{}], Infinity, 200 * MIB],
  [[{ maxEntries: 3 }], 3, 200 * MIB],
  [[{ maxBytes: 1000 }], Infinity, 1000],
  [[{ maxEntries: 3, maxBytes: 1000 }], 3, 1000],
  [[{ maxEntries: undefined, maxBytes: null }], Infinity, 200 * MIB],
  [[{ maxEntries: 2 ** 53 - 1, maxBytes: 2 ** 53 - 1 }], 2 ** 53 - 1, 2 ** 53 - 1],
];

/** Limits, byte lengths of images asked for in turn, which are kept then, and how many were evicted. */
const evictions = [
  [2, [12, 12, 12], [1, 2], 1],
  [{ maxBytes: 300 }, [100, 100, 100, 2], [1, 2, 3], 1],
  [{ maxBytes: 400 }, [100, 100, 100, 100, 250], [3, 4], 3],
  [{ maxBytes: 400 }, [100, 400], [1], 1],
  [{ maxBytes: 400 }, [100, 402], [0], 0],
  [{ maxEntries: 3, maxBytes: 250 }, [10, 10, 10, 10, 240], [3, 4], 3],
  [0, [12, 0], [], 0],
  [{ maxEntries: 0 }, [12, 0], [], 0],
  [{ maxBytes: 0 }, [12, 0], [], 0],
  [{ maxEntries: -0, maxBytes: -0 }, [12, 0], [], 0],
  [undefined, Array(17).fill(12), [...Array(17).keys()].slice(1), 1],
];

/**
 * Each is another string, and would be the same as one before it if ids were read carelessly: as UTF-8, up to
 * a NUL, up to some length, or joined with the target.
 */
const lookAlikes = [
  "",
  "\0",
  "\u0001",
  "a",
  "a\0",
  "a\0b",
  "a\u0001",
  "A",
  "image",
  "image|hlg",
  "image\0hlg",
  "é",
  "e\u0301",
  "\ud800",
  "\ud801",
  "\udc00",
  "\ufffd",
  "\ud83d\ude00",
  "😁",
  "x".repeat(62),
  "x".repeat(63),
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(1000),
  `${"x".repeat(999)}y`,
  "é".repeat(1000),
  "x".repeat(2 ** 20),
  `${"x".repeat(2 ** 20)}y`,
  "__proto__",
];

export const cases = [
  ...["pq", "hlg"].map((transfer) => [
    `${transfer} to ${transfer}: the very source, as it was, and what is kept stays so`,
    () => {
      const cache = createHdrImageTransferCache();
      const converted = request(cache, "image", 12);
      for (const source of [image(12), new Uint8Array(image(12))]) {
        assert.equal(cache.getConverted("image", transfer, transfer, source), source);
        assert.deepEqual(Buffer.from(source), image(12));
      }
      assertStats(cache, { passthroughs: 2, misses: 1, hits: 0, entries: 1, bytesUsed: 12 });
      assert.equal(request(cache, "image", 12), converted);
    },
  ]),
  [
    "the first request: a new Buffer with memory of its own, the source as it was",
    () => {
      const cache = createHdrImageTransferCache();
      const source = image(600);
      const converted = cache.getConverted("image", "pq", "hlg", source);
      assert.ok(Buffer.isBuffer(converted));
      assert.deepEqual(converted, convertedCopy(source, "pq", "hlg"));
      assert.deepEqual(source, image(600));
      assert.ok(converted.buffer instanceof ArrayBuffer);
      assert.deepEqual([converted.byteOffset, converted.buffer.byteLength], [0, 600]);
      assertStats(cache, { misses: 1, hits: 0, entries: 1, bytesUsed: 600 });
    },
  ],
  [
    "later requests: the very same Buffer, whatever is in the source",
    () => {
      const cache = createHdrImageTransferCache();
      const source = image(600);
      const converted = cache.getConverted("image", "pq", "hlg", source);
      source.fill(0xff);
      assert.equal(cache.getConverted("image", "pq", "hlg", source), converted);
      assert.equal(cache.getConverted("image", "pq", "hlg", image(600, 2)), converted);
      assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
      assertStats(cache, { misses: 1, hits: 2 });
    },
  ],
  [
    "later requests make an image the most recently used; equal transfers do not",
    () => {
      const cache = createHdrImageTransferCache(2);
      request(cache, "a", 12);
      request(cache, "b", 12);
      request(cache, "a", 12);
      cache.getConverted("b", "pq", "pq", image(12));
      request(cache, "c", 12);
      assert.deepEqual(kept(cache, ["a", "b", "c"]), ["a", "c"]);
    },
  ],
  [
    "each target, and each id, has its own",
    () => {
      const cache = createHdrImageTransferCache({});
      const requestAll = () =>
        lookAlikes.flatMap((id, seed) => {
          // A new string, put together at run time.
          const again = id.split("").join("");
          return [
            cache.getConverted(again, "pq", "hlg", image(12, seed)),
            cache.getConverted(again, "hlg", "pq", image(12, seed)),
          ];
        });
      const images = requestAll();
      assert.equal(new Set(images).size, 2 * lookAlikes.length);
      for (const [at, again] of requestAll().entries()) assert.equal(again, images[at]);
      assert.deepEqual(kept(cache, lookAlikes), lookAlikes);
      assert.equal(cache.size(), 0);
    },
  ],
  [
    "another byteLength: a miss, in the place of the first",
    () => {
      const cache = createHdrImageTransferCache();
      const small = request(cache, "image", 12);
      const large = request(cache, "image", 600);
      assert.deepEqual(large, convertedCopy(image(600), "pq", "hlg"));
      assert.equal(request(cache, "image", 600), large);
      assert.deepEqual(small, convertedCopy(image(12), "pq", "hlg"));
      assertStats(cache, { misses: 2, hits: 1, evictions: 0, entries: 1, bytesUsed: 600 });
    },
  ],
  [
    "a larger byteLength: others make room; too large, and none of that id is kept",
    () => {
      const cache = createHdrImageTransferCache({ maxBytes: 300 });
      for (const id of ["a", "b", "c"]) request(cache, id, 100);
      request(cache, "c", 200);
      assertStats(cache, { evictions: 1, entries: 2, bytesUsed: 300 });
      request(cache, "c", 400);
      assertStats(cache, { evictions: 1, entries: 1, bytesUsed: 100 });
      assert.deepEqual(kept(cache, ["a", "b", "c"]), ["b"]);
    },
  ],
  ...[0, 600].map((byteLength) => [
    `a kept Buffer of ${byteLength} bytes was transferred away: a miss, in its place`,
    () => {
      const cache = createHdrImageTransferCache();
      const first = request(cache, "image", byteLength);
      const moved = structuredClone(first.buffer, { transfer: [first.buffer] });
      assert.deepEqual(Buffer.from(moved), convertedCopy(image(byteLength), "pq", "hlg"));
      const second = request(cache, "image", byteLength);
      assert.notEqual(second, first);
      assert.deepEqual(second, convertedCopy(image(byteLength), "pq", "hlg"));
      assert.equal(request(cache, "image", byteLength), second);
      assertStats(cache, { misses: 2, hits: 1, entries: 1, bytesUsed: byteLength });
    },
  ]),
  ...evictions.map(([given, byteLengths, expected, evicted]) => [
    `limits ${JSON.stringify(given)}: of images of ${byteLengths} bytes, ${expected.length} are kept`,
    () => {
      const cache = createHdrImageTransferCache(given);
      const ids = [...byteLengths.keys()].map(String);
      for (const [at, byteLength] of byteLengths.entries()) {
        const converted = request(cache, ids[at], byteLength);
        assert.deepEqual(converted, convertedCopy(image(byteLength), "pq", "hlg"));
      }
      const bytesUsed = expected.reduce((sum, id) => sum + byteLengths[id], 0);
      assert.deepEqual([cache.size(), cache.bytesUsed()], [expected.length, bytesUsed]);
      assert.equal(cache.stats().evictions, evicted);
      assert.deepEqual(kept(cache, ids), expected.map(String));
    },
  ]),
  ...limits.map(([args, maxEntries, maxBytes]) => [
    `limits ${args.map((given) => JSON.stringify(given))}: ${maxEntries} images, ${maxBytes} bytes`,
    () => assertStats(createHdrImageTransferCache(...args), { maxEntries, maxBytes }),
  ]),
  [
    "caching is off: a new Buffer each time",
    () => {
      const cache = createHdrImageTransferCache(0);
      const source = image(12);
      const converted = cache.getConverted("image", "pq", "hlg", source);
      assert.notEqual(cache.getConverted("image", "pq", "hlg", source), converted);
      assert.deepEqual(source, image(12));
      assertStats(cache, { misses: 2, hits: 0, evictions: 0 });
    },
  ],
  [
    "delete: both targets of an image go, and no other image",
    () => {
      const cache = createHdrImageTransferCache();
      const converted = request(cache, "a", 12);
      cache.getConverted("a", "hlg", "pq", image(12));
      request(cache, "b", 600);
      assert.equal(cache.delete("a"), true);
      assert.equal(cache.delete("a"), false);
      assertStats(cache, { evictions: 0, entries: 1, bytesUsed: 600 });
      assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
    },
  ],
  [
    "clear: all go, and the counters stay",
    () => {
      const cache = createHdrImageTransferCache();
      const converted = request(cache, "a", 12);
      assert.equal(cache.clear(), undefined);
      assertStats(cache, { misses: 1, evictions: 0, entries: 0, bytesUsed: 0 });
      assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
    },
  ],
  [
    "an object of six functions, which need no this and can be replaced",
    () => {
      const cache = createHdrImageTransferCache();
      assert.deepEqual(Object.keys(cache), ["getConverted", "size", "bytesUsed", "stats", "delete", "clear"]);
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(cache))) {
        assert.ok(property.writable);
        assert.equal(property.value.name, name);
      }
      const { getConverted, size, bytesUsed, stats, delete: remove, clear } = cache;
      const converted = getConverted("image", "pq", "hlg", image(12));
      assert.equal(getConverted.call({}, "image", "pq", "hlg", image(12)), converted);
      assert.deepEqual([size(), bytesUsed(), stats().hits], [1, 12, 1]);
      assert.equal(remove("image"), true);
      assert.equal(clear(), undefined);
    },
  ],
  [
    "stats: numbers, in a new object each time",
    () => {
      const cache = createHdrImageTransferCache();
      const before = cache.stats();
      request(cache, "image", 6 * 256 * 256);
      const { conversionMs, ...after } = cache.stats();
      assert.ok(conversionMs > 0);
      const counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0 };
      const now = { entries: 0, bytesUsed: 0, maxEntries: 16, maxBytes: 200 * MIB };
      assert.deepEqual(before, { ...counters, conversionMs: 0, ...now });
      assert.deepEqual(after, { ...counters, misses: 1, ...now, entries: 1, bytesUsed: 6 * 256 * 256 });
      request(cache, "image", 6 * 256 * 256);
      assert.equal(cache.stats().conversionMs, conversionMs);
    },
  ],
];

function request(cache, id, byteLength) {
  return cache.getConverted(id, "pq", "hlg", image(byteLength));
}

/** Which of the images are kept. They are not any more then. */
function kept(cache, ids) {
  return ids.filter((id) => cache.delete(id));
}

function assertStats(cache, expected) {
  const stats = cache.stats();
  for (const [name, value] of Object.entries(expected)) assert.equal(stats[name], value, name);
}
