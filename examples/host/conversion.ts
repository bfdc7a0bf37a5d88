/** The conversion of samples and pixels, with the addon's results. */

import { endianness } from "node:os";

import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import {
  type Colour,
  convertSignal,
  hlgInverseOotf,
  hlgOotf,
  hlgInverseOetf,
  hlgOetf,
  pqEotf,
  pqInverseEotf,
} from "../curves.js";

export interface Rendering {
  ootf: HlgOotf;
  /** Nominal peak luminance of the HLG display, in cd/m². */
  peakLuminance: number;
}

const IS_LITTLE_ENDIAN = endianness() === "LE";

/** Converts an image in place, to the other transfer function. */
export function convert(image: Uint8Array, from: HdrTransfer, { ootf, peakLuminance }: Rendering): void {
  if (ootf === "luminance") convertPixels(viewOf(image), from, peakLuminance);
  else convertSamples(image, tableFor(from, peakLuminance));
}

function convertSamples(image: Uint8Array, table: Uint16Array): void {
  const { buffer, byteOffset, byteLength } = image;
  if (IS_LITTLE_ENDIAN && byteOffset % 2 === 0) {
    lookUp(new Uint16Array(buffer, byteOffset, byteLength / 2), table);
  } else {
    lookUpUnaligned(viewOf(image), table);
  }
}

/** Takes one array, since a loop over a source and a target is slower on Bun. */
function lookUp(samples: Uint16Array, table: Uint16Array): void {
  for (let at = 0; at < samples.length; at++) samples[at] = table[samples[at]!]!;
}

/** For memory at an odd address, where a `Uint16Array` is impossible, and for big-endian machines. */
function lookUpUnaligned(samples: DataView, table: Uint16Array): void {
  const { byteLength } = samples;
  for (let at = 0; at < byteLength; at += 2) samples.setUint16(at, table[samples.getUint16(at, true)]!, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Applies the OOTF of BT.2100 to the luminance of each pixel. */
function convertPixels(samples: DataView, from: HdrTransfer, peak: number): void {
  for (let at = 0; at < samples.byteLength; at += 6) {
    const signalAt = (offset: number) => samples.getUint16(at + offset, true) / 65535;
    const signals: Colour = [signalAt(0), signalAt(2), signalAt(4)];
    const converted =
      from === "pq"
        ? hlgInverseOotf(mapColour(signals, pqEotf), peak).map(hlgOetf)
        : hlgOotf(mapColour(signals, hlgInverseOetf), peak).map(pqInverseEotf);
    for (const [channel, signal] of converted.entries()) {
      samples.setUint16(at + 2 * channel, codeOf(signal), true);
    }
  }
}

function mapColour([r, g, b]: Colour, map: (channel: number) => number): Colour {
  return [map(r), map(g), map(b)];
}

/** One table per direction and peak, 128 KiB each. A host uses one peak, or two. */
const MAX_TABLES = 8;
/** From least to most recently used. */
const tables = new Map<string, Uint16Array>();

function tableFor(from: HdrTransfer, peak: number): Uint16Array {
  const key = `${from} ${peak}`;
  const table = tables.get(key) ?? buildTable(from, peak);
  tables.delete(key);
  tables.set(key, table);
  if (tables.size > MAX_TABLES) tables.delete(tables.keys().next().value!);
  return table;
}

function buildTable(from: HdrTransfer, peak: number): Uint16Array {
  const to = from === "pq" ? "hlg" : "pq";
  return Uint16Array.from({ length: 65536 }, (_, code) =>
    codeOf(convertSignal(code / 65535, from, to, peak)),
  );
}

/** Clips to 65535: a `Uint16Array` would wrap. */
function codeOf(signal: number): number {
  return Math.min(65535, Math.round(65535 * signal));
}
