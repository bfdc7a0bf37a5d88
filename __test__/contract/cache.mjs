// Cache hits, cache misses, evictions and counters.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import vm from "node:vm";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

const MIB = 2 ** 20;

/** The argument, and the limits that `stats` reports. @type {any[][]} */
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
  [[{ maxEntries: -0, maxBytes: -0 }], 0, 0],
  [[{ maxEntries: 2 ** 53 - 1, maxBytes: 2 ** 64 }], 2 ** 53 - 1, 2 ** 64],
  [[{ maxEntries: 1e300, maxBytes: Number.MAX_VALUE }], 1e300, Number.MAX_VALUE],
  [[Object.assign(Object.create(null), { maxBytes: 100 })], Infinity, 100],
  [[Object.create({ maxEntries: 2 })], 2, 200 * MIB],
  [[vm.runInNewContext("({ maxEntries: 2 })")], 2, 200 * MIB],
  [[new Proxy(new Proxy({ maxEntries: 2 }, {}), {})], 2, 200 * MIB],
  [[new Proxy([], {})], Infinity, 200 * MIB],
  [[new Map([["maxEntries", 2]])], Infinity, 200 * MIB],
  [[Object(2)], Infinity, 200 * MIB],
];

/**
 * Limits, byte lengths of images converted in turn, which of them are cached then, and the number of evictions.
 *
 * @type {any[][]}
 */
const evictions = [
  [2, [12, 12, 12], [1, 2], 1],
  [{ maxBytes: 300 }, [100, 100, 100, 2], [1, 2, 3], 1],
  [{ maxBytes: 400 }, [100, 100, 100, 100, 250], [3, 4], 3],
  [{ maxBytes: 400 }, [100, 400], [1], 1],
  [{ maxBytes: 400 }, [100, 402], [0], 0],
  [{ maxEntries: 3, maxBytes: 250 }, [10, 10, 10, 10, 240], [3, 4], 3],
  [0, [12, 12, 0], [], 0],
  [{ maxEntries: 0 }, [12, 0], [], 0],
  [{ maxBytes: 0 }, [12, 0], [], 0],
  [undefined, Array(17).fill(12), [...Array(17).keys()].slice(1), 1],
];

/**
 * Different ids that would be equal if they were read as UTF-8, up to a NUL, up to some length, or joined with the
 * target transfer function.
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

/** New strings of the same text, as runtimes represent them differently: joined, cut off, of two bytes a unit, and so on. */
const forms = [
  (id) => id.split("").join(""),
  (id) => id.slice(0, 9).concat(id.slice(9)),
  (id) => `${id} and more`.slice(0, id.length),
  (id) => Buffer.from(id, "utf16le").toString("utf16le"),
  (id) => Object.keys({ [id]: 1 })[0],
  (id) => vm.runInNewContext(JSON.stringify(id)),
];

export const cases = [
  .../** @type {const} */ (["pq", "hlg"]).map((transfer) => [
    `${transfer} to ${transfer}: returns the source itself, and leaves the cache unchanged`,
    () => {
      const cache = createHdrImageTransferCache();
      const converted = convert(cache, "image", 12);
      for (const source of [image(12), /** @type {any} */ (new Uint8Array(image(12)))]) {
        assert.equal(cache.getConverted("image", transfer, transfer, source), source);
        assert.deepEqual(Buffer.from(source), image(12));
      }
      assertStats(cache, { passthroughs: 2, misses: 1, hits: 0, entries: 1, bytesUsed: 12 });
      assert.equal(convert(cache, "image", 12), converted);
    },
  ]),
  [
    "a cache miss: a new Buffer with its own memory, and the source unchanged",
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
    "a cache hit: the same Buffer object, whatever the source contains",
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
    "a cache hit makes an image the most recently used; a passthrough does not",
    () => {
      const cache = createHdrImageTransferCache(2);
      convert(cache, "a", 12);
      convert(cache, "b", 12);
      convert(cache, "a", 12);
      cache.getConverted("b", "pq", "pq", image(12));
      convert(cache, "c", 12);
      assert.deepEqual(deleteAll(cache, ["a", "b", "c"]), ["a", "c"]);
    },
  ],
  [
    "each pair of an id and a target has its own image",
    () => {
      const cache = createHdrImageTransferCache({});
      const convertAll = (form) =>
        lookAlikes
          .map(form)
          .flatMap((id, seed) => [
            cache.getConverted(id, "pq", "hlg", image(12, seed)),
            cache.getConverted(id, "hlg", "pq", image(12, seed)),
          ]);
      const images = convertAll(forms[0]);
      assert.equal(new Set(images).size, 2 * lookAlikes.length);
      for (const form of forms) {
        for (const [at, again] of convertAll(form).entries()) assert.equal(again, images[at]);
      }
      assert.deepEqual(deleteAll(cache, lookAlikes), lookAlikes);
      assert.equal(cache.size(), 0);
    },
  ],
  [
    "another byteLength: a cache miss that replaces the image",
    () => {
      const cache = createHdrImageTransferCache();
      const small = convert(cache, "image", 12);
      const large = convert(cache, "image", 600);
      assert.deepEqual(large, convertedCopy(image(600), "pq", "hlg"));
      assert.equal(convert(cache, "image", 600), large);
      assert.deepEqual(small, convertedCopy(image(12), "pq", "hlg"));
      assertStats(cache, { misses: 2, hits: 1, evictions: 0, entries: 1, bytesUsed: 600 });
    },
  ],
  [
    "a larger replacement evicts others; one larger than maxBytes removes the id",
    () => {
      const cache = createHdrImageTransferCache({ maxBytes: 300 });
      for (const id of ["a", "b", "c"]) convert(cache, id, 100);
      convert(cache, "c", 200);
      assertStats(cache, { evictions: 1, entries: 2, bytesUsed: 300 });
      convert(cache, "c", 400);
      assertStats(cache, { evictions: 1, entries: 1, bytesUsed: 100 });
      assert.deepEqual(deleteAll(cache, ["a", "b", "c"]), ["b"]);
    },
  ],
  ...[0, 600].map((byteLength) => [
    `a cached Buffer of ${byteLength} bytes is detached: a cache miss that replaces it`,
    () => {
      const cache = createHdrImageTransferCache();
      const first = convert(cache, "image", byteLength);
      const moved = structuredClone(first.buffer, { transfer: [first.buffer] });
      assert.deepEqual(Buffer.from(moved), convertedCopy(image(byteLength), "pq", "hlg"));
      const second = convert(cache, "image", byteLength);
      assert.notEqual(second, first);
      assert.deepEqual(second, convertedCopy(image(byteLength), "pq", "hlg"));
      assert.equal(convert(cache, "image", byteLength), second);
      assertStats(cache, { misses: 2, hits: 1, entries: 1, bytesUsed: byteLength });
    },
  ]),
  ...evictions.map(([given, byteLengths, expected, evicted]) => [
    `limits ${JSON.stringify(given)}: of images of ${byteLengths} bytes, ${expected.length} are cached`,
    () => {
      const cache = createHdrImageTransferCache(given);
      const ids = [...byteLengths.keys()].map(String);
      for (const [at, byteLength] of byteLengths.entries()) {
        const converted = convert(cache, ids[at], byteLength);
        assert.deepEqual(converted, convertedCopy(image(byteLength), "pq", "hlg"));
      }
      const bytesUsed = expected.reduce((sum, id) => sum + byteLengths[id], 0);
      assert.deepEqual([cache.size(), cache.bytesUsed()], [expected.length, bytesUsed]);
      assert.equal(cache.stats().evictions, evicted);
      assert.deepEqual(deleteAll(cache, ids), expected.map(String));
    },
  ]),
  ...limits.map(([args, maxEntries, maxBytes]) => [
    `limits ${args.map((given) => inspect(given))}: ${maxEntries} images, ${maxBytes} bytes`,
    () => assertStats(createHdrImageTransferCache(...args), { maxEntries, maxBytes }),
  ]),
  [
    "delete: removes both targets of an id, and no other image",
    () => {
      const cache = createHdrImageTransferCache();
      const converted = convert(cache, "a", 12);
      cache.getConverted("a", "hlg", "pq", image(12));
      convert(cache, "b", 600);
      assert.equal(cache.delete("a"), true);
      assert.equal(cache.delete("a"), false);
      assertStats(cache, { evictions: 0, entries: 1, bytesUsed: 600 });
      assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
    },
  ],
  [
    "clear: removes all images, and resets no counter",
    () => {
      const cache = createHdrImageTransferCache();
      const converted = convert(cache, "a", 12);
      assert.equal(cache.clear(), undefined);
      assertStats(cache, { misses: 1, evictions: 0, entries: 0, bytesUsed: 0 });
      assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
    },
  ],
  [
    "an object of six functions, which need no this and can be replaced, with or without new",
    () => {
      const cache = createHdrImageTransferCache();
      assert.deepEqual(Object.keys(cache), ["getConverted", "size", "bytesUsed", "stats", "delete", "clear"]);
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(cache))) {
        assert.ok(property.writable);
        assert.equal(property.value.name, name);
      }
      assert.deepEqual(Object.keys(Reflect.construct(createHdrImageTransferCache, [])), Object.keys(cache));
      const { getConverted, size, bytesUsed, stats, delete: remove, clear } = cache;
      const converted = getConverted("image", "pq", "hlg", image(12));
      for (const self of [createHdrImageTransferCache(), {}, null]) {
        assert.equal(getConverted.call(self, "image", "pq", "hlg", image(12)), converted);
      }
      assert.deepEqual([size(), bytesUsed(), stats().hits], [1, 12, 3]);
      assert.equal(remove("image"), true);
      assert.equal(clear(), undefined);
    },
  ],
  [
    "stats: a new object for each call",
    () => {
      const cache = createHdrImageTransferCache();
      const before = cache.stats();
      convert(cache, "image", 6 * 256 * 256);
      const { conversionMs, ...after } = cache.stats();
      assert.ok(conversionMs > 0);
      const counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0 };
      const now = { entries: 0, bytesUsed: 0, maxEntries: 16, maxBytes: 200 * MIB };
      assert.deepEqual(before, { ...counters, conversionMs: 0, ...now });
      assert.deepEqual(after, { ...counters, misses: 1, ...now, entries: 1, bytesUsed: 6 * 256 * 256 });
      convert(cache, "image", 6 * 256 * 256);
      assert.equal(cache.stats().conversionMs, conversionMs);
    },
  ],
  [
    "conversionMs: the time that cache misses take, in milliseconds",
    () => {
      const cache = createHdrImageTransferCache(0);
      const source = Buffer.alloc(6 * MIB);
      const start = performance.now();
      for (let miss = 0; miss < 20; miss++) cache.getConverted("image", "pq", "hlg", source);
      const ms = performance.now() - start;
      const ratio = cache.stats().conversionMs / ms;
      assert.ok(ratio > 0.5 && ratio <= 1, `${ratio}`);
    },
  ],
  [
    "conversionMs: not the time before a cache miss whose cached Buffer was detached",
    async () => {
      const cache = createHdrImageTransferCache();
      const { buffer } = convert(cache, "image", 600);
      structuredClone(buffer, { transfer: [buffer] });
      await new Promise((done) => setTimeout(done, 20));
      const [before, start] = [cache.stats().conversionMs, performance.now()];
      convert(cache, "image", 600);
      assert.ok(cache.stats().conversionMs - before <= performance.now() - start);
    },
  ],
  ...[
    [{}, 0],
    [{ maxEntries: 1000 }, 99_000],
  ].map((/** @type {any[]} */ [given, evicted]) => [
    `100000 images, limits ${JSON.stringify(given)}`,
    () => {
      const cache = createHdrImageTransferCache(given);
      const source = image(6);
      const convertFrom = (first) => {
        for (let id = first; id < 100_000; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
      };
      convertFrom(0);
      const entries = 100_000 - evicted;
      assertStats(cache, { hits: 0, evictions: evicted, entries, bytesUsed: 6 * entries });
      convertFrom(evicted);
      assertStats(cache, { hits: entries, misses: 100_000, entries });
    },
  ]),
  ...[
    ["1920x1080", 1920 * 1080 * 6, 16],
    ["3840x2160", 3840 * 2160 * 6, 4],
  ].map((/** @type {any[]} */ [size, byteLength, fit]) => [
    `by default, ${fit} images of ${size} fit`,
    () => {
      const cache = createHdrImageTransferCache();
      const source = Buffer.alloc(byteLength);
      for (let id = 0; id < fit; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
      assertStats(cache, { evictions: 0, entries: fit });
      cache.getConverted("another", "pq", "hlg", source);
      assertStats(cache, { evictions: 1, entries: fit, bytesUsed: fit * byteLength });
    },
  ]),
];

function convert(cache, id, byteLength) {
  return cache.getConverted(id, "pq", "hlg", image(byteLength));
}

/** The ids of cached images. Removes them from the cache. */
function deleteAll(cache, ids) {
  return ids.filter((id) => cache.delete(id));
}

function assertStats(cache, expected) {
  const stats = cache.stats();
  for (const [name, value] of Object.entries(expected)) assert.equal(stats[name], value, name);
}
