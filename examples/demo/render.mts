/** A small render job, shaped like a video producer's: one context, and layers blitted frame by frame. */

import type { HdrImageTransferCache, HdrTransfer } from "hdr-image-transfer-cache";

import type { HdrImage } from "../png/png.mts";

const BYTES_PER_PIXEL = 6;

/** A still image of a job, as large as it is shown. */
export interface LayerImage extends HdrImage {
  /** Names the image within the job. */
  id: string;
}

/** An image, or a part of it as large as `window`, with its top left corner at `x`, `y` of the canvas. */
export interface HdrImageLayer {
  image: LayerImage;
  x: number;
  y: number;
  window?: { x: number; y: number; width: number; height: number };
}

/** What is to be rendered. Over the last frames, one scene fades into the other. */
export interface Job {
  width: number;
  height: number;
  fps: number;
  /** The effective transfer function. */
  transfer: HdrTransfer;
  frames: number;
  transitionFrames: number;
  /** The layers of each scene, back to front, at a time from 0 to 1 of the job. */
  scenes: [from: (time: number) => HdrImageLayer[], to: (time: number) => HdrImageLayer[]];
}

/** Gives images in the transfer function of a job. */
export type ImageCache = Pick<HdrImageTransferCache, "getConverted">;

/** What the layers of all frames share. It is created once a job. */
interface HdrCompositeContext {
  width: number;
  transfer: HdrTransfer;
  imageCache: ImageCache;
}

/** Renders the frames one after the other, as `rgb48le`; each is given in the same Buffer. */
export function* renderFrames(job: Job, imageCache: ImageCache): Generator<Buffer> {
  const { width, height, transfer, frames, transitionFrames, scenes } = job;
  const context: HdrCompositeContext = { width, transfer, imageCache };
  const createCanvas = () => Buffer.alloc(width * height * BYTES_PER_PIXEL);
  const canvas = createCanvas();
  const fromCanvas = createCanvas();
  const toCanvas = createCanvas();
  const [from, to] = scenes;
  const transitionStart = frames - transitionFrames;
  for (let frame = 0; frame < frames; frame++) {
    const time = frame / frames;
    if (frame < transitionStart) {
      compositeScene(context, canvas, from(time));
    } else {
      compositeScene(context, fromCanvas, from(time));
      compositeScene(context, toCanvas, to(time));
      crossfade(fromCanvas, toCanvas, (frame - transitionStart + 1) / (transitionFrames + 1), canvas);
    }
    yield canvas;
  }
}

function compositeScene(context: HdrCompositeContext, canvas: Buffer, layers: HdrImageLayer[]): void {
  for (const layer of layers) blitHdrImageLayer(context, canvas, layer);
}

function blitHdrImageLayer(context: HdrCompositeContext, canvas: Buffer, layer: HdrImageLayer): void {
  const { image, x, y } = layer;
  const samples = context.imageCache.getConverted(image.id, image.transfer, context.transfer, image.samples);
  const window = layer.window ?? { x: 0, y: 0, width: image.width, height: image.height };
  for (let row = 0; row < window.height; row++) {
    const source = ((window.y + row) * image.width + window.x) * BYTES_PER_PIXEL;
    const target = ((y + row) * context.width + x) * BYTES_PER_PIXEL;
    samples.copy(canvas, target, source, source + window.width * BYTES_PER_PIXEL);
  }
}

function crossfade(from: Buffer, to: Buffer, progress: number, canvas: Buffer): void {
  const [fromSamples, toSamples, samples] = [samplesOf(from), samplesOf(to), samplesOf(canvas)];
  for (let at = 0; at < samples.length; at++) {
    samples[at] = fromSamples[at]! + (toSamples[at]! - fromSamples[at]!) * progress + 0.5;
  }
}

/** Scales an image to fill a size, cutting off what is too wide or too high. */
export function scaleToFill(id: string, image: HdrImage, width: number, height: number): LayerImage {
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
  return { id, width, height, transfer: image.transfer, samples: Buffer.from(samples.buffer) };
}

/** The two source pixels around the centre of a target pixel, and the weight of the second. */
function neighbours(start: number, target: number, scale: number, size: number) {
  const position = Math.min(Math.max(start + (target + 0.5) * scale - 0.5, 0), size - 1);
  const first = Math.floor(position);
  return { first, second: Math.min(first + 1, size - 1), weight: position - first };
}

function samplesOf(buffer: Buffer): Uint16Array {
  return new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length / 2);
}
