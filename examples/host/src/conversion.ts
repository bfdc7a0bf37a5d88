/** What the addon's conversion gives, sample by sample. */

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
} from "../../curves.ts";

export interface Rendering {
  ootf: HlgOotf;
  peakLuminance: number;
}

/** Writes the converted `source` over `target`, which may be the same memory. The transfers must differ. */
export function convert(
  source: Uint8Array,
  target: Uint8Array,
  from: HdrTransfer,
  { ootf, peakLuminance }: Rendering,
): void {
  if (ootf === "luminance") convertPixels(source, target, from, peakLuminance);
  else convertSamples(source, target, tableFor(from, peakLuminance));
}

/** By bytes, for memory of any alignment. */
function convertSamples(source: Uint8Array, target: Uint8Array, table: Uint16Array): void {
  for (let at = 0; at < source.length; at += 2) writeCode(target, at, table[readCode(source, at)]!);
}

/** By the luminance of each pixel, the OOTF of BT.2100. */
function convertPixels(source: Uint8Array, target: Uint8Array, from: HdrTransfer, peak: number): void {
  for (let at = 0; at < source.length; at += 6) {
    const signalAt = (offset: number) => readCode(source, at + offset) / 65535;
    const signals: Colour = [signalAt(0), signalAt(2), signalAt(4)];
    const converted =
      from === "pq"
        ? hlgInverseOotf(mapColour(signals, pqDisplayLight), peak).map(hlgSignal)
        : hlgOotf(mapColour(signals, hlgSceneLight), peak).map(pqSignal);
    for (const [channel, signal] of converted.entries()) {
      writeCode(target, at + 2 * channel, codeOf(signal));
    }
  }
}

function mapColour([r, g, b]: Colour, map: (channel: number) => number): Colour {
  return [map(r), map(g), map(b)];
}

/** The last used ones: a host has one peak, or two. */
const KEPT_TABLES = 8;
const tables = new Map<string, Uint16Array>();

function tableFor(from: HdrTransfer, peak: number): Uint16Array {
  const key = `${from} ${peak}`;
  let table = tables.get(key);
  if (!table) {
    const to = from === "pq" ? "hlg" : "pq";
    table = Uint16Array.from({ length: 65536 }, (_, code) =>
      codeOf(convertSignal(code / 65535, from, to, peak)),
    );
    tables.set(key, table);
    if (tables.size > KEPT_TABLES) tables.delete(tables.keys().next().value!);
  }
  return table;
}

/** Saturates: a `Uint16Array` alone would wrap. */
function codeOf(signal: number): number {
  return Math.min(65535, Math.round(65535 * signal));
}

function readCode(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function writeCode(bytes: Uint8Array, at: number, code: number): void {
  bytes[at] = code;
  bytes[at + 1] = code >> 8;
}
