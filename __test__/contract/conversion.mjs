// The result of a conversion, for each kind of memory.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, everyCode, image } from "./images.mjs";

/** From, to, and the SHA-256 of the converted code values. @type {any[][]} */
const tables = [
  ["pq", "hlg", "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61"],
  ["hlg", "pq", "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c"],
];

const vectors = JSON.parse(readFileSync(new URL("./colour-science.json", import.meta.url), "utf8"));

/** @type {[string, () => Uint8Array][]} */
const memory = [
  ["a Buffer at an odd offset", () => Buffer.concat([Buffer.alloc(1), image(60)]).subarray(1)],
  ["a Uint8Array", () => new Uint8Array(image(60))],
  ["an object of a subclass", () => new (class extends Uint8Array {})(image(60))],
  ["an empty Buffer", () => Buffer.alloc(0)],
  [
    "a Uint8Array over a SharedArrayBuffer, at an odd offset",
    () => {
      const shared = new Uint8Array(new SharedArrayBuffer(63), 3);
      shared.set(image(60));
      return shared;
    },
  ],
  [
    "a Uint8Array that tracks a resizable ArrayBuffer",
    () => {
      const array = new Uint8Array(Reflect.construct(ArrayBuffer, [60, { maxByteLength: 1000 }]));
      array.set(image(60));
      return array;
    },
  ],
];

export const cases = [
  ...tables.flatMap(([from, to, sha256]) => [
    [
      `${from} to ${to}: every code value, into a new Buffer`,
      () => assert.equal(hash(getConverted(everyCode(), from, to)), sha256),
    ],
    [
      `${from} to ${to}: every code value, in place`,
      () => {
        const buf = everyCode();
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
  ]),
  ...vectors.converted.map(({ from, to, peakLuminance, colours: expected }) => [
    `${from} to ${to} with the luminance OOTF, ${peakLuminance} cd/m²: within a code value of colour-science`,
    () => {
      const options = { ootf: /** @type {const} */ ("luminance"), peakLuminance };
      const source = Buffer.from(Uint16Array.from(vectors.colours.flat()).buffer);
      const converted = createHdrImageTransferCache(options).getConverted("image", from, to, source);
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
  ...memory.flatMap(([name, make]) => [
    [
      `${name}, into a new Buffer`,
      () => {
        const source = make();
        const expected = convertedCopy(source, "pq", "hlg");
        const before = Buffer.from(source);
        const converted = getConverted(source, "pq", "hlg");
        assert.deepEqual(converted, expected);
        assert.ok(converted.buffer instanceof ArrayBuffer);
        assert.deepEqual(Buffer.from(source), before);
      },
    ],
    [
      `${name}, in place`,
      () => {
        const buf = make();
        const expected = convertedCopy(buf, "pq", "hlg");
        convertTransfer(buf, "pq", "hlg");
        assert.deepEqual(Buffer.from(buf), expected);
      },
    ],
  ]),
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
  [
    "PQ above 1000 cd/m² clips to HLG white",
    () => {
      const highlights = everyCode().subarray(2 * 49271);
      convertTransfer(highlights, "pq", "hlg");
      assert.ok(highlights.every((byte) => byte === 0xff));
    },
  ],
];

/** @returns {Buffer} */
function getConverted(source, from, to) {
  return createHdrImageTransferCache().getConverted("image", from, to, source);
}

function hash(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
