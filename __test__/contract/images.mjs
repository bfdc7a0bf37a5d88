// Images, their conversion, and errors.

import assert from "node:assert/strict";

import { convertTransfer } from "hdr-image-transfer-cache";

/** Every code value once. */
export function everyCode() {
  return Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
}

/** An image of `byteLength` bytes, which depends on `seed`. */
export function image(byteLength, seed = 1) {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, at) => (at * 151 + seed * 89) % 251));
}

/** A converted copy, from the table of all code values, whose SHA-256 `conversion.mjs` checks. */
export function convertedCopy(source, from, to) {
  const table = everyCode();
  convertTransfer(table, from, to);
  const copy = Buffer.from(source);
  for (let at = 0; at < copy.length; at += 2) {
    copy.writeUInt16LE(table.readUInt16LE(2 * copy.readUInt16LE(at)), at);
  }
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
