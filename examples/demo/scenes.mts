/** The job of the demo: two scenes of the same two images. */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import type { HdrImage } from "../png/png.mts";
import { type HdrImageLayer, type Job, scaleToFill } from "./render.mts";

const TRANSITION_SECONDS = 1;

interface Settings {
  width: number;
  height: number;
  fps: number;
  seconds: number;
  transfer: HdrTransfer;
}

/**
 * First the background with the inset moving across it, then the inset as the background, with a window to
 * the first. Over the last second the one fades into the other.
 */
export function createJob(background: HdrImage, inset: HdrImage, settings: Settings): Job {
  const { width, height, fps, seconds, transfer } = settings;
  const margin = Math.round(height / 16);
  const small = { width: Math.round(width / 3), height: Math.round(height / 3) };
  const backgroundImage = scaleToFill("background", background, width, height);
  const insetImage = scaleToFill("inset", inset, small.width, small.height);
  const wideInsetImage = scaleToFill("inset, wide", inset, width, height);

  const first = (time: number): HdrImageLayer[] => [
    { image: backgroundImage, x: 0, y: 0 },
    {
      image: insetImage,
      x: margin + Math.round((width - small.width - 2 * margin) * time),
      y: height - small.height - margin,
    },
  ];
  const second = (): HdrImageLayer[] => [
    { image: wideInsetImage, x: 0, y: 0 },
    { image: backgroundImage, x: margin, y: margin, window: { x: small.width, y: small.height, ...small } },
  ];

  const frames = Math.max(1, Math.round(fps * seconds));
  const transitionFrames = Math.min(frames, Math.round(fps * TRANSITION_SECONDS));
  return { width, height, fps, transfer, frames, transitionFrames, scenes: [first, second] };
}
