// Cache misses whose new Buffer cannot be allocated, or that get something else.

import assert from "node:assert/strict";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { allocUnsafeSlow, hooks, withAllocator } from "./hooks.mjs";
import { convertedCopy, detached, image, thrownBy } from "./images.mjs";

const MESSAGE =
  "internal error, please report it: Buffer.allocUnsafeSlow was replaced, and returned no new Buffer";
const REPLACED = { name: "Error", code: undefined, message: MESSAGE };
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

/** What the function does with the source and the length, and the error of the call. @type {any[][]} */
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

/** What is cached as "image", which is a cache miss nevertheless. */
const earlier = {
  "not cached": () => {},
  "of another byteLength": (cache) => cache.getConverted("image", "pq", "hlg", image(6)),
  detached(cache) {
    const { buffer } = cache.getConverted("image", "pq", "hlg", image(600, 2));
    structuredClone(buffer, { transfer: [buffer] });
  },
};

export const cases = [
  ...Object.keys(earlier).flatMap((state) =>
    failures.map(([behaviour, allocate, expected]) => [
      `Buffer.allocUnsafeSlow ${behaviour}, the image is ${state}`,
      () => assertFails(state, allocate, expected),
    ]),
  ),
  ...[
    ["another typed array", () => new Uint16Array(0)],
    ["the source", (source) => source],
  ].map((/** @type {any[]} */ [what, allocate]) => [
    `Buffer.allocUnsafeSlow returns ${what}, the image is empty`,
    () => assertFails("not cached", allocate, REPLACED, 0),
  ]),
  [
    "Buffer.allocUnsafeSlow uses the cache",
    () => {
      const cache = createHdrImageTransferCache(1);
      const source = image(600);
      const allocate = (byteLength) => {
        hooks.allocate = allocUnsafeSlow;
        cache.getConverted("another image with a long name", "pq", "hlg", source);
        cache.clear();
        cache.getConverted("image", "hlg", "pq", source);
        return allocUnsafeSlow(byteLength);
      };
      const converted = withAllocator(allocate, () => cache.getConverted("image", "pq", "hlg", source));
      assert.deepEqual(converted, convertedCopy(source, "pq", "hlg"));
      const { misses, evictions, entries } = cache.stats();
      assert.deepEqual({ misses, evictions, entries }, { misses: 3, evictions: 1, entries: 1 });
    },
  ],
  // Another thread may grow shared memory at any time.
  .../** @type {any[][]} */ ([
    [ArrayBuffer, "resize"],
    [SharedArrayBuffer, "grow"],
  ]).map(([Memory, grow]) => [
    `Buffer.allocUnsafeSlow grows the ${Memory.name} of the source`,
    () => {
      const source = /** @type {any} */ (new Uint8Array(new Memory(600, { maxByteLength: 1200 })));
      source.set(image(600));
      const allocate = (byteLength) => {
        source.buffer[grow](1200);
        return allocUnsafeSlow(byteLength);
      };
      const cache = createHdrImageTransferCache();
      const converted = withAllocator(allocate, () => cache.getConverted("image", "pq", "hlg", source));
      assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
    },
  ]),
  [
    "Buffer.allocUnsafeSlow asks for the same image, without end",
    () => {
      const cache = createHdrImageTransferCache();
      const getConverted = () => cache.getConverted("image", "pq", "hlg", image(12));
      const error = withAllocator(getConverted, () => thrownBy(getConverted));
      assert.ok(error instanceof RangeError);
      assert.deepEqual([cache.stats().misses, cache.size()], [0, 0]);
    },
  ],
  [
    "conversionMs includes the time to allocate",
    () => {
      const cache = createHdrImageTransferCache();
      const allocate = (byteLength) => {
        const start = performance.now();
        while (performance.now() - start < 20);
        return allocUnsafeSlow(byteLength);
      };
      withAllocator(allocate, () => cache.getConverted("image", "pq", "hlg", image(12)));
      assert.ok(cache.stats().conversionMs >= 20);
    },
  ],
];

/** Asserts that a cache miss fails, and changes nothing except that it removes a detached image. */
function assertFails(state, allocate, expected, byteLength = 600) {
  const cache = createHdrImageTransferCache(2);
  earlier[state](cache);
  const cached = cache.getConverted("cached", "pq", "hlg", image(12));
  const before = cache.stats();
  const removed = state === "detached" ? { entries: 1, bytesUsed: 12 } : {};
  // Resizable, with memory after the image.
  const source = /** @type {any} */ (
    new Uint8Array(Reflect.construct(ArrayBuffer, [900, { maxByteLength: 900 }]), 0, byteLength)
  );
  source.set(image(byteLength));
  const convert = () => cache.getConverted("image", "pq", "hlg", source);
  assertThrown(
    withAllocator(
      () => allocate(source, byteLength),
      () => thrownBy(convert),
    ),
    expected,
  );
  assert.deepEqual(cache.stats(), { ...before, ...removed });
  if (source.length > 0) assert.deepEqual(Buffer.from(source), image(600));
  // Their order is the same, too: the next image evicts the earlier one.
  const entries = cache.size();
  cache.getConverted("another", "pq", "hlg", image(12));
  assert.equal(cache.stats().evictions, entries - 1);
  assert.equal(cache.delete("image"), false);
  assert.equal(cache.getConverted("cached", "pq", "hlg", image(12)), cached);
  const converted = cache.getConverted("image", "pq", "hlg", image(byteLength));
  assert.deepEqual(converted, convertedCopy(image(byteLength), "pq", "hlg"));
}

/** Asserts that an error is that of the function, or has the expected properties. */
function assertThrown(error, expected) {
  if (expected !== REPLACED && expected !== NO_MEMORY) return assert.equal(error, expected);
  const { name, code, message } = error;
  return assert.deepEqual({ name, code, message }, expected);
}
