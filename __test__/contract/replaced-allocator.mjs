// A process of its own for processes.mjs: Buffer.allocUnsafeSlow is replaced before the addon is loaded.

import assert from "node:assert/strict";

const { allocUnsafeSlow } = Buffer;
let allocate = allocUnsafeSlow;
Buffer.allocUnsafeSlow = (byteLength) => allocate(byteLength);

const { createHdrImageTransferCache } = await import("hdr-image-transfer-cache");
const { convertedCopy, detached, image, thrownBy } = await import("./images.mjs");

const REPLACED = {
  name: "Error",
  message:
    "internal error, please report it: Buffer.allocUnsafeSlow was replaced, and returned no new Buffer",
};
const NO_MEMORY = {
  name: "Error",
  code: "ERR_MEMORY_ALLOCATION_FAILED",
  message: "getConverted: no memory for the converted image of 600 bytes",
};

function throwing(error) {
  return () => {
    throw error;
  };
}

/** What the function does with the source and the length, and the error of the call. */
const failures = [
  ["returns a number", (_, byteLength) => byteLength, REPLACED],
  ["returns null", () => null, REPLACED],
  ["returns a symbol", () => Symbol("buffer"), REPLACED],
  ["returns a promise", async (_, byteLength) => Buffer.alloc(byteLength), REPLACED],
  ["returns a proxy", (_, byteLength) => new Proxy(Buffer.alloc(byteLength), {}), REPLACED],
  ["returns too short a Buffer", () => Buffer.alloc(598), REPLACED],
  ["returns too long a Buffer", () => Buffer.alloc(602), REPLACED],
  ["returns another typed array", () => new Uint16Array(300), REPLACED],
  ["returns a detached Buffer", detached, REPLACED],
  ["returns the source", (source) => source, REPLACED],
  ["returns a Buffer over half of the source", ({ buffer }) => new Uint8Array(buffer, 300, 600), REPLACED],
  ["returns a Buffer over a SharedArrayBuffer", () => new Uint8Array(new SharedArrayBuffer(600)), REPLACED],
  [
    "detaches the source",
    ({ buffer }, byteLength) => {
      structuredClone(buffer, { transfer: [buffer] });
      return allocUnsafeSlow(byteLength);
    },
    REPLACED,
  ],
  [
    "shrinks the source",
    ({ buffer }, byteLength) => {
      buffer.resize(6);
      return allocUnsafeSlow(byteLength);
    },
    REPLACED,
  ],
  [
    "throws because there is no memory",
    throwing(new RangeError("Array buffer allocation failed")),
    NO_MEMORY,
  ],
  ...[new Error("other"), "other", null, new RangeError("Maximum call stack size exceeded")].map((error) => [
    `throws ${error}`,
    throwing(error),
    error,
  ]),
];

/** Makes "image" another one that is cached, so that it is a cache miss nevertheless. */
const earlier = {
  "not cached": () => {},
  "of another byteLength": (cache) => cache.getConverted("image", "pq", "hlg", image(6)),
  detached(cache) {
    const { buffer } = cache.getConverted("image", "pq", "hlg", image(600, 2));
    structuredClone(buffer, { transfer: [buffer] });
  },
};

for (const [state, prepare] of Object.entries(earlier)) {
  for (const [behaviour, allocateFor, expected] of failures) {
    assertFails(`${behaviour}, the image is ${state}`, prepare, allocateFor, expected);
  }
}

/** Asserts that a cache miss fails, and changes neither the source nor the cache. */
function assertFails(name, prepare, allocateFor, expected) {
  const cache = createHdrImageTransferCache(2);
  prepare(cache);
  const entries = cache.size();
  const cached = cache.getConverted("cached", "pq", "hlg", image(12));
  const before = cache.stats();
  // Resizable, with memory after the image.
  const source = /** @type {any} */ (
    new Uint8Array(Reflect.construct(ArrayBuffer, [900, { maxByteLength: 900 }]), 0, 600)
  );
  source.set(image(600));
  allocate = (byteLength) => allocateFor(source, byteLength);
  const error = thrownBy(() => cache.getConverted("image", "pq", "hlg", source));
  allocate = allocUnsafeSlow;
  if (expected === REPLACED || expected === NO_MEMORY) {
    for (const [key, value] of Object.entries(expected)) assert.equal(error[key], value, name);
  } else {
    assert.equal(error, expected, name);
  }
  assert.deepEqual(cache.stats(), before, name);
  if (source.length > 0) assert.deepEqual(Buffer.from(source), image(600), name);
  // Their order is the same, too: the next image evicts the earlier one.
  cache.getConverted("another", "pq", "hlg", image(12));
  assert.equal(cache.stats().evictions, entries, name);
  assert.equal(cache.delete("image"), false, name);
  assert.equal(cache.getConverted("cached", "pq", "hlg", image(12)), cached, name);
  const converted = cache.getConverted("image", "pq", "hlg", image(600));
  assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"), name);
}

// It uses the cache while that allocates.
{
  const cache = createHdrImageTransferCache(1);
  const source = image(600);
  allocate = (byteLength) => {
    allocate = allocUnsafeSlow;
    cache.getConverted("another image with a long name", "pq", "hlg", source);
    cache.clear();
    cache.getConverted("image", "hlg", "pq", source);
    return allocUnsafeSlow(byteLength);
  };
  assert.deepEqual(cache.getConverted("image", "pq", "hlg", source), convertedCopy(source, "pq", "hlg"));
  const { misses, evictions, entries } = cache.stats();
  assert.deepEqual({ misses, evictions, entries }, { misses: 3, evictions: 1, entries: 1 });
}

// The source grows while the new Buffer is allocated. Another thread may do that with shared memory at any time.
for (const [Memory, grow] of /** @type {any[][]} */ ([
  [ArrayBuffer, "resize"],
  [SharedArrayBuffer, "grow"],
])) {
  const source = /** @type {any} */ (new Uint8Array(new Memory(600, { maxByteLength: 1200 })));
  source.set(image(600));
  allocate = (byteLength) => {
    source.buffer[grow](1200);
    return allocUnsafeSlow(byteLength);
  };
  const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
  assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
}

// It asks for the same image, without end.
{
  const cache = createHdrImageTransferCache();
  const getConverted = () => cache.getConverted("image", "pq", "hlg", image(12));
  allocate = /** @type {any} */ (getConverted);
  const error = thrownBy(getConverted);
  allocate = allocUnsafeSlow;
  assert.ok(error instanceof RangeError);
  assert.deepEqual([cache.stats().misses, cache.size()], [0, 0]);
}
