/** A model of the per-channel conversion: the formulas, sample by sample. */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../examples/curves.ts";

export { everyCode, image } from "./contract/images.mjs";

/** A converted code value, from 0 to 65535. */
export function convertCode(
  code: number,
  from: HdrTransfer,
  to: HdrTransfer,
  peakLuminance?: number,
): number {
  return Math.min(65535, Math.round(convertSignal(code / 65535, from, to, peakLuminance) * 65535));
}

/** A converted copy of an `rgb48le` image. */
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
