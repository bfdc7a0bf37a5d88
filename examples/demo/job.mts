/** A small render job, shaped like a video producer's: still images lie over a video, in PQ frames. */

import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";

import { decode } from "fast-png";
import type { convertTransfer, HdrImageTransferCache, HdrTransfer } from "hdr-image-transfer-cache";

export const FRAMES = 60;
/** Then another image follows. They are PQ and HLG in turn. */
export const FRAMES_OF_IMAGE = 6;
const BYTES_PER_PIXEL = 6;

/** What converts: the addon, or a loop with the same functions. */
export interface Converter {
  convertTransfer: typeof convertTransfer;
  createHdrImageTransferCache(options: object): Pick<HdrImageTransferCache, "getConverted">;
}

/** In `rgb48le`: full range, BT.2020 primaries. */
interface Image {
  width: number;
  height: number;
  transfer: HdrTransfer;
  pixels: Buffer;
}

export const sunset = readImage("sunset-pq-512x256.png", "pq");
export const venice = readImage("venice-hlg-512x256.png", "hlg");

function readImage(name: string, transfer: HdrTransfer): Image {
  const { width, height, data } = decode(readFileSync(new URL(`../images/${name}`, import.meta.url)));
  return { width, height, transfer, pixels: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

/** Renders all frames. Returns a copy of the first one, and how many milliseconds the conversions took. */
export async function render(converter: Converter, width: number, height: number, onFrame: () => void) {
  const cache = converter.createHdrImageTransferCache({});
  // The video shows one photograph. The images lie over its lower third.
  const video = scaleToFill(venice, width, height);
  const photographs = [sunset, venice].map((each) => scaleToFill(each, width, Math.floor(height / 3)));
  const frame = Buffer.alloc(video.pixels.length);
  const ms = { video: 0, images: 0 };
  let first: Buffer | undefined;
  for (let at = 0; at < FRAMES; at++) {
    video.pixels.copy(frame);
    let start = performance.now();
    converter.convertTransfer(frame, video.transfer, "pq");
    ms.video += performance.now() - start;

    const count = Math.floor(at / FRAMES_OF_IMAGE);
    const { transfer, pixels } = photographs[count % 2]!;
    start = performance.now();
    const image = cache.getConverted(`image ${count}`, transfer, "pq", pixels);
    // The others are cache hits.
    if (at % FRAMES_OF_IMAGE === 0) ms.images += performance.now() - start;
    image.copy(frame, frame.length - image.length);

    first ??= Buffer.from(frame);
    onFrame();
    // Lets the progress be drawn.
    await setImmediate();
  }
  return { first: first!, ms };
}

/** Takes the nearest pixels. What exceeds the size on two sides is cut off. */
function scaleToFill(image: Image, width: number, height: number): Image {
  const scale = Math.min(image.width / width, image.height / height);
  const left = (image.width - scale * width) / 2;
  const top = (image.height - scale * height) / 2;
  const pixels = Buffer.alloc(width * height * BYTES_PER_PIXEL);
  for (let at = 0; at < width * height; at++) {
    const x = Math.floor(left + scale * (at % width));
    const y = Math.floor(top + scale * Math.floor(at / width));
    const from = (y * image.width + x) * BYTES_PER_PIXEL;
    image.pixels.copy(pixels, at * BYTES_PER_PIXEL, from, from + BYTES_PER_PIXEL);
  }
  return { ...image, width, height, pixels };
}
