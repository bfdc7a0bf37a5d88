// Bad arguments: the error, and that nothing changes.

import assert from "node:assert/strict";
import { isUint8Array } from "node:util/types";

import * as addon from "hdr-image-transfer-cache";

import * as values from "./bad-values.mjs";
import { convertedCopy, detached, image, thrownBy } from "./images.mjs";

const TYPE = [TypeError, "ERR_INVALID_ARG_TYPE"];
const VALUE = [TypeError, "ERR_INVALID_ARG_VALUE"];
const RANGE = [RangeError, "ERR_OUT_OF_RANGE"];

// Bad values, the error for each, and its message after "must be".

const notLimits = values.notLimits.map(([value, shown]) => [
  value,
  TYPE,
  `a number or an options object, got ${shown}`,
]);
const notIntegers = values.notIntegers.map(([value, shown]) => [
  value,
  RANGE,
  `a non-negative integer, got ${shown}`,
]);
const notNumbers = values.notNumbers.map(([value, shown]) => [
  value,
  TYPE,
  `a non-negative integer, got ${shown}`,
]);
const notStrings = values.notStrings.map(([value, shown]) => [value, TYPE, `a string, got ${shown}`]);
const notTransfers = values.notTransfers.map(([value, shown]) => [
  value,
  VALUE,
  `"pq" or "hlg", got ${shown}`,
]);
const notOotfs = [
  [1, TYPE, "1"],
  [true, TYPE, "true"],
  [{}, TYPE, "an object"],
  [Object("luminance"), TYPE, "an object"],
  [Symbol("luminance"), TYPE, "a symbol"],
  ["", VALUE, '""'],
  ["Luminance", VALUE, '"Luminance"'],
  ["luminance\0", VALUE, '"luminance\\0"'],
  ["perChannel", VALUE, '"perChannel"'],
  ["per-channe", VALUE, '"per-channe"'],
  ["per-channelX", VALUE, '"per-channelX"'],
  ["per-channel\0", VALUE, '"per-channel\\0"'],
  ["x".repeat(41), VALUE, `"${"x".repeat(40)}"…`],
].map(([value, error, shown]) => [value, error, `"per-channel" or "luminance", got ${shown}`]);

const notPeaks = values.notPeaks.map(([value, shown]) => [
  value,
  typeof value === "number" ? RANGE : TYPE,
  `a number from 1 to 10000 (cd/m²), got ${shown}`,
]);

const notOptions = [
  [1000, "1000"],
  ["luminance", '"luminance"'],
  [true, "true"],
  [["luminance"], "an array"],
  [Buffer.alloc(6), "a Uint8Array"],
  [() => {}, "a function"],
].map(([value, shown]) => [value, TYPE, `an options object, got ${shown}`]);

const notPixels = [1, 2, 4, 10, 13].map((byteLength) => [
  image(byteLength),
  RANGE,
  `of a byteLength that is a multiple of 6 (whole pixels), got byteLength ${byteLength}`,
]);

const notImages = [
  ...values.notBytes.map(([value, shown]) => [value, TYPE, `a Buffer or Uint8Array, got ${shown}`]),
  [detached(), VALUE, "a Buffer whose ArrayBuffer is not detached, got a detached one"],
  [image(1), RANGE, "of even byteLength (16-bit samples), got byteLength 1"],
  [image(13), RANGE, "of even byteLength (16-bit samples), got byteLength 13"],
];

/** A function, an argument of it, bad values, and the arguments of calls with each of them. */
const rows = [
  ["createHdrImageTransferCache", "limits", notLimits, (limits) => [limits]],
  ["createHdrImageTransferCache", "maxEntries", notIntegers, (maxEntries) => [maxEntries]],
  [
    "createHdrImageTransferCache",
    "maxEntries",
    [...notNumbers, ...notIntegers],
    (maxEntries) => [{ maxEntries, maxBytes: 1 }],
  ],
  [
    "createHdrImageTransferCache",
    "maxBytes",
    [...notNumbers, ...notIntegers],
    (maxBytes) => [{ maxEntries: 1, maxBytes }],
  ],
  ["createHdrImageTransferCache", "ootf", notOotfs, (ootf) => [{ ootf }]],
  ["createHdrImageTransferCache", "peakLuminance", notPeaks, (peakLuminance) => [{ peakLuminance }]],
  [
    "getConverted",
    "imageId",
    notStrings,
    (id) => [id, "pq", "hlg", image(12)],
    (id) => [id, "pq", "pq", image(12)],
  ],
  ["getConverted", "imageId", [[undefined, TYPE, "a string, got undefined"]], () => []],
  [
    "getConverted",
    "sourceTransfer",
    notTransfers,
    (from) => ["older", from, "hlg", image(12)],
    (from) => ["older", from, from, image(12)],
  ],
  ["getConverted", "targetTransfer", notTransfers, (to) => ["older", "pq", to, image(12)]],
  [
    "getConverted",
    "source",
    notImages,
    (source) => ["older", "pq", "hlg", source],
    (source) => ["another", "pq", "hlg", source],
    (source) => ["older", "hlg", "pq", source],
    (source) => ["older", "pq", "pq", source],
  ],
  [
    "getConverted",
    "source",
    notPixels,
    (source) => ["another", "pq", "hlg", source],
    (source) => ["another", "pq", "pq", source],
  ],
  ["delete", "imageId", notStrings, (id) => [id]],
  ["convertTransfer", "buf", notImages, (buf) => [buf, "pq", "hlg"], (buf) => [buf, "pq", "pq"]],
  ["convertTransfer", "from", notTransfers, (from) => [image(12), from, "hlg"]],
  ["convertTransfer", "to", notTransfers, (to) => [image(12), "pq", to]],
  [
    "convertTransfer",
    "buf",
    notPixels,
    (buf) => [buf, "pq", "hlg", { ootf: "luminance" }],
    (buf) => [buf, "pq", "pq", { ootf: "luminance" }],
  ],
  ["convertTransfer", "options", notOptions, (options) => [image(12), "pq", "hlg", options]],
  [
    "convertTransfer",
    "ootf",
    notOotfs,
    (ootf) => [image(12), "pq", "hlg", { ootf }],
    (ootf) => [image(12), "pq", "pq", { ootf }],
  ],
  [
    "convertTransfer",
    "peakLuminance",
    notPeaks,
    (peakLuminance) => [image(12), "pq", "hlg", { ootf: "luminance", peakLuminance }],
  ],
];

export const cases = [
  ...rows.flatMap(([callee, argument, bad, ...calls]) =>
    bad.flatMap(([value, error, rest]) => {
      const message = `${callee}: ${argument} must be ${rest}`;
      return calls.map((argumentsOf) => [
        message,
        () => assertFails(callee, argumentsOf(value), error, message),
      ]);
    }),
  ),
  [
    "a getter of the options detaches buf",
    () => {
      const buf = Buffer.from(new ArrayBuffer(12));
      const options = {
        get ootf() {
          structuredClone(buf.buffer, { transfer: [buf.buffer] });
          return "luminance";
        },
      };
      const error = thrownBy(() => addon.convertTransfer(buf, "pq", "hlg", options));
      assert.equal(error.code, "ERR_INVALID_ARG_VALUE");
    },
  ],
  [
    "an error of a getter is thrown unchanged",
    () => {
      const mine = new Error("mine");
      const limits = {
        get maxBytes() {
          throw mine;
        },
      };
      assert.equal(
        thrownBy(() => addon.createHdrImageTransferCache(limits)),
        mine,
      );
    },
  ],
  // Node.js 26 with --js-immutable-arraybuffer.
  ...("transferToImmutable" in ArrayBuffer.prototype ? [["an immutable ArrayBuffer", convertImmutable]] : []),
];

/** It is a source like any other, but cannot be converted in place. */
function convertImmutable() {
  const source = Buffer.from(new Uint8Array(image(12)).buffer.transferToImmutable());
  const converted = addon.createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
  assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
  for (const to of ["hlg", "pq"]) {
    const error = thrownBy(() => addon.convertTransfer(source, "pq", to));
    assert.equal(error.constructor, TypeError);
    assert.equal(error.code, "ERR_INVALID_ARG_VALUE");
    assert.equal(
      error.message,
      "convertTransfer: buf must be a Buffer whose ArrayBuffer is not immutable, got an immutable one",
    );
    assert.deepEqual(source, image(12));
  }
}

/** Asserts that a call fails, and changes neither its arguments nor a cache of two images. */
function assertFails(callee, args, [Class, code], message) {
  const ootf = message.includes("whole pixels") ? "luminance" : "per-channel";
  const cache = addon.createHdrImageTransferCache({ maxEntries: 2, ootf });
  const older = cache.getConverted("older", "pq", "hlg", image(12, 1));
  const newer = cache.getConverted("newer", "pq", "hlg", image(12, 2));
  const statsBefore = cache.stats();
  const argsBefore = args.map(copyBytes);

  const error = thrownBy(() => ({ ...addon, ...cache })[callee](...args));
  assert.equal(error.constructor, Class);
  assert.equal(error.name, Class.name);
  assert.equal(error.code, code);
  assert.equal(error.message, message);
  assert.match(error.stack, /bad-input\.mjs/);

  assert.deepEqual(args.map(copyBytes), argsBefore);
  assert.deepEqual(cache.stats(), statsBefore);
  // Their order is the same, too: the next image evicts the older one.
  cache.getConverted("newest", "pq", "hlg", image(12, 3));
  assert.equal(cache.getConverted("newer", "pq", "hlg", image(12, 2)), newer);
  assert.notEqual(cache.getConverted("older", "pq", "hlg", image(12, 1)), older);
}

/** A copy of the bytes, also of a detached Buffer. */
function copyBytes(value) {
  return isUint8Array(value) ? Array.from({ length: value.length }, (_, at) => value[at]) : value;
}
