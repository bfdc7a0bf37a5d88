// No memory for a result, and an allocator of Buffers that somebody replaced: the cache stays as it was.

import assert from "node:assert/strict";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { detached, image } from "./images.mjs";

const NO_MEMORY = [
  "ERR_MEMORY_ALLOCATION_FAILED",
  "getConverted: no memory for the converted image of 600 bytes",
];
const REPLACED = [
  "ERR_INVALID_STATE",
  "getConverted: Buffer.allocUnsafeSlow was replaced; it must give a new Buffer and do no more",
];

const source = image(600);

const throwRangeError = () => {
  throw new RangeError("Array buffer allocation failed");
};

export const cases = [
  // What the allocator throws where there is none.
  ["no memory for the result", throwRangeError, NO_MEMORY],
  ["the allocator gives the source", () => source, REPLACED],
  ["the allocator gives too little", () => Buffer.alloc(598), REPLACED],
  ["the allocator gives too much", () => Buffer.alloc(602), REPLACED],
  ["the allocator gives another typed array", () => new Uint16Array(300), REPLACED],
  ["the allocator gives a detached Buffer", detached, REPLACED],
].map(([name, allocate, [code, message]]) => [
  name,
  () => {
    const cache = createHdrImageTransferCache();
    const kept = cache.getConverted("kept", "pq", "hlg", source);
    const before = cache.stats();
    assert.throws(() => withAllocator(allocate, () => cache.getConverted("image", "pq", "hlg", source)), {
      name: "Error",
      code,
      message,
    });
    assert.deepEqual(source, image(600));
    assert.deepEqual(cache.stats(), before);
    assert.equal(cache.getConverted("kept", "pq", "hlg", source), kept);
    assert.equal(cache.getConverted("image", "pq", "hlg", source).length, 600);
  },
]);

function withAllocator(allocate, body) {
  const { allocUnsafeSlow } = Buffer;
  Buffer.allocUnsafeSlow = allocate;
  try {
    return body();
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  }
}
