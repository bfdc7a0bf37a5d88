// Bad arguments: the error, and that nothing changes.

import assert from "node:assert/strict";
import { isUint8Array } from "node:util/types";
import vm from "node:vm";

import * as typed from "hdr-image-transfer-cache";

import { hasImmutableHook, hooks } from "./hooks.mjs";
import { convertedCopy, detached, image, thrownBy } from "./images.mjs";

/** Takes arguments of any types. @type {any} */
const addon = typed;

const CREATE = "createHdrImageTransferCache";
const CACHE_OPTIONS = "options are maxEntries, maxBytes, ootf, peakLuminance";
const CONVERT_OPTIONS = "options are ootf, peakLuminance";

const TYPE = [TypeError, "ERR_INVALID_ARG_TYPE"];
const VALUE = [TypeError, "ERR_INVALID_ARG_VALUE"];
const RANGE = [RangeError, "ERR_OUT_OF_RANGE"];

/** Adds to bad values, each as an error message shows it, the error and the message after "must be". */
function rejected(error, expected, bad) {
  return bad.map(([value, shown, own = error]) => [value, own, `${expected}, got ${shown}`]);
}

/** What was read of `unreadable` objects. */
const read = [];

/** An object that is neither to be converted to a primitive, nor asked for its type. */
function unreadable(object) {
  const keys = ["toString", "valueOf", "toJSON", "inspect", Symbol.toPrimitive, Symbol.toStringTag];
  const traps = keys.map((key) => [key, { get: () => read.push(key) }]);
  return Object.defineProperties(object, Object.fromEntries(traps));
}

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const ofOtherTypes = [
  ["16", '"16"'],
  [true, "true"],
  [16n, "a bigint"],
  [unreadable([16]), "an array"],
  [Symbol("16"), "a symbol"],
  [unreadable(() => 16), "a function"],
];
const notLimits = rejected(TYPE, "a number or an options object", [
  ...ofOtherTypes,
  [Array(2 ** 32 - 1), "an array"],
  [new (class extends Array {})(), "an array"],
  [vm.runInNewContext("[16]"), "an array"],
  [Buffer.from([16]), "a Uint8Array"],
  [new (class extends Uint8Array {})(16), "a Uint8Array"],
  [new ArrayBuffer(16), "an ArrayBuffer"],
  [new Date(16), "a Date"],
  [revoked(() => 16), "a function"],
]);
const notIntegers = rejected(RANGE, "a non-negative integer", [
  [-1, "-1"],
  [1.5, "1.5"],
  [-Number.MIN_VALUE, "-5e-324"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
]);
const notCounts = [
  ...notIntegers,
  ...rejected(TYPE, "a non-negative integer", [
    ...ofOtherTypes,
    [unreadable({}), "an object"],
    [Object(16), "an object"],
  ]),
];
const notStrings = rejected(TYPE, "a string", [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [unreadable({}), "an object"],
  [unreadable(["older"]), "an array"],
  [Symbol("older"), "a symbol"],
  [Object("older"), "an object"],
]);
const notTransfers = rejected(VALUE, '"pq" or "hlg"', [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [unreadable({}), "an object"],
  [unreadable(["pq"]), "an array"],
  ["", '""'],
  ["p", '"p"'],
  ["hl", '"hl"'],
  ["PQ", '"PQ"'],
  ["pqx", '"pqx"'],
  ["pq ", '"pq "'],
  ["pq\0", '"pq\\0"'],
  ["hlgg", '"hlgg"'],
  ["hlg\0", '"hlg\\0"'],
  // The low bytes of these two units are those of "pq".
  ["\u0170\u0171", '"\u0170\u0171"'],
  [Object("pq"), "an object"],
  ['"quoted"\n', '"\\"quoted\\"\\n"'],
  ["x".repeat(41), `"${"x".repeat(40)}"…`],
]);
const notOotfs = rejected(VALUE, '"per-channel" or "luminance"', [
  [1, "1", TYPE],
  [true, "true", TYPE],
  [{}, "an object", TYPE],
  [Object("luminance"), "an object", TYPE],
  [Symbol("luminance"), "a symbol", TYPE],
  ["", '""'],
  ["Luminance", '"Luminance"'],
  ["luminance\0", '"luminance\\0"'],
  ["perChannel", '"perChannel"'],
  ["per-channe", '"per-channe"'],
  ["per-channelX", '"per-channelX"'],
  ["per-channel\0", '"per-channel\\0"'],
  ["x".repeat(41), `"${"x".repeat(40)}"…`],
]);
const notPeaks = rejected(RANGE, "a number from 1 to 10000 (cd/m²)", [
  ["1000", '"1000"', TYPE],
  [true, "true", TYPE],
  [1000n, "a bigint", TYPE],
  [[1000], "an array", TYPE],
  [0, "0"],
  [0.999, "0.999"],
  [10001, "10001"],
  [-1000, "-1000"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
]);
const notOptions = rejected(TYPE, "an options object", [
  [1000, "1000"],
  ["luminance", '"luminance"'],
  [true, "true"],
  [["luminance"], "an array"],
  [Buffer.alloc(6), "a Uint8Array"],
  [() => {}, "a function"],
]);
const notPixels = rejected(
  RANGE,
  "of a byteLength that is a multiple of 6 (whole pixels)",
  [1, 2, 4, 10, 13].map((byteLength) => [image(byteLength), `byteLength ${byteLength}`]),
);
const BYTES = "; pass Buffer.from(a.buffer, a.byteOffset, a.byteLength)";
const BITS = "; samples have 16 bits";
const notBytes = rejected(TYPE, "a Buffer or Uint8Array", [
  [undefined, "undefined"],
  [null, "null"],
  ["image", '"image"'],
  [12, "12"],
  [unreadable({}), "an object"],
  [{ [Symbol.toStringTag]: "Uint8Array", length: 6, byteLength: 6, buffer: new ArrayBuffer(6) }, "an object"],
  [unreadable([0, 0, 0]), "an array"],
  [new ArrayBuffer(6), "an ArrayBuffer"],
  [new SharedArrayBuffer(6), "an object"],
  [new DataView(new ArrayBuffer(6)), "a DataView"],
  [new Uint16Array(3), `a Uint16Array${BYTES}`],
  [new Uint8ClampedArray(6), `a Uint8ClampedArray${BITS}`],
  [new Int8Array(6), `an Int8Array${BITS}`],
  [new Int16Array(3), `an Int16Array${BITS}`],
  [new Int32Array(3), `an Int32Array${BITS}`],
  [new Uint32Array(3), `a Uint32Array${BITS}`],
  [new Float32Array(3), `a Float32Array${BITS}`],
  [new Float64Array(3), `a Float64Array${BITS}`],
  [new BigInt64Array(3), `a BigInt64Array${BITS}`],
  [new BigUint64Array(3), `a BigUint64Array${BITS}`],
  [new Proxy(Buffer.alloc(6), {}), "an object"],
  [Object.create(Buffer.prototype), "an object"],
]);
const notImages = [
  ...notBytes,
  [detached(), VALUE, "a Buffer whose ArrayBuffer is not detached, got a detached one"],
  [image(1), RANGE, "of even byteLength (16-bit samples), got byteLength 1"],
  [image(13), RANGE, "of even byteLength (16-bit samples), got byteLength 13"],
];

/** A function, an argument of it, bad values, and the arguments of calls with each of them. @type {any[][]} */
const rows = [
  [CREATE, "limits", notLimits, (limits) => [limits]],
  [CREATE, "maxEntries", notIntegers, (maxEntries) => [maxEntries]],
  [CREATE, "maxEntries", notCounts, (maxEntries) => [{ maxEntries, maxBytes: 1 }]],
  [CREATE, "maxBytes", notCounts, (maxBytes) => [{ maxEntries: 1, maxBytes }]],
  [CREATE, "ootf", notOotfs, (ootf) => [{ ootf }]],
  [CREATE, "peakLuminance", notPeaks, (peakLuminance) => [{ peakLuminance }]],
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
  ...[
    [[CREATE, { maxEntry: 16 }], 'option "maxEntry"', CACHE_OPTIONS],
    [[CREATE, { maxBytes: 6, peakLuminence: null }], 'option "peakLuminence"', CACHE_OPTIONS],
    [[CREATE, { 7: false }], 'option "7"', CACHE_OPTIONS],
    [[CREATE, { [2 ** 32 - 2]: 1, length: 2 ** 53, maxBytes: 100 }], 'option "4294967294"', CACHE_OPTIONS],
    [[CREATE, new Proxy([2], {})], 'option "0"', CACHE_OPTIONS],
    [[CREATE, Object("16")], 'option "0"', CACHE_OPTIONS],
    [[CREATE, { ["x".repeat(41)]: 0 }], `option "${"x".repeat(40)}"…`, CACHE_OPTIONS],
    [[CREATE, { maxEntries: 2 }, 400], "second argument", "arguments are limits"],
    [
      ["getConverted", "older", "pq", "hlg", image(12), { ootf: "luminance" }],
      "fifth argument",
      "arguments are imageId, sourceTransfer, targetTransfer, source",
    ],
    [["convertTransfer", image(12), "pq", "hlg", { maxBytes: 6 }], 'option "maxBytes"', CONVERT_OPTIONS],
    [["convertTransfer", image(12), "pq", "pq", { OOTF: "luminance" }], 'option "OOTF"', CONVERT_OPTIONS],
    [
      ["convertTransfer", image(12), "pq", "hlg", {}, 1000],
      "fifth argument",
      "arguments are buf, from, to, options",
    ],
  ].map((/** @type {any[]} */ [[callee, ...args], what, known]) => {
    const message = `${callee}: there is no ${what}; ${known}`;
    return [message, () => assertFails(callee, args, VALUE, message)];
  }),
  [
    "options and arguments that are ignored: undefined, inherited, not enumerable, and symbols",
    () => {
      const inherited = Object.create({ maxEntry: 16 }, { hidden: { value: 1 } });
      for (const options of [{ maxEntry: undefined }, inherited, { [Symbol("maxEntry")]: 16 }]) {
        const { stats, getConverted } = addon.createHdrImageTransferCache(options, undefined);
        assert.equal(stats().maxEntries, Infinity);
        const converted = getConverted("image", "pq", "hlg", image(12), undefined);
        const buf = image(12);
        addon.convertTransfer(buf, "pq", "hlg", options, undefined);
        assert.deepEqual(buf, converted);
      }
    },
  ],
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
    "options are read once, in order, until a getter throws, whose error is thrown unchanged",
    () => {
      const error = { neither: "an error" };
      for (const [failing, expected] of [
        ["none", ["maxEntries", "maxBytes", "ootf", "peakLuminance"]],
        ["maxBytes", ["maxEntries", "maxBytes"]],
      ]) {
        const names = [];
        const get = (_, name) => {
          names.push(name);
          if (name === failing) throw error;
        };
        const create = () => addon.createHdrImageTransferCache(new Proxy({}, { get }));
        if (failing === "none") create();
        else assert.equal(thrownBy(create), error);
        assert.deepEqual(names, expected);
      }
    },
  ],
  [
    "options that are a revoked proxy: the error of the runtime",
    () => {
      const error = thrownBy(() => addon.createHdrImageTransferCache(revoked({})));
      assert.deepEqual([error.constructor, error.code], [TypeError, undefined]);
    },
  ],
  [
    "an immutable ArrayBuffer: a source like any other, but not to be converted in place",
    () => {
      const { buffer } = new Uint8Array(image(12));
      const make = /** @type {any} */ (buffer).transferToImmutable;
      if (!make && !hasImmutableHook) return;
      const source = Buffer.from(make ? make.call(buffer) : buffer);
      if (!make) hooks.immutable = buffer;
      const converted = addon.createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
      assert.deepEqual(converted, convertedCopy(image(12), "pq", "hlg"));
      const message =
        "convertTransfer: buf must be a Buffer whose ArrayBuffer is not immutable, got an immutable one";
      for (const to of ["hlg", "pq"]) {
        const error = thrownBy(() => addon.convertTransfer(source, "pq", to));
        assert.equal(error.constructor, TypeError);
        assert.deepEqual([error.code, error.message], ["ERR_INVALID_ARG_VALUE", message]);
        assert.deepEqual(source, image(12));
      }
    },
  ],
];

/** Asserts that a call fails, and changes neither its arguments nor a cache of two images. */
function assertFails(callee, args, error, message) {
  const ootf = message.includes("whole pixels") ? "luminance" : "per-channel";
  const cache = addon.createHdrImageTransferCache({ maxEntries: 2, ootf });
  const older = cache.getConverted("older", "pq", "hlg", image(12, 1));
  const newer = cache.getConverted("newer", "pq", "hlg", image(12, 2));
  const statsBefore = cache.stats();
  const argsBefore = args.map(copyBytes);

  const thrown = thrownBy(() => ({ ...addon, ...cache })[callee](...args));
  const [Class, code] = error;
  assert.equal(thrown.constructor, Class);
  assert.deepEqual([thrown.name, thrown.code, thrown.message], [Class.name, code, message]);
  assert.match(thrown.stack, /bad-input\.mjs/);

  assert.deepEqual(read.splice(0), []);
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
