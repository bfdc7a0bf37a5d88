/** Pictures of what a conversion does to an image: a part of it, in two ways, side by side and enlarged. */

import { convertTransfer, type HdrTransfer } from "hdr-image-transfer-cache";

import { encode } from "fast-png";

import { writeWhole } from "../png/files.mts";
import type { HdrImage } from "../png/png.mts";
import { convertTransferLoop } from "./typescript-loop.mts";

/** The highest PQ code that HLG can show on a display of 1000 cd/m². */
const LAST_PQ_CODE = 49271;

const CROP_WIDTH = 80;
const CROP_HEIGHT = 80;
const ZOOM = 5;
const GAP = 10;

/**
 * What saturating is good for: the highlights of a PQ image in HLG, on the left by the TypeScript loop, on the
 * right by the addon.
 */
export async function writeHighlights(file: string, image: HdrImage): Promise<void> {
  const wrapped = Buffer.from(image.samples);
  const saturated = Buffer.from(image.samples);
  convertTransferLoop(wrapped, "pq", "hlg");
  convertTransfer(saturated, "pq", "hlg");
  const isLost = (at: number) => Math.max(...codes(image.samples, at)) > LAST_PQ_CODE;
  await writeSideBySide(file, image, [wrapped, saturated], meanPosition(image, isLost));
}

/**
 * What the exact OOTF is good for: where an image differs most, converted to the other transfer function per
 * channel, on the left, and by luminance, on the right.
 */
export async function writeOotfs(file: string, image: HdrImage): Promise<void> {
  const to: HdrTransfer = image.transfer === "pq" ? "hlg" : "pq";
  const perChannel = Buffer.from(image.samples);
  const byLuminance = Buffer.from(image.samples);
  convertTransfer(perChannel, image.transfer, to);
  convertTransfer(byLuminance, image.transfer, to, { ootf: "luminance" });
  const difference = (at: number) => {
    const other = codes(byLuminance, at);
    return Math.max(...codes(perChannel, at).map((code, channel) => Math.abs(code - other[channel]!)));
  };
  const differences = Array.from({ length: image.width * image.height }, (_, at) => difference(at));
  const large = differences.toSorted((a, b) => a - b)[Math.floor(differences.length * 0.995)]!;
  const centre = meanPosition(image, (at) => differences[at]! >= large);
  await writeSideBySide(file, image, [perChannel, byLuminance], centre);
}

/**
 * Writes a part of two images of the same size as a plain PNG file. A viewer takes the HLG signal for SDR,
 * which HLG is made to allow.
 */
async function writeSideBySide(
  file: string,
  size: { width: number; height: number },
  [left, right]: [Buffer, Buffer],
  centre: { x: number; y: number },
): Promise<void> {
  const width = Math.min(CROP_WIDTH, size.width);
  const height = Math.min(CROP_HEIGHT, size.height);
  const firstColumn = clamp(centre.x - width / 2, size.width - width);
  const firstRow = clamp(centre.y - height / 2, size.height - height);

  const pictureWidth = 2 * width * ZOOM + GAP;
  const pictureHeight = height * ZOOM;
  const picture = new Uint8Array(pictureWidth * pictureHeight * 3).fill(0xff);
  for (const [samples, offset] of [
    [left, 0],
    [right, width * ZOOM + GAP],
  ] as const) {
    for (let y = 0; y < pictureHeight; y++) {
      for (let x = 0; x < width * ZOOM; x++) {
        const source = (firstRow + Math.floor(y / ZOOM)) * size.width + firstColumn + Math.floor(x / ZOOM);
        const shown = codes(samples, source).map((code) => code >> 8);
        picture.set(shown, (y * pictureWidth + offset + x) * 3);
      }
    }
  }
  await writeWhole(file, encode({ width: pictureWidth, height: pictureHeight, data: picture, channels: 3 }));
}

/** The samples of a pixel. */
function codes(samples: Buffer, pixel: number): number[] {
  return [0, 2, 4].map((offset) => samples.readUInt16LE(pixel * 6 + offset));
}

/** The mean position of the pixels that meet a condition; the middle of the image if none does. */
function meanPosition(
  { width, height }: HdrImage,
  isMet: (pixel: number) => boolean,
): { x: number; y: number } {
  const pixels = Array.from({ length: width * height }, (_, at) => at).filter(isMet);
  if (pixels.length === 0) return { x: width / 2, y: height / 2 };
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  return {
    x: mean(pixels.map((pixel) => pixel % width)),
    y: mean(pixels.map((pixel) => Math.floor(pixel / width))),
  };
}

function clamp(value: number, max: number): number {
  return Math.round(Math.min(Math.max(value, 0), max));
}
