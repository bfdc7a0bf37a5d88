// The result of a conversion, for each kind of memory.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import vm from "node:vm";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, everyCode, image } from "./images.mjs";

/** From, to, and the SHA-256 of the converted code values. @type {any[][]} */
const tables = [
  ["pq", "hlg", "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61"],
  ["hlg", "pq", "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c"],
];

const vectors = JSON.parse(readFileSync(new URL("./colour-science.json", import.meta.url), "utf8"));

const wrongProperties = {
  length: { get: () => 1e9 },
  byteLength: { get: () => 1e9 },
  byteOffset: { get: () => -1 },
  buffer: { get: () => new ArrayBuffer(1) },
};
class WrongArray extends Uint8Array {}
Object.defineProperties(WrongArray.prototype, wrongProperties);
Object.defineProperty(WrongArray, Symbol.species, { get: () => Array });

/** Kinds of images, made of a Buffer. @type {[string, (bytes: Buffer) => Uint8Array][]} */
const kinds = [
  ["a Buffer at an odd offset", (bytes) => Buffer.concat([Buffer.alloc(1), bytes]).subarray(1)],
  ["a Uint8Array", (bytes) => new Uint8Array(bytes)],
  ["an object of a subclass", (bytes) => new (class extends Uint8Array {})(bytes)],
  ["an object of a subclass with wrong properties", (bytes) => new WrongArray(bytes)],
  ["a Buffer with wrong properties", (bytes) => Object.defineProperties(bytes, wrongProperties)],
  ["an array without a prototype", (bytes) => Object.setPrototypeOf(new Uint8Array(bytes), null)],
  [
    "a Uint8Array with another prototype",
    (bytes) => Object.setPrototypeOf(new Uint8Array(bytes), Array.prototype),
  ],
  ["an object that is not extensible", Object.preventExtensions],
  [
    "an array of another realm",
    (bytes) => vm.runInNewContext("Uint8Array.from(bytes)", { bytes: [...bytes] }),
  ],
  ["a SharedArrayBuffer", (bytes) => over(new SharedArrayBuffer(61), bytes)],
  [
    "a resizable ArrayBuffer",
    (bytes) => over(Reflect.construct(ArrayBuffer, [61, { maxByteLength: 1000 }]), bytes),
  ],
];

// V8 without a compiler has no WebAssembly, and TypeScript does not declare it.
const { WebAssembly } = /** @type {any} */ (globalThis);
if (WebAssembly) {
  kinds.push(["WebAssembly memory", (bytes) => over(new WebAssembly.Memory({ initial: 1 }).buffer, bytes)]);
}

/** A copy in some memory, at an odd offset. */
function over(memory, bytes) {
  const array = new Uint8Array(memory, 1, bytes.length);
  array.set(bytes);
  return array;
}

/** Memory that grows, and the lengths that it gets in turn. @type {any[][]} */
const growing = [
  [ArrayBuffer, "resize", [600, 300, 0, 1200, 600]],
  [SharedArrayBuffer, "grow", [0, 300, 600]],
];

/** All for the defaults. @type {any[]} */
const defaults = [
  undefined,
  null,
  {},
  { ootf: "per-channel" },
  { peakLuminance: 1000 },
  { ootf: null, peakLuminance: null },
  { ootf: undefined, peakLuminance: undefined },
];

export const cases = [
  ...tables.flatMap(([from, to, sha256]) => [
    [
      `${from} to ${to}: every code value, into a new Buffer and in place`,
      () => {
        const buf = everyCode();
        assert.equal(hash(getConverted(buf, from, to)), sha256);
        assert.equal(convertTransfer(buf, from, to), undefined);
        assert.equal(hash(buf), sha256);
      },
    ],
    [
      `${from} to ${to}: an image that is split across threads`,
      () => {
        const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
        const expected = hash(convertedCopy(large, from, to));
        assert.equal(hash(getConverted(large, from, to)), expected);
        convertTransfer(large, from, to);
        assert.equal(hash(large), expected);
      },
    ],
    [
      `${from} to ${to} with the luminance OOTF: an image that is split across threads`,
      () => {
        const options = { ootf: /** @type {const} */ ("luminance") };
        const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(160)]);
        const converted = getConverted(large, from, to, options);
        for (let at = 0; at < large.length; at += 600_000) {
          convertTransfer(large.subarray(at, at + 600_000), from, to, options);
        }
        assert.equal(hash(large), hash(converted));
      },
    ],
  ]),
  ...[399, 400, 2000, 2001].flatMap((peakLuminance) =>
    tables.map(([from, to]) => [
      `${from} to ${to}, ${peakLuminance} cd/m²: every code value as by the formulas`,
      () => {
        const converted = everyCode();
        convertTransfer(converted, from, to, { peakLuminance });
        assert.deepEqual(converted, convertedCopy(everyCode(), from, to, peakLuminance));
        assert.deepEqual(getConverted(everyCode(), from, to, { peakLuminance }), converted);
      },
    ]),
  ),
  ...defaults.map((options) => [
    `options ${inspect(options)}: the default`,
    () => {
      const converted = everyCode();
      convertTransfer(converted, "pq", "hlg", options);
      assert.equal(hash(converted), tables[0]?.[2]);
    },
  ]),
  ...vectors.converted.map(({ from, to, peakLuminance, colours: expected }) => [
    `${from} to ${to} with the luminance OOTF, ${peakLuminance} cd/m²: within a code value of colour-science`,
    () => {
      const options = { ootf: /** @type {const} */ ("luminance"), peakLuminance };
      const source = Buffer.from(Uint16Array.from(vectors.colours.flat()).buffer);
      const converted = getConverted(source, from, to, options);
      for (const [at, code] of expected.flat().entries()) {
        assert.ok(Math.abs(converted.readUInt16LE(2 * at) - code) <= 1);
      }
      convertTransfer(source, from, to, options);
      assert.deepEqual(source, converted);
    },
  ]),
  .../** @type {const} */ (["pq", "hlg"]).map((transfer) => [
    `${transfer} to ${transfer} in place: unchanged`,
    () => {
      const buf = everyCode();
      assert.equal(convertTransfer(buf, transfer, transfer), undefined);
      assert.deepEqual(buf, everyCode());
    },
  ]),
  ...kinds.map(([name, make]) => [
    `${name}, into a new Buffer and in place`,
    () => {
      const once = convertedCopy(image(60), "pq", "hlg");
      // Some have wrong properties, so only the addon reads it.
      const bytes = make(image(60));
      assert.deepEqual(getConverted(bytes, "pq", "hlg"), once);
      const converted = getConverted(bytes, "pq", "hlg");
      assert.deepEqual(converted, once);
      assert.ok(Buffer.isBuffer(converted) && converted.buffer instanceof ArrayBuffer);
      convertTransfer(bytes, "pq", "hlg");
      assert.deepEqual(getConverted(bytes, "pq", "hlg"), convertedCopy(once, "pq", "hlg"));
    },
  ]),
  ...growing.map(([Memory, grow, byteLengths]) => [
    `an array that tracks a growing ${Memory.name} is another image at each length`,
    () => {
      const cache = createHdrImageTransferCache();
      const memory = new Memory(0, { maxByteLength: 2000 });
      const bytes = /** @type {any} */ (new Uint8Array(memory));
      for (const byteLength of byteLengths) {
        memory[grow](byteLength);
        bytes.set(image(byteLength));
        const converted = cache.getConverted("image", "pq", "hlg", bytes);
        assert.deepEqual(converted, convertedCopy(image(byteLength), "pq", "hlg"));
        assert.equal(cache.getConverted("image", "pq", "hlg", bytes), converted);
        assert.deepEqual([cache.size(), cache.bytesUsed()], [1, byteLength]);
        convertTransfer(bytes, "pq", "hlg");
        assert.deepEqual(Buffer.from(bytes), converted);
      }
    },
  ]),
  [
    "an array out of the bounds of its memory is empty, until it is within them",
    () => {
      const memory = Reflect.construct(ArrayBuffer, [600, { maxByteLength: 600 }]);
      const bytes = new Uint8Array(memory, 6, 594);
      const left = new Uint8Array(memory, 0, 300);
      left.set(image(300));
      memory.resize(300);
      assert.equal(getConverted(bytes, "pq", "hlg").length, 0);
      convertTransfer(bytes, "pq", "hlg");
      assert.deepEqual(Buffer.from(left), image(300));
      memory.resize(600);
      assert.deepEqual(getConverted(bytes, "pq", "hlg"), convertedCopy(bytes, "pq", "hlg"));
    },
  ],
  [
    "in place: the bytes around the image are unchanged",
    () => {
      const around = Buffer.alloc(80, 0xa5);
      image(60).copy(around, 7);
      const expected = Buffer.from(around);
      convertedCopy(image(60), "pq", "hlg").copy(expected, 7);
      convertTransfer(around.subarray(7, 67), "pq", "hlg");
      assert.deepEqual(around, expected);
    },
  ],
];

/** @returns {Buffer} */
function getConverted(source, from, to, options = {}) {
  return createHdrImageTransferCache(options).getConverted("image", from, to, source);
}

function hash(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
