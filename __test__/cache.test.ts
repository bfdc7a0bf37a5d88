import { createHdrImageTransferCache, type HdrImageTransferCache } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

const MIB = 2 ** 20;
const BYTES_1080P = 1920 * 1080 * 6;
const BYTES_4K = 3840 * 2160 * 6;
const BYTES_8K = 7680 * 4320 * 6;

/** Whether a request is answered with a kept Buffer; if not, it is kept from now on. */
function hits(cache: HdrImageTransferCache, imageId: string, source: Buffer): boolean {
  const before = cache.stats().hits;
  cache.getConverted(imageId, "pq", "hlg", source);
  return cache.stats().hits > before;
}

describe("equal transfers", () => {
  test.each(["pq", "hlg"] as const)("%s: the very source, nothing kept", (transfer) => {
    const cache = createHdrImageTransferCache();
    const source = image(12);
    expect(cache.getConverted("image", transfer, transfer, source)).toBe(source);
    expect(source).toEqual(image(12));
    expect(cache.size()).toBe(0);
    expect(cache.bytesUsed()).toBe(0);
    expect(cache.stats()).toMatchObject({ passthroughs: 1, hits: 0, misses: 0 });
  });

  test("a kept image of that id is neither given nor touched", () => {
    const cache = createHdrImageTransferCache();
    const source = image(12);
    const kept = cache.getConverted("image", "pq", "hlg", source);
    expect(cache.getConverted("image", "hlg", "hlg", source)).toBe(source);
    expect(cache.getConverted("image", "pq", "hlg", source)).toBe(kept);
  });
});

describe("hits and misses", () => {
  test("the first request converts, later ones give the same Buffer", () => {
    const cache = createHdrImageTransferCache();
    const source = image(600);
    const first = cache.getConverted("image", "pq", "hlg", source);
    expect(Buffer.isBuffer(first)).toBe(true);
    expect(first).not.toBe(source);
    expect(first).toEqual(convertedCopy(image(600), "pq", "hlg"));
    expect(cache.getConverted("image", "pq", "hlg", source)).toBe(first);
    expect(cache.getConverted("image", "pq", "hlg", image(600, 2))).toBe(first);
    expect(cache.size()).toBe(1);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 1 });
  });

  test("each image has its own", () => {
    const cache = createHdrImageTransferCache();
    const a = cache.getConverted("a", "pq", "hlg", image(12, 1));
    const b = cache.getConverted("b", "pq", "hlg", image(12, 2));
    expect(a).not.toBe(b);
    expect(a).toEqual(convertedCopy(image(12, 1), "pq", "hlg"));
    expect(b).toEqual(convertedCopy(image(12, 2), "pq", "hlg"));
    expect(cache.size()).toBe(2);
  });

  test("each target has its own", () => {
    const cache = createHdrImageTransferCache();
    const hlg = cache.getConverted("image", "pq", "hlg", image(12));
    const pq = cache.getConverted("image", "hlg", "pq", image(12));
    expect(hlg).toEqual(convertedCopy(image(12), "pq", "hlg"));
    expect(pq).toEqual(convertedCopy(image(12), "hlg", "pq"));
    expect(cache.getConverted("image", "pq", "hlg", image(12))).toBe(hlg);
    expect(cache.getConverted("image", "hlg", "pq", image(12))).toBe(pq);
    expect(cache.size()).toBe(2);
  });

  test("each cache has its own", () => {
    const one = createHdrImageTransferCache();
    const other = createHdrImageTransferCache();
    const converted = one.getConverted("image", "pq", "hlg", image(12));
    expect(other.size()).toBe(0);
    expect(other.getConverted("image", "pq", "hlg", image(12))).not.toBe(converted);
  });

  test("an empty image", () => {
    const cache = createHdrImageTransferCache();
    const empty = cache.getConverted("empty", "pq", "hlg", Buffer.alloc(0));
    expect(empty).toHaveLength(0);
    expect(cache.getConverted("empty", "pq", "hlg", Buffer.alloc(0))).toBe(empty);
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 0]);
  });

  test("another byteLength is another image, in the place of the first", () => {
    const cache = createHdrImageTransferCache();
    const small = cache.getConverted("image", "pq", "hlg", image(12));
    const large = cache.getConverted("image", "pq", "hlg", image(600));
    expect(large).toEqual(convertedCopy(image(600), "pq", "hlg"));
    expect(small).toEqual(convertedCopy(image(12), "pq", "hlg"));
    expect(cache.getConverted("image", "pq", "hlg", image(600))).toBe(large);
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 600]);
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2, evictions: 0 });
  });

  test.each([0, 600])(
    "a kept Buffer of %d bytes that was transferred away is not given again",
    (byteLength) => {
      const cache = createHdrImageTransferCache();
      const first = cache.getConverted("image", "pq", "hlg", image(byteLength));
      structuredClone(first.buffer, { transfer: [first.buffer as ArrayBuffer] });
      const second = cache.getConverted("image", "pq", "hlg", image(byteLength));
      // Not `expect(…).not.toBe(first)`, which would look into it.
      expect(second === first).toBe(false);
      expect(second).toEqual(convertedCopy(image(byteLength), "pq", "hlg"));
      expect(cache.getConverted("image", "pq", "hlg", image(byteLength))).toBe(second);
      expect([cache.size(), cache.bytesUsed()]).toEqual([1, byteLength]);
    },
  );
});

describe("image ids", () => {
  // Each is another string, and would be the same as one before it if ids were read carelessly:
  // as UTF-8, up to a NUL, up to some length, or joined with the target.
  const ids = [
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

  test("no two are taken for each other", () => {
    const cache = createHdrImageTransferCache({});
    const kept = ids.map((id, seed) => cache.getConverted(id, "pq", "hlg", image(12, seed)));
    const keptForPq = ids.map((id, seed) => cache.getConverted(id, "hlg", "pq", image(12, seed)));
    expect(cache.size()).toBe(2 * ids.length);
    for (const [at, id] of ids.entries()) {
      // A new string, put together at run time.
      const again = id.split("").join("");
      expect(cache.getConverted(again, "pq", "hlg", image(12))).toBe(kept[at]);
      expect(cache.getConverted(again, "hlg", "pq", image(12))).toBe(keptForPq[at]);
    }
    for (const id of ids) expect(cache.delete(id)).toBe(true);
    expect(cache.size()).toBe(0);
  });
});

describe("the source", () => {
  test.each([
    ["kept", undefined],
    ["not kept", 0],
  ])("is not written when the image is %s", (_, limit) => {
    const cache = createHdrImageTransferCache(limit);
    const source = image(600);
    for (let request = 0; request < 3; request++) {
      const converted = cache.getConverted("image", "pq", "hlg", source);
      expect(source).toEqual(image(600));
      expect(converted.buffer).not.toBe(source.buffer);
    }
  });

  test("may be reused: the converted image is independent of it", () => {
    const cache = createHdrImageTransferCache();
    const source = image(600);
    const converted = cache.getConverted("image", "pq", "hlg", source);
    source.fill(0xff);
    expect(converted).toEqual(convertedCopy(image(600), "pq", "hlg"));
    expect(cache.getConverted("image", "pq", "hlg", source)).toBe(converted);
    expect(converted).toEqual(convertedCopy(image(600), "pq", "hlg"));
  });
});

describe("the limit on the number of images", () => {
  test("evicts the least recently used", () => {
    const cache = createHdrImageTransferCache(2);
    const source = image(12);
    hits(cache, "a", source);
    hits(cache, "b", source);
    hits(cache, "c", source);
    expect(cache.size()).toBe(2);
    expect(hits(cache, "c", source)).toBe(true);
    expect(hits(cache, "b", source)).toBe(true);
    expect(hits(cache, "a", source)).toBe(false);
    expect(cache.stats()).toMatchObject({ evictions: 2, entries: 2, maxEntries: 2 });
  });

  test("a hit makes an image the most recently used", () => {
    const cache = createHdrImageTransferCache({ maxEntries: 2 });
    const source = image(12);
    hits(cache, "a", source);
    hits(cache, "b", source);
    expect(hits(cache, "a", source)).toBe(true);
    hits(cache, "c", source);
    expect(hits(cache, "a", source)).toBe(true);
    expect(hits(cache, "b", source)).toBe(false);
  });

  test("a passthrough does not", () => {
    const cache = createHdrImageTransferCache(2);
    const source = image(12);
    hits(cache, "a", source);
    hits(cache, "b", source);
    cache.getConverted("a", "pq", "pq", source);
    hits(cache, "c", source);
    expect(hits(cache, "b", source)).toBe(true);
    expect(hits(cache, "a", source)).toBe(false);
  });

  test("one", () => {
    const cache = createHdrImageTransferCache(1);
    const source = image(12);
    expect([hits(cache, "a", source), hits(cache, "a", source)]).toEqual([false, true]);
    expect([hits(cache, "b", source), hits(cache, "a", source)]).toEqual([false, false]);
    expect(cache.size()).toBe(1);
  });
});

describe("the limit on bytes", () => {
  test("evicts the least recently used", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 300 });
    for (const id of ["a", "b", "c"]) hits(cache, id, image(100));
    expect([cache.size(), cache.bytesUsed()]).toEqual([3, 300]);
    hits(cache, "d", image(2));
    expect([cache.size(), cache.bytesUsed()]).toEqual([3, 202]);
    expect(hits(cache, "b", image(100))).toBe(true);
    expect(hits(cache, "c", image(100))).toBe(true);
    expect(hits(cache, "d", image(2))).toBe(true);
    expect(cache.stats()).toMatchObject({
      evictions: 1,
      bytesUsed: 202,
      maxBytes: 300,
      maxEntries: Infinity,
    });
  });

  test("a hit makes an image the most recently used", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 200 });
    hits(cache, "a", image(100));
    hits(cache, "b", image(100));
    hits(cache, "a", image(100));
    hits(cache, "c", image(100));
    expect(hits(cache, "a", image(100))).toBe(true);
    expect(hits(cache, "b", image(100))).toBe(false);
  });

  test("a large image takes the place of several", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 400 });
    for (const id of ["a", "b", "c", "d"]) hits(cache, id, image(100));
    hits(cache, "large", image(250));
    expect([cache.size(), cache.bytesUsed()]).toEqual([2, 350]);
    expect(cache.stats().evictions).toBe(3);
    expect(hits(cache, "d", image(100))).toBe(true);
    expect(hits(cache, "large", image(250))).toBe(true);
  });

  test("an image as large as the limit is kept alone", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 400 });
    hits(cache, "a", image(100));
    hits(cache, "large", image(400));
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 400]);
    expect(hits(cache, "large", image(400))).toBe(true);
  });

  test("an image larger than the limit is converted, not kept, and nothing goes for it", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 400 });
    hits(cache, "a", image(100));
    const first = cache.getConverted("large", "pq", "hlg", image(402));
    const second = cache.getConverted("large", "pq", "hlg", image(402));
    expect(first).toEqual(convertedCopy(image(402), "pq", "hlg"));
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 100]);
    expect(cache.stats()).toMatchObject({ misses: 3, evictions: 0 });
    expect(hits(cache, "a", image(100))).toBe(true);
  });

  test("an image that grows makes room as the others do", () => {
    const cache = createHdrImageTransferCache({ maxBytes: 300 });
    for (const id of ["a", "b", "c"]) hits(cache, id, image(100));
    hits(cache, "c", image(200));
    expect([cache.size(), cache.bytesUsed()]).toEqual([2, 300]);
    expect(hits(cache, "b", image(100))).toBe(true);
    // Too large to keep now: the one kept before would be the wrong image.
    expect(hits(cache, "c", image(400))).toBe(false);
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 100]);
  });

  test("both limits hold together", () => {
    const cache = createHdrImageTransferCache({ maxEntries: 3, maxBytes: 250 });
    for (const id of ["a", "b", "c", "d"]) hits(cache, id, image(10));
    expect([cache.size(), cache.bytesUsed()]).toEqual([3, 30]);
    hits(cache, "e", image(240));
    expect([cache.size(), cache.bytesUsed()]).toEqual([2, 250]);
  });
});

describe("a limit of zero", () => {
  test.each([
    ["0", 0],
    ["maxEntries: 0", { maxEntries: 0 }],
    ["maxBytes: 0", { maxBytes: 0 }],
    ["maxEntries: 0, maxBytes: 0", { maxEntries: 0, maxBytes: 0 }],
    ["maxEntries: -0", { maxEntries: -0 }],
  ])("%s: every call gives a new, right Buffer", (_, limits) => {
    const cache = createHdrImageTransferCache(limits);
    const buffers = [1, 2, 3].map(() => cache.getConverted("image", "pq", "hlg", image(600)));
    expect(new Set(buffers).size).toBe(3);
    for (const buffer of buffers) expect(buffer).toEqual(convertedCopy(image(600), "pq", "hlg"));
    // Nor is an image kept that would need no room.
    cache.getConverted("empty", "pq", "hlg", Buffer.alloc(0));
    expect([cache.size(), cache.bytesUsed()]).toEqual([0, 0]);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 4, evictions: 0 });
    const source = image(12);
    expect(cache.getConverted("image", "pq", "pq", source)).toBe(source);
  });
});

describe("defaults", () => {
  test.each([
    ["no limits", undefined, 16, 200 * MIB],
    ["null", null, 16, 200 * MIB],
    ["a number", 3, 3, 200 * MIB],
    ["no options", {}, Infinity, 200 * MIB],
    ["only maxEntries", { maxEntries: 3 }, 3, 200 * MIB],
    ["only maxBytes", { maxBytes: 1000 }, Infinity, 1000],
    ["undefined", { maxEntries: undefined, maxBytes: undefined }, Infinity, 200 * MIB],
    ["null", { maxEntries: null, maxBytes: null }, Infinity, 200 * MIB],
    ["large ones", { maxEntries: 2 ** 53 - 1, maxBytes: 2 ** 53 - 1 }, 2 ** 53 - 1, 2 ** 53 - 1],
    ["inherited ones", Object.create({ maxEntries: 2 }), 2, 200 * MIB],
  ])("%s", (_, limits, maxEntries, maxBytes) => {
    expect(createHdrImageTransferCache(limits).stats()).toMatchObject({ maxEntries, maxBytes });
  });

  test("16 entries", () => {
    const cache = createHdrImageTransferCache();
    for (let id = 0; id < 17; id++) hits(cache, `${id}`, image(12));
    expect(cache.size()).toBe(16);
    expect(hits(cache, "0", image(12))).toBe(false);
  });

  test("options without maxEntries keep as many as there is room for", () => {
    const cache = createHdrImageTransferCache({});
    for (let id = 0; id < 1000; id++) hits(cache, `${id}`, image(12));
    expect(cache.size()).toBe(1000);
  });

  test.each([
    ["1080p", BYTES_1080P, 16],
    ["4K", BYTES_4K, 4],
    ["8K", BYTES_8K, 1],
  ])("%s images: %d bytes each, %d fit", (_, byteLength, fit) => {
    const cache = createHdrImageTransferCache();
    const source = Buffer.alloc(byteLength);
    for (let id = 0; id < fit; id++) hits(cache, `${id}`, source);
    expect([cache.size(), cache.bytesUsed()]).toEqual([fit, fit * byteLength]);
    expect(cache.stats().evictions).toBe(0);
    hits(cache, "one more", source);
    expect([cache.size(), cache.bytesUsed()]).toEqual([fit, fit * byteLength]);
    expect(cache.stats().evictions).toBe(1);
  });
});

describe("delete and clear", () => {
  test("delete lets both targets of an image go, and no other image", () => {
    const cache = createHdrImageTransferCache();
    const converted = cache.getConverted("a", "pq", "hlg", image(12));
    cache.getConverted("a", "hlg", "pq", image(12));
    cache.getConverted("b", "hlg", "pq", image(600));
    expect(cache.delete("a")).toBe(true);
    expect([cache.size(), cache.bytesUsed()]).toEqual([1, 600]);
    expect(cache.delete("a")).toBe(false);
    expect(cache.delete("no such image")).toBe(false);
    expect(converted).toEqual(convertedCopy(image(12), "pq", "hlg"));
    expect(cache.getConverted("a", "pq", "hlg", image(12))).not.toBe(converted);
    expect(cache.stats().evictions).toBe(0);
  });

  test("clear lets all go, and the counters go on", () => {
    const cache = createHdrImageTransferCache();
    const converted = cache.getConverted("a", "pq", "hlg", image(12));
    cache.getConverted("b", "pq", "hlg", image(12));
    expect(cache.clear()).toBeUndefined();
    expect([cache.size(), cache.bytesUsed()]).toEqual([0, 0]);
    expect(converted).toEqual(convertedCopy(image(12), "pq", "hlg"));
    expect(cache.getConverted("a", "pq", "hlg", image(12))).not.toBe(converted);
    expect(cache.stats()).toMatchObject({ misses: 3, evictions: 0, entries: 1 });
  });

  test("evicted Buffers stay as they are", () => {
    const cache = createHdrImageTransferCache(1);
    const evicted = cache.getConverted("a", "pq", "hlg", image(600, 1));
    for (let id = 0; id < 100; id++) cache.getConverted(`${id}`, "pq", "hlg", image(600, id));
    expect(evicted).toEqual(convertedCopy(image(600, 1), "pq", "hlg"));
  });
});

describe("the object", () => {
  test("its functions need no this", () => {
    const { getConverted, size, bytesUsed, stats, delete: remove, clear } = createHdrImageTransferCache();
    const converted = getConverted("image", "pq", "hlg", image(12));
    expect(getConverted.call({}, "image", "pq", "hlg", image(12))).toBe(converted);
    expect([size(), bytesUsed(), stats().hits]).toEqual([1, 12, 1]);
    expect(remove("image")).toBe(true);
    clear();
    expect(size()).toBe(0);
  });

  test("its functions outlive it", () => {
    const cacheOf = () => {
      const { getConverted, size } = createHdrImageTransferCache();
      getConverted("image", "pq", "hlg", image(12));
      return size;
    };
    const size = cacheOf();
    global.gc!();
    expect(size()).toBe(1);
  });

  test("it can be spied on, as a plain object", () => {
    const cache = createHdrImageTransferCache();
    expect(Object.keys(cache)).toEqual(["getConverted", "size", "bytesUsed", "stats", "delete", "clear"]);
    expect(Object.values(Object.getOwnPropertyDescriptors(cache)).every((it) => it.writable)).toBe(true);
    expect(cache.getConverted.name).toBe("getConverted");
  });

  test("more arguments than there are do no harm", () => {
    const cache = createHdrImageTransferCache();
    const getConverted = cache.getConverted as (...all: unknown[]) => Buffer;
    expect(getConverted("image", "pq", "hlg", image(12), "more", 1, {})).toEqual(
      convertedCopy(image(12), "pq", "hlg"),
    );
  });

  test("stats is a new object each time, of numbers", () => {
    const cache = createHdrImageTransferCache();
    const before = cache.stats();
    expect(before).toEqual({
      hits: 0,
      misses: 0,
      evictions: 0,
      passthroughs: 0,
      conversionMs: 0,
      entries: 0,
      bytesUsed: 0,
      maxEntries: 16,
      maxBytes: 200 * MIB,
    });
    cache.getConverted("image", "pq", "hlg", Buffer.alloc(6 * 256 * 256));
    expect(before.misses).toBe(0);
    const { conversionMs } = cache.stats();
    expect(conversionMs).toBeGreaterThan(0);
    cache.getConverted("image", "pq", "hlg", Buffer.alloc(6 * 256 * 256));
    expect(cache.stats().conversionMs).toBe(conversionMs);
  });
});
