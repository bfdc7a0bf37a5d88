/** The transfer functions of BT.2100: a signal is 0 to 1 for a code from 0 to 65535; light is 0 to 1, or in cd/m². */

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

/** The luminance of a PQ signal, in cd/m². */
export function pqLuminance(signal: number): number {
  const root = signal ** (1 / PQ_M2);
  return PQ_PEAK * (Math.max(root - PQ_C1, 0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1);
}

export function pqSignal(luminance: number): number {
  const power = (luminance / PQ_PEAK) ** PQ_M1;
  return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2;
}

/** The scene light of an HLG signal, 0 to 1. */
export function hlgScene(signal: number): number {
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12;
}

/** The HLG signal of scene light. Light above 1 gives a signal above 1. */
export function hlgSignal(scene: number): number {
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : HLG_A * Math.log(12 * scene - HLG_B) + HLG_C;
}

/** The system gamma of an HLG display of that peak, in cd/m² (BT.2390). */
export function hlgSystemGamma(peak: number): number {
  return 1.2 * 1.111 ** Math.log2(peak / 1000);
}

/**
 * A sample's signal in the other transfer function, above 1 where the HLG display cannot show it. Each channel is
 * converted on its own.
 */
export function convertSignal(signal: number, from: HdrTransfer, to: HdrTransfer, peak = HLG_PEAK): number {
  if (from === to) return signal;
  const gamma = hlgSystemGamma(peak);
  return from === "pq"
    ? hlgSignal((pqLuminance(signal) / peak) ** (1 / gamma))
    : pqSignal(peak * hlgScene(signal) ** gamma);
}
