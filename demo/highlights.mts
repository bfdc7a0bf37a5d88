/** A picture of what saturating is good for: the brightest part of a PQ image, wrapped and saturated. */

import { convertTransfer } from "hdr-image-transfer-cache";

import { type HdrImage, writePlainPng } from "./png.mts";
import { convertTransferLoop } from "./typescript-loop.mts";

/** The highest PQ code that HLG can show on a display of 1000 cd/m². */
const LAST_PQ_CODE = 49271;

const CROP_WIDTH = 80;
const CROP_HEIGHT = 80;
const ZOOM = 5;
const GAP = 10;

/**
 * Writes, side by side and enlarged, the surroundings of the highlights of a PQ image in HLG: on the left
 * by the TypeScript loop, on the right by the addon. As a plain PNG file; a viewer takes the HLG signal for
 * SDR, which HLG is made to allow.
 */
export async function writeHighlights(file: string, image: HdrImage): Promise<void> {
  const wrapped = Buffer.from(image.samples);
  const saturated = Buffer.from(image.samples);
  convertTransferLoop(wrapped, "pq", "hlg");
  convertTransfer(saturated, "pq", "hlg");

  const width = Math.min(CROP_WIDTH, image.width);
  const height = Math.min(CROP_HEIGHT, image.height);
  const centre = centreOfHighlights(image);
  const left = clamp(centre.x - width / 2, image.width - width);
  const top = clamp(centre.y - height / 2, image.height - height);

  const pictureWidth = 2 * width * ZOOM + GAP;
  const pictureHeight = height * ZOOM;
  const picture = new Uint8Array(pictureWidth * pictureHeight * 3).fill(0xff);
  for (const [samples, offset] of [
    [wrapped, 0],
    [saturated, width * ZOOM + GAP],
  ] as const) {
    for (let y = 0; y < pictureHeight; y++) {
      for (let x = 0; x < width * ZOOM; x++) {
        const source = (top + Math.floor(y / ZOOM)) * image.width + left + Math.floor(x / ZOOM);
        const target = y * pictureWidth + offset + x;
        for (let channel = 0; channel < 3; channel++) {
          picture[target * 3 + channel] = samples.readUInt16LE((source * 3 + channel) * 2) >> 8;
        }
      }
    }
  }
  await writePlainPng(file, pictureWidth, pictureHeight, picture);
}

/** The mean position of the pixels that HLG cannot show; of the whole image if there are none. */
function centreOfHighlights({ width, height, samples }: HdrImage): { x: number; y: number } {
  let count = 0;
  const sum = { x: 0, y: 0 };
  for (let pixel = 0; pixel < width * height; pixel++) {
    const codes = [0, 2, 4].map((offset) => samples.readUInt16LE(pixel * 6 + offset));
    if (Math.max(...codes) > LAST_PQ_CODE) {
      count++;
      sum.x += pixel % width;
      sum.y += Math.floor(pixel / width);
    }
  }
  return count > 0 ? { x: sum.x / count, y: sum.y / count } : { x: width / 2, y: height / 2 };
}

function clamp(value: number, max: number): number {
  return Math.round(Math.min(Math.max(value, 0), max));
}
