/** What the addon's conversion gives, sample by sample. */

import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import { convertSignal, hlgScene, hlgSignal, hlgSystemGamma, pqLuminance, pqSignal } from "./curves.ts";

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
  const gamma = hlgSystemGamma(peak);
  const [lightOf, exponent, signalOf] =
    from === "pq"
      ? [(signal: number) => pqLuminance(signal) / peak, (1 - gamma) / gamma, hlgSignal]
      : [hlgScene, gamma - 1, (light: number) => pqSignal(peak * light)];
  for (let at = 0; at < source.length; at += 6) {
    const r = lightOf(readCode(source, at) / 65535);
    const g = lightOf(readCode(source, at + 2) / 65535);
    const b = lightOf(readCode(source, at + 4) / 65535);
    const luminance = 0.2627 * r + 0.678 * g + 0.0593 * b;
    const gain = luminance === 0 ? 0 : luminance ** exponent;
    writeCode(target, at, codeOf(signalOf(gain * r)));
    writeCode(target, at + 2, codeOf(signalOf(gain * g)));
    writeCode(target, at + 4, codeOf(signalOf(gain * b)));
  }
}

/** They are kept: a host has one peak, or two. */
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
