/** What calls turn down: values with what a message shows of them, and seeing that an error is the right one. */

import { expect } from "vitest";

export type Shown = [received: unknown, shown: string];

export const notNumbers: Shown[] = [
  ["16", '"16"'],
  [true, "true"],
  [16n, "a bigint"],
  [{}, "an object"],
  [[16], "an array"],
  [Symbol("16"), "a symbol"],
  [() => 16, "a function"],
  [Object(16), "an object"],
];

export const notCounts: Shown[] = [
  [-1, "-1"],
  [1.5, "1.5"],
  [-Number.MIN_VALUE, "-5e-324"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
];

export const notLimits: Shown[] = [
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

export const notStrings: Shown[] = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [{}, "an object"],
  [["older"], "an array"],
  [Symbol("older"), "a symbol"],
  [Object("older"), "an object"],
];

export const notTransfers: Shown[] = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [{}, "an object"],
  [["pq"], "an array"],
  ["", '""'],
  ["p", '"p"'],
  ["PQ", '"PQ"'],
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

export const notBytes: Shown[] = [
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
  [new Uint16Array(3), "a Uint16Array"],
  [new Uint8ClampedArray(6), "a typed array of another kind"],
  [new Proxy(Buffer.alloc(6), {}), "an object"],
  [Object.create(Buffer.prototype), "an object"],
];

export function detached(): Buffer {
  const buffer = Buffer.from(new ArrayBuffer(6));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer as ArrayBuffer] });
  return buffer;
}

export type Failure = [received: unknown, error: typeof Error, code: string, message: string];

export function typeError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_TYPE", message];
}

export function valueError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_VALUE", message];
}

export function rangeError(received: unknown, message: string): Failure {
  return [received, RangeError, "ERR_OUT_OF_RANGE", message];
}

/** Calls with arguments that TypeScript would not let through. */
export function call(callee: Function, ...args: unknown[]): unknown {
  return callee(...args);
}

export function thrownBy(body: () => unknown): Error & { code?: string } {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

export function expectFailure(body: () => unknown, [, error, code, message]: Failure): void {
  const thrown = thrownBy(body);
  expect(thrown).toBeInstanceOf(error);
  expect(thrown.constructor).toBe(error);
  expect(thrown.name).toBe(error.name);
  expect(thrown.code).toBe(code);
  expect(thrown.message).toBe(message);
  expect(thrown.stack).toContain(".test.ts");
}
