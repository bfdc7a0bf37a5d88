/**
 * The conversion as the TypeScript module does it that the addon replaces: a table of 65536 codes, and a loop
 * over the samples. The addon is compared with it, defect included.
 */

import type { HdrTransfer } from "hdr-image-transfer-cache";

// BT.2100 table 4 (PQ) and table 5 (HLG, for a display of 1000 cd/m²).
const PQ_M1 = 2610 / 16384;
const PQ_M2 = (2523 / 4096) * 128;
const PQ_C1 = 3424 / 4096;
const PQ_C2 = (2413 / 4096) * 32;
const PQ_C3 = (2392 / 4096) * 32;
const PQ_PEAK = 10_000;
const HLG_A = 0.17883277;
const HLG_B = 0.28466892;
const HLG_C = 0.55991073;
const HLG_PEAK = 1_000;

/** The luminance of a PQ signal, in cd/m². */
export function pqLuminance(signal: number): number {
  const root = signal ** (1 / PQ_M2);
  return PQ_PEAK * (Math.max(root - PQ_C1, 0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1);
}

function pqSignal(luminance: number): number {
  const power = (luminance / PQ_PEAK) ** PQ_M1;
  return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2;
}

/** The system gamma of a display (BT.2390). */
function hlgSystemGamma(peak: number): number {
  return 1.2 * 1.111 ** Math.log2(peak / 1000);
}

/** The luminance of an HLG signal on a display of that peak, in cd/m². */
export function hlgLuminance(signal: number, peak: number): number {
  const scene = signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12;
  return peak * scene ** hlgSystemGamma(peak);
}

function hlgSignal(luminance: number, peak: number): number {
  const scene = (luminance / peak) ** (1 / hlgSystemGamma(peak));
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : HLG_A * Math.log(12 * scene - HLG_B) + HLG_C;
}

/**
 * A sample's signal, 0 to 1, in the other transfer function; above 1 where the HLG display cannot show it.
 * The TypeScript module knows displays of 1000 cd/m² only.
 */
export function convertSignal(signal: number, from: HdrTransfer, to: HdrTransfer, peak = HLG_PEAK): number {
  if (from === to) return signal;
  return from === "pq" ? hlgSignal(pqLuminance(signal), peak) : pqSignal(hlgLuminance(signal, peak));
}

const tables = new Map<string, Uint16Array>();

/** The table of one direction. A `Uint16Array` wraps: what HLG cannot show turns dark. */
function wrappingTable(from: HdrTransfer, to: HdrTransfer): Uint16Array {
  const key = `${from}-${to}`;
  let table = tables.get(key);
  if (!table) {
    table = Uint16Array.from({ length: 65536 }, (_, code) =>
      Math.round(convertSignal(code / 65535, from, to) * 65535),
    );
    tables.set(key, table);
  }
  return table;
}

/** Converts `rgb48le` samples in place. */
export function convertTransferLoop(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void {
  const table = wrappingTable(from, to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)]!, at);
  }
}
