// The light that code values stand for, and its rendering for displays without HDR.

// BT.2100 table 4 (PQ) and table 5 (HLG).
const [M1, M2] = [2610 / 16384, (2523 / 4096) * 128];
const [C1, C2, C3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
const [A, B, C] = [0.17883277, 0.28466892, 0.55991073];

/** The PQ EOTF: a signal from 0 to 1 to display light in cd/m². */
export function pqEotf(signal) {
  const root = signal ** (1 / M2);
  return 10_000 * (Math.max(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1);
}

/** The HLG signal of display light on a display of 1000 cd/m², per channel. It is above 1 for more light. */
export function hlgSignal(display) {
  const scene = (display / 1000) ** (1 / 1.2);
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : A * Math.log(12 * scene - B) + C;
}

/** 8-bit sRGB of HLG samples, taken for BT.2020 with a gamma of 2.4, which HLG is compatible with. */
export function toSrgb(hlg) {
  const pixels = new Uint8ClampedArray(hlg.length);
  const encode = (light) => 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
  for (let at = 0; at < hlg.length; at += 3) {
    const [r, g, b] = [0, 1, 2].map((channel) => (hlg[at + channel] / 65535) ** 2.4);
    // BT.2020 to BT.709 primaries (BT.2087).
    pixels[at] = encode(1.6605 * r - 0.5876 * g - 0.0728 * b);
    pixels[at + 1] = encode(-0.1246 * r + 1.1329 * g - 0.0083 * b);
    pixels[at + 2] = encode(-0.0182 * r - 0.1006 * g + 1.1187 * b);
  }
  return pixels;
}
