// Images, their conversion by the formulas, and errors.

import assert from "node:assert/strict";

// The transfer functions of BT.2100, as in `src/curves.rs`. Signals and scene light are 0 to 1, display light is in cd/m².

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
function pqEotf(signal) {
  const root = signal ** (1 / PQ_M2);
  return PQ_PEAK * (Math.max(root - PQ_C1, 0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1);
}

/** The inverse PQ EOTF: display light to a signal. */
function pqInverseEotf(display) {
  const power = (display / PQ_PEAK) ** PQ_M1;
  return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2;
}

/** The inverse HLG OETF: a signal to scene light. */
function hlgInverseOetf(signal) {
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12;
}

/** The HLG OETF: scene light to a signal. Light above 1 gives a signal above 1. */
function hlgOetf(scene) {
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : HLG_A * Math.log(12 * scene - HLG_B) + HLG_C;
}

/** The HLG system gamma of a display with that nominal peak luminance (BT.2100 table 5, note 5f). */
function hlgSystemGamma(peak) {
  return peak >= 400 && peak <= 2000
    ? 1.2 + 0.42 * Math.log10(peak / 1000)
    : 1.2 * 1.111 ** Math.log2(peak / 1000);
}

/** The OOTF of each channel on its own. BT.2100 applies the OOTF to the luminance, which differs except for greys. */
function hlgOotfPerChannel(scene, peak) {
  return peak * scene ** hlgSystemGamma(peak);
}

function hlgInverseOotfPerChannel(display, peak) {
  return (display / peak) ** (1 / hlgSystemGamma(peak));
}

/**
 * A signal to display light, and back. Light above the peak of an HLG display gives a signal above 1.
 *
 * @typedef {(value: number, peak: number) => number} Curve
 * @type {Record<import("hdr-image-transfer-cache").HdrTransfer, { decode: Curve; encode: Curve }>}
 */
const CURVES = {
  pq: { decode: pqEotf, encode: pqInverseEotf },
  hlg: {
    decode: (signal, peak) => hlgOotfPerChannel(hlgInverseOetf(signal), peak),
    encode: (display, peak) => hlgOetf(hlgInverseOotfPerChannel(display, peak)),
  },
};

/** Converts the signal of a sample per channel. */
function convertSignal(signal, from, to, peak = HLG_PEAK) {
  return from === to ? signal : CURVES[to].encode(CURVES[from].decode(signal, peak), peak);
}

/** Every code value once. */
export function everyCode() {
  return Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
}

/** An image of `byteLength` bytes, which depends on `seed`. */
export function image(byteLength, seed = 1) {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, at) => (at * 151 + seed * 89) % 251));
}

const tables = new Map();

/** A copy, converted per channel by the formulas. `how` is what `convertSignal` takes. */
export function convertedCopy(source, ...how) {
  const key = how.join(" ");
  if (!tables.has(key)) {
    const convert = (code) => 65535 * convertSignal(code / 65535, ...how);
    const clip = (code) => Math.min(65535, Math.round(code));
    tables.set(
      key,
      Uint16Array.from({ length: 65536 }, (_, code) => clip(convert(code))),
    );
  }
  const table = tables.get(key);
  const copy = Buffer.from(source);
  for (let at = 0; at < copy.length; at += 2) copy.writeUInt16LE(table[copy.readUInt16LE(at)], at);
  return copy;
}

/** A detached Buffer. */
export function detached() {
  const buffer = Buffer.from(new ArrayBuffer(6));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
  return buffer;
}

/** What `body` throws. */
export function thrownBy(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}
