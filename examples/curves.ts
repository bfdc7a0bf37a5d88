/**
 * The transfer functions of BT.2100, as in `src/curves.rs`. Signals and scene light are 0 to 1, display light is in
 * cd/m².
 */

import type { HdrTransfer } from "hdr-image-transfer-cache";

// BT.2100 table 4 (PQ) and table 5 (HLG).
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

/** The PQ EOTF: a signal to display light. */
export function pqEotf(signal: number): number {
  const root = signal ** (1 / PQ_M2);
  return PQ_PEAK * (Math.max(root - PQ_C1, 0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1);
}

/** The inverse PQ EOTF: display light to a signal. */
export function pqInverseEotf(display: number): number {
  const power = (display / PQ_PEAK) ** PQ_M1;
  return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2;
}

/** The inverse HLG OETF: a signal to scene light. */
export function hlgInverseOetf(signal: number): number {
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12;
}

/** The HLG OETF: scene light to a signal. Light above 1 gives a signal above 1. */
export function hlgOetf(scene: number): number {
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : HLG_A * Math.log(12 * scene - HLG_B) + HLG_C;
}

/** The HLG system gamma of a display with that nominal peak luminance (BT.2100 table 5, note 5f). */
function hlgSystemGamma(peak: number): number {
  return peak >= 400 && peak <= 2000
    ? 1.2 + 0.42 * Math.log10(peak / 1000)
    : 1.2 * 1.111 ** Math.log2(peak / 1000);
}

/** The OOTF of each channel on its own. BT.2100 applies the OOTF to the luminance, which differs except for greys. */
export function hlgOotfPerChannel(scene: number, peak: number): number {
  return peak * scene ** hlgSystemGamma(peak);
}

function hlgInverseOotfPerChannel(display: number, peak: number): number {
  return (display / peak) ** (1 / hlgSystemGamma(peak));
}

/** Converts the signal of a sample per channel. The result is above 1 outside the range of HLG. */
export function convertSignal(signal: number, from: HdrTransfer, to: HdrTransfer, peak = HLG_PEAK): number {
  if (from === to) return signal;
  return from === "pq"
    ? hlgOetf(hlgInverseOotfPerChannel(pqEotf(signal), peak))
    : pqInverseEotf(hlgOotfPerChannel(hlgInverseOetf(signal), peak));
}
