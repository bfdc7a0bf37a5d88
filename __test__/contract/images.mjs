// Images, their conversion, and errors.

import assert from "node:assert/strict";

import { convertSignal } from "./curves.mjs";

/** Every code value once. */
export function everyCode() {
  return Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
}

/** An image of `byteLength` bytes, which depends on `seed`. */
export function image(byteLength, seed = 1) {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, at) => (at * 151 + seed * 89) % 251));
}

const tables = new Map();

/** A copy, converted per channel by the formulas. `how` is what `convertSignal` takes. */
export function convertedCopy(source, ...how) {
  const key = how.join(" ");
  if (!tables.has(key)) {
    const convert = (code) => 65535 * convertSignal(code / 65535, ...how);
    const clip = (code) => Math.min(65535, Math.round(code));
    tables.set(
      key,
      Uint16Array.from({ length: 65536 }, (_, code) => clip(convert(code))),
    );
  }
  const table = tables.get(key);
  const copy = Buffer.from(source);
  for (let at = 0; at < copy.length; at += 2) copy.writeUInt16LE(table[copy.readUInt16LE(at)], at);
  return copy;
}

/** A detached Buffer. */
export function detached() {
  const buffer = Buffer.from(new ArrayBuffer(6));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
  return buffer;
}

/** What `body` throws. */
export function thrownBy(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}
