/** Images in unusual memory, and of unusual types. Native code does not read their properties. */

import vm from "node:vm";

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
} from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertedCopy, image } from "./contract/images.mjs";

// TypeScript does not declare these yet.
const { ArrayBuffer, SharedArrayBuffer, WebAssembly } = globalThis as any;

const source = image(600);
const expected = convertedCopy(source, "pq", "hlg");

function get(cache: HdrImageTransferCache, bytes: Uint8Array, imageId = "image"): Buffer {
  return cache.getConverted(imageId, "pq", "hlg", bytes as Buffer);
}

/** Its properties are wrong. */
class WrongArray extends Uint8Array {}
const wrongProperties = {
  length: { get: () => 1e9 },
  byteLength: { get: () => 1e9 },
  byteOffset: { get: () => -1 },
  buffer: { get: () => new ArrayBuffer(1) },
};
Object.defineProperties(WrongArray.prototype, wrongProperties);
Object.defineProperty(WrongArray, Symbol.species, { get: () => Array });

class WrongBuffer extends WrongArray {}
Object.setPrototypeOf(WrongBuffer.prototype, Object.create(Buffer.prototype, wrongProperties));

test.each<[string, () => Uint8Array]>([
  ["of a subclass with wrong properties", () => new WrongArray(source)],
  ["of a subclass of Buffer with wrong properties", () => new WrongBuffer(source)],
  ["with wrong properties", () => Object.defineProperties(Buffer.from(source), wrongProperties)],
  ["without a prototype", () => Object.setPrototypeOf(new Uint8Array(source), null)],
  ["with the prototype of an array", () => Object.setPrototypeOf(new Uint8Array(source), Array.prototype)],
  ["that is not extensible", () => Object.preventExtensions(Buffer.from(source))],
  ["of another realm", () => vm.runInNewContext("Uint8Array.from(bytes)", { bytes: [...source] })],
  [
    "in WebAssembly memory",
    () => {
      const bytes = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 1, source.length);
      bytes.set(source);
      return bytes;
    },
  ],
])("bytes %s", (_, make) => {
  const cache = createHdrImageTransferCache();
  const bytes = make();
  expect(cache.getConverted("image", "pq", "pq", bytes as Buffer) === bytes).toBe(true);
  const converted = get(cache, bytes);
  expect(Object.getPrototypeOf(converted)).toBe(Buffer.prototype);
  expect(converted).toEqual(expected);
  expect(cache.bytesUsed()).toBe(source.length);
  convertTransfer(bytes, "pq", "hlg");
  expect(get(cache, bytes)).toBe(converted);
  expect(get(cache, bytes, "converted once")).toEqual(convertedCopy(expected, "pq", "hlg"));
});

test("an object with the name and the properties of a Uint8Array is rejected", () => {
  const bytes: any = { [Symbol.toStringTag]: "Uint8Array", length: 6, byteLength: 6, buffer: source.buffer };
  expect(() => convertTransfer(bytes, "pq", "hlg")).toThrow(
    "buf must be a Buffer or Uint8Array, got an object",
  );
});

describe("resizable memory", () => {
  test.each([
    [ArrayBuffer, "resize", [600, 300, 0, 1200, 600]],
    [SharedArrayBuffer, "grow", [0, 300, 600]],
  ])("an array that tracks it is another image at each length: %o", (Memory, resize, byteLengths) => {
    const cache = createHdrImageTransferCache();
    const memory = new Memory(0, { maxByteLength: 2000 });
    const bytes = new Uint8Array(memory);
    for (const byteLength of byteLengths) {
      memory[resize](byteLength);
      bytes.set(image(byteLength));
      const converted = get(cache, bytes);
      expect(converted).toEqual(convertedCopy(image(byteLength), "pq", "hlg"));
      expect(get(cache, bytes)).toBe(converted);
      expect([cache.size(), cache.bytesUsed()]).toEqual([1, byteLength]);
    }
    memory[resize](1201);
    expect(() => get(cache, bytes)).toThrow("got byteLength 1201");
  });

  test("an array out of bounds is empty, as in JavaScript, until it is within bounds", () => {
    const cache = createHdrImageTransferCache();
    const memory = new ArrayBuffer(600, { maxByteLength: 600 });
    const bytes = new Uint8Array(memory, 6, 594);
    const left = new Uint8Array(memory, 0, 300);
    left.set(image(300));
    memory.resize(300);
    expect(bytes).toHaveLength(0);
    expect(get(cache, bytes)).toHaveLength(0);
    convertTransfer(bytes, "pq", "hlg");
    expect(Buffer.from(left)).toEqual(image(300));
    memory.resize(600);
    expect(get(cache, bytes)).toEqual(convertedCopy(bytes, "pq", "hlg"));
  });
});
