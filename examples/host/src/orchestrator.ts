/** The three places of a render orchestrator that convert. The compositing around them is as simple as can be. */

import { convertTransfer, type HdrImageTransferCache, type HdrTransfer } from "./hdrImageTransfer.ts";

/** A still image or a video frame that fills the canvas: `rgb48le`, as the canvas is. */
export interface Layer {
  transfer: HdrTransfer;
  pixels: Buffer;
}

export interface ImageLayer extends Layer {
  /** What the cache knows it by: another string for other pixels, such as the file and the size scaled to. */
  imageId: string;
}

/** What lasts as long as a job. */
export interface Job {
  transfer: HdrTransfer;
  cache: HdrImageTransferCache;
}

/** The main composite path: an image of a scene. */
export function compositeImage(canvas: Buffer, image: ImageLayer, { cache, transfer }: Job): void {
  // Shared with all other frames: it is read here, and never written.
  const pixels = cache.getConverted(image.imageId, image.transfer, transfer, image.pixels);
  pixels.copy(canvas);
}

/** The transition path: from an image of one scene to that of the next one, `progress` from 0 to 1. */
export function compositeTransition(
  canvas: Buffer,
  from: ImageLayer,
  to: ImageLayer,
  progress: number,
  { cache, transfer }: Job,
): void {
  const [fading, rising] = [from, to].map((image) =>
    cache.getConverted(image.imageId, image.transfer, transfer, image.pixels),
  ) as [Buffer, Buffer];
  for (let at = 0; at < canvas.length; at += 2) {
    const mixed = (1 - progress) * fading.readUInt16LE(at) + progress * rising.readUInt16LE(at);
    canvas.writeUInt16LE(Math.round(mixed), at);
  }
}

/** The video layer: a frame, which is the caller's own and is not asked for twice, so it is converted in place. */
export function compositeVideoFrame(canvas: Buffer, frame: Layer, { transfer }: Job): void {
  convertTransfer(frame.pixels, frame.transfer, transfer);
  frame.transfer = transfer;
  frame.pixels.copy(canvas);
}
