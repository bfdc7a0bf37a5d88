/** A small render job, shaped like a video producer's: layers are converted and blitted, frame by frame. */

import type { HdrImageTransferCache, HdrTransfer } from "hdr-image-transfer-cache";

import type { HdrImage } from "../png/png.mts";
import { BYTES_PER_PIXEL, samplesOf, type Size } from "./images.mts";

/** A still image, or its `window`, with its top left corner at `x`, `y` of the frame. */
export interface ImageLayer {
  image: HdrImage & { id: string };
  x: number;
  y: number;
  window?: Size;
}

/** A video as large as the frame. */
export interface VideoLayer {
  transfer: HdrTransfer;
  /** Writes the samples of the frame at a time from 0 to 1 of the job. */
  decode: (time: number, frame: Buffer) => void;
}

export type Layer = ImageLayer | VideoLayer;

/** What to render: one scene that fades into another. */
export interface Job extends Size {
  fps: number;
  /** The transfer function of the frames. */
  transfer: HdrTransfer;
  frames: number;
  transitionStart: number;
  transitionFrames: number;
  /** The layers of each scene, back to front, at a time from 0 to 1 of the job. */
  scenes: [from: (time: number) => Layer[], to: (time: number) => Layer[]];
}

/** Converts the layers: still images cached, video frames in place. */
export interface Converter {
  getConverted: HdrImageTransferCache["getConverted"];
  convertTransfer: (buf: Buffer, from: HdrTransfer, to: HdrTransfer) => void;
}

/** Renders the frames one after the other, as `rgb48le`, all in the same Buffer. */
export function* renderFrames(job: Job, converter: Converter): Generator<Buffer> {
  const { width, height, transfer, frames, transitionStart, transitionFrames, scenes } = job;
  const [canvas, fromCanvas, toCanvas, videoFrame] = Array.from({ length: 4 }, () =>
    Buffer.alloc(width * height * BYTES_PER_PIXEL),
  ) as [Buffer, Buffer, Buffer, Buffer];
  const [from, to] = scenes;

  const composite = (target: Buffer, layers: Layer[], time: number) => {
    for (const layer of layers) {
      if ("image" in layer) {
        const { id, transfer: imageTransfer, samples } = layer.image;
        const converted = converter.getConverted(id, imageTransfer, transfer, samples);
        blit({ ...layer.image, samples: converted }, layer, target, width);
      } else {
        layer.decode(time, videoFrame);
        converter.convertTransfer(videoFrame, layer.transfer, transfer);
        videoFrame.copy(target);
      }
    }
  };

  for (let frame = 0; frame < frames; frame++) {
    const time = frame / frames;
    const transitionFrame = frame - transitionStart;
    if (transitionFrame < 0) {
      composite(canvas, from(time), time);
    } else if (transitionFrame >= transitionFrames) {
      composite(canvas, to(time), time);
    } else {
      composite(fromCanvas, from(time), time);
      composite(toCanvas, to(time), time);
      crossfade(fromCanvas, toCanvas, (transitionFrame + 1) / (transitionFrames + 1), canvas);
    }
    yield canvas;
  }
}

function blit(image: HdrImage, { x, y, window = image }: ImageLayer, canvas: Buffer, width: number): void {
  for (let row = 0; row < window.height; row++) {
    const source = row * image.width * BYTES_PER_PIXEL;
    const target = ((y + row) * width + x) * BYTES_PER_PIXEL;
    image.samples.copy(canvas, target, source, source + window.width * BYTES_PER_PIXEL);
  }
}

function crossfade(from: Buffer, to: Buffer, progress: number, canvas: Buffer): void {
  const [fromSamples, toSamples, samples] = [samplesOf(from), samplesOf(to), samplesOf(canvas)];
  for (let at = 0; at < samples.length; at++) {
    samples[at] = fromSamples[at]! + (toSamples[at]! - fromSamples[at]!) * progress + 0.5;
  }
}
