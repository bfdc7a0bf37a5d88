// Images to convert, and what they must become.

import { convertTransfer } from "hdr-image-transfer-cache";

/** Every code there is, once. */
export function everyCode() {
  return Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
}

/** `byteLength` bytes of samples, others for every seed. */
export function image(byteLength, seed = 1) {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, at) => (at * 151 + seed * 89) % 251));
}

/** A converted copy, by a look-up in the conversion of every code, whose SHA-256 `conversion.mjs` proves. */
export function convertedCopy(source, from, to) {
  const table = everyCode();
  convertTransfer(table, from, to);
  const copy = Buffer.from(source);
  for (let at = 0; at < copy.length; at += 2) {
    copy.writeUInt16LE(table.readUInt16LE(2 * copy.readUInt16LE(at)), at);
  }
  return copy;
}

/** A Buffer whose memory was transferred away. */
export function detached() {
  const buffer = Buffer.from(new ArrayBuffer(6));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
  return buffer;
}
