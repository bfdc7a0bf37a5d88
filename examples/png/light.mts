/** The display light of an image, and what a conversion to HLG clips. */

import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import {
  type Colour,
  hlgInverseOotf,
  hlgOotf,
  hlgOotfPerChannel,
  hlgInverseOetf,
  luminance,
  pqEotf,
} from "../curves.ts";
import type { HdrImage } from "./png.mts";

const HIGH_LIGHT = 1000;

/** The scene light above which the HLG code rounds to more than 65535. */
const CLIPPING_SCENE_LIGHT = hlgInverseOetf(65535.5 / 65535);

/** In cd/m². The light of a pixel is that of its brightest channel, as for MaxCLL and MaxFALL (CTA-861.3). */
export interface LightLevels {
  maxLight: number;
  averageLight: number;
  averageLuminance: number;
  /** The share of the pixels whose light is above 1000 cd/m². */
  shareAbove1000: number;
}

/** Measures the light of an image; for HLG, on a display of that peak luminance. */
export function measureLight(image: HdrImage, peakLuminance: number): LightLevels {
  let maxLight = 0;
  let lightSum = 0;
  let luminanceSum = 0;
  let pixelsAbove1000 = 0;
  for (const colour of displayLight(image, peakLuminance)) {
    const light = Math.max(...colour);
    maxLight = Math.max(maxLight, light);
    lightSum += light;
    luminanceSum += luminance(colour);
    if (light > HIGH_LIGHT) pixelsAbove1000++;
  }
  const pixels = image.width * image.height;
  return {
    maxLight,
    averageLight: lightSum / pixels,
    averageLuminance: luminanceSum / pixels,
    shareAbove1000: pixelsAbove1000 / pixels,
  };
}

/** Counts the samples that a conversion to HLG clips, as their light is above its range. */
export function countClipped(image: HdrImage, ootf: HlgOotf, peakLuminance: number): number {
  // The range of PQ includes that of HLG.
  if (image.transfer === "hlg") return 0;
  const clippingLight = hlgOotfPerChannel(CLIPPING_SCENE_LIGHT, peakLuminance);
  let clipped = 0;
  for (const colour of displayLight(image, peakLuminance)) {
    clipped += (
      ootf === "luminance"
        ? hlgInverseOotf(colour, peakLuminance).filter((scene) => scene >= CLIPPING_SCENE_LIGHT)
        : colour.filter((light) => light >= clippingLight)
    ).length;
  }
  return clipped;
}

/** The display light of each pixel, in cd/m². */
function* displayLight({ transfer, samples }: HdrImage, peakLuminance: number): Generator<Colour> {
  const lightOf = lightOfCodes(transfer);
  for (let at = 0; at < samples.length; at += 6) {
    const colour: Colour = [
      lightOf[samples.readUInt16LE(at)]!,
      lightOf[samples.readUInt16LE(at + 2)]!,
      lightOf[samples.readUInt16LE(at + 4)]!,
    ];
    yield transfer === "pq" ? colour : hlgOotf(colour, peakLuminance);
  }
}

/** The light of each code: display light for PQ, scene light for HLG. */
function lightOfCodes(transfer: HdrTransfer): Float64Array {
  // With the rounded constants of BT.2100, the scene light of HLG white is slightly above 1.
  const light = transfer === "pq" ? pqEotf : (signal: number) => Math.min(1, hlgInverseOetf(signal));
  return Float64Array.from({ length: 65536 }, (_, code) => light(code / 65535));
}
