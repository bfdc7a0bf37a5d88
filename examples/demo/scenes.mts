/** The job of the demo: a scene of still images fades into one with a video. */

import { convertTransfer, type HdrTransfer } from "hdr-image-transfer-cache";

import type { HdrImage } from "../png/png.mts";
import { BYTES_PER_PIXEL, drawTiles, scaleDown, type Size } from "./images.mts";
import type { Job, Layer } from "./render.mts";

const TRANSITION_SECONDS = 1;

interface Settings extends Size {
  fps: number;
  seconds: number;
  transfer: HdrTransfer;
}

/**
 * The first scene has the background as a still image that fills the frame, with the inset moving across it. The
 * second has the inset as a video that fills the frame, and a part of the background over it. Images smaller than
 * the frame are repeated, larger ones scaled down.
 */
export function createJob(background: HdrImage, inset: HdrImage, settings: Settings): Job {
  const { width, height, fps, seconds, transfer } = settings;
  const margin = Math.round(height / 16);
  const third = { width: Math.round(width / 3), height: Math.round(height / 3) };

  const tile = scaleDown(background, settings);
  const samples = Buffer.alloc(width * height * BYTES_PER_PIXEL);
  drawTiles(tile, samples, settings);
  const backgroundImage = { id: "background", width, height, transfer: tile.transfer, samples };
  const insetImage = { id: "inset", ...scaleDown(inset, third) };
  const window = { width: Math.min(third.width, tile.width), height: Math.min(third.height, tile.height) };

  // In the transfer function that the job does not have, so that each frame is converted.
  const video = { ...scaleDown(inset, settings), transfer: transfer === "pq" ? "hlg" : "pq" } as const;
  convertTransfer(video.samples, inset.transfer, video.transfer);

  const first = (time: number): Layer[] => [
    { image: backgroundImage, x: 0, y: 0 },
    {
      image: insetImage,
      x: margin + Math.round((width - insetImage.width - 2 * margin) * time),
      y: height - insetImage.height - margin,
    },
  ];
  const second = (): Layer[] => [
    {
      transfer: video.transfer,
      decode: (time, frame) => drawTiles(video, frame, settings, Math.round(time * video.width)),
    },
    { image: backgroundImage, x: margin, y: margin, window },
  ];

  const frames = Math.max(1, Math.round(fps * seconds));
  const transitionFrames = Math.min(frames, Math.round(fps * TRANSITION_SECONDS));
  const transitionStart = Math.floor((frames - transitionFrames) / 2);
  return { width, height, fps, transfer, frames, transitionStart, transitionFrames, scenes: [first, second] };
}
