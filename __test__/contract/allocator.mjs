// No memory for a result, and an allocator of Buffers that somebody replaced: the cache stays as it was.

import assert from "node:assert/strict";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, detached, image } from "./images.mjs";

const NO_MEMORY = {
  name: "Error",
  code: "ERR_MEMORY_ALLOCATION_FAILED",
  message: "getConverted: no memory for the converted image of 600 bytes",
};
const REPLACED = {
  name: "Error",
  code: "ERR_INVALID_STATE",
  message: "getConverted: Buffer.allocUnsafeSlow was replaced; it must give a new Buffer and do no more",
};

const { allocUnsafeSlow } = Buffer;

/** What the allocator does with the source and the length, and what then is thrown. */
const failures = [
  ["throws, as where there is no memory", throwNoMemory, NO_MEMORY],
  ["gives the source", (bytes) => bytes, REPLACED],
  ["gives a part of the source's memory", ({ buffer }) => new Uint8Array(buffer, 0, 594), REPLACED],
  ["gives too little", () => Buffer.alloc(598), REPLACED],
  ["gives too much", () => Buffer.alloc(602), REPLACED],
  ["gives another typed array", () => new Uint16Array(300), REPLACED],
  ["gives what is none", () => "600", REPLACED],
  ["gives a detached Buffer", detached, REPLACED],
  [
    "gives a right Buffer, but shrinks the source",
    ({ buffer }, byteLength) => {
      buffer.resize(6);
      return allocUnsafeSlow(byteLength);
    },
    REPLACED,
  ],
];

export const cases = [
  ...failures.map(([what, allocate, expected]) => [
    `the allocator ${what}`,
    () => {
      const cache = createHdrImageTransferCache();
      const kept = cache.getConverted("kept", "pq", "hlg", image(12));
      const before = cache.stats();
      const source = new Uint8Array(new ArrayBuffer(600, { maxByteLength: 600 }));
      source.set(image(600));
      const request = () => cache.getConverted("image", "pq", "hlg", source);
      Buffer.allocUnsafeSlow = (byteLength) => allocate(source, byteLength);
      assert.throws(request, expected);
      Buffer.allocUnsafeSlow = allocUnsafeSlow;
      assert.deepEqual(cache.stats(), before);
      assert.equal(cache.getConverted("kept", "pq", "hlg", image(12)), kept);
      assert.deepEqual(Buffer.from(source), image(600).subarray(0, source.length));
      assert.deepEqual(request(), convertedCopy(source, "pq", "hlg"));
    },
  ]),
  [
    "the allocator throws something else: it comes through",
    () => {
      const cyclic = new Error("cyclic");
      cyclic.cause = cyclic;
      const cache = createHdrImageTransferCache();
      for (const mine of [new Error("mine"), "mine", null, cyclic]) {
        Buffer.allocUnsafeSlow = () => {
          throw mine;
        };
        assert.throws(
          () => cache.getConverted("image", "pq", "hlg", image(600)),
          (thrown) => thrown === mine,
        );
      }
    },
  ],
  [
    "the allocator uses the cache",
    () => {
      const cache = createHdrImageTransferCache(1);
      const source = image(600);
      Buffer.allocUnsafeSlow = (byteLength) => {
        Buffer.allocUnsafeSlow = allocUnsafeSlow;
        cache.getConverted("another image with a long name", "pq", "hlg", source);
        cache.clear();
        cache.getConverted("image", "hlg", "pq", source);
        return allocUnsafeSlow(byteLength);
      };
      const converted = cache.getConverted("image", "pq", "hlg", source);
      assert.deepEqual(converted, convertedCopy(source, "pq", "hlg"));
      const { misses, evictions, entries } = cache.stats();
      assert.deepEqual({ misses, evictions, entries }, { misses: 3, evictions: 1, entries: 1 });
    },
  ],
].map(([name, body]) => [name, () => withAllocatorRestored(body)]);

function withAllocatorRestored(body) {
  try {
    body();
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  }
}

function throwNoMemory() {
  throw new RangeError("Array buffer allocation failed");
}
