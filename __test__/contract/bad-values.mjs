// Values that are rejected, each as an error message shows it.

export const notLimits = [
  ["16", '"16"'],
  [true, "true"],
  [16n, "a bigint"],
  [[16], "an array"],
  [Symbol("16"), "a symbol"],
  [() => 16, "a function"],
  [Buffer.from([16]), "a Uint8Array"],
  [new ArrayBuffer(16), "an ArrayBuffer"],
  [new Date(16), "a Date"],
];

export const notIntegers = [
  [-1, "-1"],
  [1.5, "1.5"],
  [-Number.MIN_VALUE, "-5e-324"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
];

export const notNumbers = [
  ["16", '"16"'],
  [true, "true"],
  [16n, "a bigint"],
  [{}, "an object"],
  [[16], "an array"],
  [Symbol("16"), "a symbol"],
  [() => 16, "a function"],
  [Object(16), "an object"],
];

export const notStrings = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [{}, "an object"],
  [["older"], "an array"],
  [Symbol("older"), "a symbol"],
  [Object("older"), "an object"],
];

export const notTransfers = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [{}, "an object"],
  [["pq"], "an array"],
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
];

const BYTES = "; pass Buffer.from(a.buffer, a.byteOffset, a.byteLength)";

export const notBytes = [
  [undefined, "undefined"],
  [null, "null"],
  ["image", '"image"'],
  [12, "12"],
  [{}, "an object"],
  [{ length: 6, byteLength: 6 }, "an object"],
  [[0, 0, 0], "an array"],
  [new ArrayBuffer(6), "an ArrayBuffer"],
  [new SharedArrayBuffer(6), "an object"],
  [new DataView(new ArrayBuffer(6)), "a DataView"],
  [new Uint16Array(3), `a Uint16Array${BYTES}`],
  [new Uint8ClampedArray(6), `a typed array${BYTES}`],
  [new Proxy(Buffer.alloc(6), {}), "an object"],
  [Object.create(Buffer.prototype), "an object"],
];

export const notPeaks = [
  ["1000", '"1000"'],
  [true, "true"],
  [1000n, "a bigint"],
  [[1000], "an array"],
  [0, "0"],
  [0.999, "0.999"],
  [10001, "10001"],
  [-1000, "-1000"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
];
