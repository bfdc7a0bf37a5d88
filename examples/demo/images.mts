/** Images scaled down and laid out; none is enlarged. */

import type { HdrImage } from "../png/png.mts";

export const BYTES_PER_PIXEL = 6;

export interface Size {
  width: number;
  height: number;
}

/** The samples of an image as numbers. */
export function samplesOf(buffer: Buffer): Uint16Array {
  return new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length / 2);
}

/** Scales an image to fill a size of at most its own; what exceeds it on two sides is cut off evenly. */
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

/** Scales an image down until it fits into a size, or returns a copy. */
export function scaleDown(image: HdrImage, limit: Size): HdrImage {
  const width = Math.min(limit.width, image.width);
  const height = Math.min(limit.height, image.height);
  return scaleToFill(image, { width, height });
}

/**
 * Fills a frame with copies of an image side by side. Every other row is shifted by half an image; `pan`, in
 * pixels, moves the rows in turn to the left and to the right.
 */
export function drawTiles(image: HdrImage, frame: Buffer, { width, height }: Size, pan = 0): void {
  for (let y = 0; y < height; y++) {
    const isShifted = Math.floor(y / image.height) % 2 === 1;
    const shift = isShifted ? Math.floor(image.width / 2) - pan : pan;
    const row = (y % image.height) * image.width;
    for (let x = 0; x < width;) {
      const column = (((x + shift) % image.width) + image.width) % image.width;
      const count = Math.min(image.width - column, width - x);
      const source = (row + column) * BYTES_PER_PIXEL;
      image.samples.copy(frame, (y * width + x) * BYTES_PER_PIXEL, source, source + count * BYTES_PER_PIXEL);
      x += count;
    }
  }
}
