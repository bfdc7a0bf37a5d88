/** A small render job, shaped like a video producer's: still images one after the other, then a video. */

import { convertTransfer, type HdrImageTransferCache, type HdrTransfer } from "hdr-image-transfer-cache";

import { BYTES_PER_PIXEL, scaleToFill, type Size } from "./images.mts";
import type { HdrImage } from "./png.mts";

export interface Job extends Size {
  fps: number;
  frames: number;
  /** The transfer function of the frames. */
  transfer: HdrTransfer;
  /** As large as the frame. They fill the first half of the job. */
  stills: (HdrImage & { id: string })[];
  /** As high as the frame and wider. The second half of the job pans across it. */
  video: HdrImage;
}

/** Still images are converted with a cache, video frames in place. */
export interface Converter {
  getConverted: HdrImageTransferCache["getConverted"];
  convertTransfer: (buf: Buffer, from: HdrTransfer, to: HdrTransfer) => void;
}

/** The video shows the last image, in the transfer function that the frames do not have. */
export function createJob(images: HdrImage[], settings: Omit<Job, "stills" | "video">): Job {
  const { width, height, transfer } = settings;
  const stills = images.map((image, at) => ({ id: `image-${at}`, ...scaleToFill(image, settings) }));
  const video = scaleToFill(images.at(-1)!, { width: Math.round(width * 1.125), height });
  const videoTransfer = transfer === "pq" ? "hlg" : "pq";
  convertTransfer(video.samples, video.transfer, videoTransfer);
  return { ...settings, stills, video: { ...video, transfer: videoTransfer } };
}

/** Renders the frames one after the other, as `rgb48le`, all in the same Buffer. */
export function* renderFrames(job: Job, converter: Converter): Generator<Buffer> {
  const { width, height, transfer, frames, stills, video } = job;
  const frame = Buffer.alloc(width * height * BYTES_PER_PIXEL);
  const stillFrames = Math.ceil(frames / 2);
  for (let at = 0; at < stillFrames; at++) {
    const { id, transfer: from, samples } = stills[Math.floor((at * stills.length) / stillFrames)]!;
    converter.getConverted(id, from, transfer, samples).copy(frame);
    yield frame;
  }
  for (let at = stillFrames; at < frames; at++) {
    const pan = Math.floor(((video.width - width) * (at - stillFrames)) / (frames - stillFrames));
    for (let row = 0; row < height; row++) {
      const start = (row * video.width + pan) * BYTES_PER_PIXEL;
      const end = start + width * BYTES_PER_PIXEL;
      video.samples.copy(frame, row * width * BYTES_PER_PIXEL, start, end);
    }
    converter.convertTransfer(frame, video.transfer, transfer);
    yield frame;
  }
}
