/** Scaling of images, and the samples in a Buffer. */

import type { HdrImage } from "./png.mts";

export const BYTES_PER_PIXEL = 6;

export interface Size {
  width: number;
  height: number;
}

/** The samples of an image as numbers. */
export function samplesOf(buffer: Buffer): Uint16Array {
  return new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length / 2);
}

/** Scales an image to fill a size. What exceeds it on two sides is cut off evenly. */
export function scaleToFill(image: HdrImage, { width, height }: Size): HdrImage {
  const scale = Math.min(image.width / width, image.height / height);
  const left = (image.width - width * scale) / 2;
  const top = (image.height - height * scale) / 2;
  const columns = Array.from({ length: width }, (_, x) => neighbours(left, x, scale, image.width));
  const source = samplesOf(image.samples);
  const samples = new Uint16Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const rows = neighbours(top, y, scale, image.height);
    const upper = rows.first * image.width;
    const lower = rows.second * image.width;
    for (const { first, second, weight } of columns) {
      for (let channel = 0; channel < 3; channel++) {
        const sample = (pixel: number) => source[pixel * 3 + channel]!;
        const above = sample(upper + first) * (1 - weight) + sample(upper + second) * weight;
        const below = sample(lower + first) * (1 - weight) + sample(lower + second) * weight;
        samples[at++] = above * (1 - rows.weight) + below * rows.weight + 0.5;
      }
    }
  }
  return { width, height, transfer: image.transfer, samples: Buffer.from(samples.buffer) };
}

/** The two source pixels around the centre of a target pixel, and the weight of the second. */
function neighbours(start: number, target: number, scale: number, size: number) {
  const position = Math.min(Math.max(start + (target + 0.5) * scale - 0.5, 0), size - 1);
  const first = Math.floor(position);
  return { first, second: Math.min(first + 1, size - 1), weight: position - first };
}
