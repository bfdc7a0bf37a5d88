/** The conversion of samples and pixels, with the addon's results. */

import { endianness } from "node:os";

import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import {
  type Colour,
  convertSignal,
  hlgInverseOotf,
  hlgOotf,
  hlgSceneLight,
  hlgSignal,
  pqDisplayLight,
  pqSignal,
} from "../curves.js";

export interface Rendering {
  ootf: HlgOotf;
  /** Nominal peak luminance of the HLG display, in cd/m². */
  peakLuminance: number;
}

const IS_LITTLE_ENDIAN = endianness() === "LE";

/** Converts `source` into `target`, which may be the same array, to the other transfer function. */
export function convert(
  source: Uint8Array,
  target: Uint8Array,
  from: HdrTransfer,
  { ootf, peakLuminance }: Rendering,
): void {
  if (ootf === "luminance") convertPixels(viewOf(source), viewOf(target), from, peakLuminance);
  else convertSamples(source, target, tableFor(from, peakLuminance));
}

function convertSamples(source: Uint8Array, target: Uint8Array, table: Uint16Array): void {
  if (IS_LITTLE_ENDIAN && source.byteOffset % 2 === 0 && target.byteOffset % 2 === 0) {
    lookUp(samplesOf(source), samplesOf(target), table);
  } else {
    lookUpUnaligned(viewOf(source), viewOf(target), table);
  }
}

/** On Node.js 22 ten times as fast as `readUInt16LE` and `writeUInt16LE`. */
function lookUp(source: Uint16Array, target: Uint16Array, table: Uint16Array): void {
  const { length } = source;
  for (let at = 0; at < length; at++) target[at] = table[source[at]!]!;
}

/** For memory at an odd address, where a `Uint16Array` is impossible, and for big-endian machines. */
function lookUpUnaligned(source: DataView, target: DataView, table: Uint16Array): void {
  const { byteLength } = source;
  for (let at = 0; at < byteLength; at += 2) target.setUint16(at, table[source.getUint16(at, true)]!, true);
}

function samplesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Applies the OOTF of BT.2100 to the luminance of each pixel. */
function convertPixels(source: DataView, target: DataView, from: HdrTransfer, peak: number): void {
  for (let at = 0; at < source.byteLength; at += 6) {
    const signalAt = (offset: number) => source.getUint16(at + offset, true) / 65535;
    const signals: Colour = [signalAt(0), signalAt(2), signalAt(4)];
    const converted =
      from === "pq"
        ? hlgInverseOotf(mapColour(signals, pqDisplayLight), peak).map(hlgSignal)
        : hlgOotf(mapColour(signals, hlgSceneLight), peak).map(pqSignal);
    for (const [channel, signal] of converted.entries()) {
      target.setUint16(at + 2 * channel, codeOf(signal), true);
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
