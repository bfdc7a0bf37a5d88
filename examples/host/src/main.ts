/** A job of two scenes with a transition, then a video: prints which implementation converts, and the counters. */

import { implementation } from "./hdrImageTransfer.ts";
import { createJobCache, recordCounters } from "./jobCache.ts";
import { compositeImage, compositeTransition, compositeVideoFrame, type Job } from "./orchestrator.ts";

const byteLength = 320 * 180 * 6;
const canvas = Buffer.alloc(byteLength);
const dawn = { imageId: "dawn.png", transfer: "pq", pixels: Buffer.alloc(byteLength, 0x70) } as const;
const noon = { imageId: "noon.png", transfer: "pq", pixels: Buffer.alloc(byteLength, 0x90) } as const;

const job: Job = { transfer: "hlg", cache: createJobCache() };
for (let frame = 0; frame < 30; frame++) {
  if (frame < 10) compositeImage(canvas, dawn, job);
  else if (frame < 20) compositeTransition(canvas, dawn, noon, (frame - 10) / 10, job);
  else compositeVideoFrame(canvas, { transfer: "pq", pixels: Buffer.alloc(byteLength, 0x80) }, job);
}

console.log(`converted by the ${implementation}`);
recordCounters(job.cache, (name, value) => console.log(`${name}: ${Math.round(value)}`));
