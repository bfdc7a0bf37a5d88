/** The conversion from its formulas, sample by sample, saturating: what the addon must equal. */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../examples/curves.ts";

/** A converted code, from 0 to 65535. */
export function convertCode(
  code: number,
  from: HdrTransfer,
  to: HdrTransfer,
  peakLuminance?: number,
): number {
  return Math.min(65535, Math.round(convertSignal(code / 65535, from, to, peakLuminance) * 65535));
}

/** A converted copy of `rgb48le` samples. */
export function convertedCopy(
  source: Uint8Array,
  from: HdrTransfer,
  to: HdrTransfer,
  peakLuminance?: number,
): Buffer {
  const copy = Buffer.from(source);
  for (let at = 0; at < copy.length; at += 2) {
    copy.writeUInt16LE(convertCode(copy.readUInt16LE(at), from, to, peakLuminance), at);
  }
  return copy;
}

/** Every code there is, once. */
export function everyCode(): Buffer {
  return Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
}

/** `byteLength` bytes of samples, others for every seed. */
export function image(byteLength: number, seed = 1): Buffer {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, at) => (at * 151 + seed * 89) % 251));
}
