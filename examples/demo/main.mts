/**
 * The demo: renders a job of still HDR images and a video to frames, and compares the time that its conversions take with
 * that of two loops in JavaScript.
 */

import { accessSync, constants, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { setImmediate } from "node:timers/promises";

import { SingleBar } from "cli-progress";

import { Comparison, printComparison } from "./comparison.mts";
import { createJob, type Job, renderFrames } from "./job.mts";
import { parseOptions } from "./options.mts";
import { drawFrame, drawHighlights, drawOotfs } from "./pictures.mts";
import { readHdrPng, reasonOf, UserError } from "./png.mts";

async function main(): Promise<void> {
  const { images: files, size, fps, seconds, target, ootf, peakLuminance, out } = parseOptions();
  const images = files.map(readHdrPng);
  checkFolder(out);

  const [from, to] = target === "pq" ? ["HLG", "PQ"] : ["PQ", "HLG"];
  console.log(`${from} to ${to}, frames of ${size.width}x${size.height}`);
  const frames = Math.max(1, Math.round(fps * seconds));
  const job = createJob(images, { ...size, fps, frames, transfer: target });
  const comparison = new Comparison(job, { ootf, peakLuminance });
  const firstFrame = await render(job, comparison);
  printComparison(job, comparison);
  if (ootf !== "per-channel" || peakLuminance !== 1000) {
    console.log("The loops convert per channel, for 1000 cd/m², whatever the\noptions.");
  }

  const pqImage = images.find(({ transfer }) => transfer === "pq");
  const pictures = {
    "frame.png": drawFrame({ ...size, transfer: target, samples: firstFrame }),
    ...(pqImage && { "highlights.png": drawHighlights(pqImage) }),
    "ootfs.png": drawOotfs(images.find(({ transfer }) => transfer === "hlg") ?? images[0]!),
  };
  // Last, so that an interrupted run leaves nothing.
  writePictures(out, pictures);
  console.log("\nSDR renderings:");
  for (const name of Object.keys(pictures)) console.log(join(out, name));
}

/** Renders all frames, and returns a copy of the first. */
async function render(job: Job, comparison: Comparison): Promise<Buffer> {
  const bar = new SingleBar({
    format: "[{bar}] {value} of {total} frames",
    barsize: 25,
    // The bar neither catches SIGINT nor changes the terminal.
    gracefulExit: false,
    linewrap: true,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  let first: Buffer | undefined;
  bar.start(job.frames, 0);
  for (const frame of renderFrames(job, comparison)) {
    first ??= Buffer.from(frame);
    bar.increment();
    // Lets the bar be drawn.
    await setImmediate();
  }
  bar.stop();
  return first!;
}

/** Throws unless the folder can be written or created. */
function checkFolder(folder: string): void {
  try {
    const existing = statSync(folder, { throwIfNoEntry: false });
    if (existing && !existing.isDirectory()) throw new Error("is not a folder");
    accessSync((existing ? folder : dirname(folder)) + sep, constants.W_OK);
  } catch (error) {
    throw new UserError(`${folder}: ${reasonOf(error)}`);
  }
}

function writePictures(folder: string, pictures: Record<string, Buffer>): void {
  try {
    // Without `recursive`, which hangs under /proc on Node.js 20.
    if (!statSync(folder, { throwIfNoEntry: false })) mkdirSync(folder);
    for (const [name, picture] of Object.entries(pictures)) writeFileSync(join(folder, name), picture);
  } catch (error) {
    throw new UserError(`${folder}: ${reasonOf(error)}`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
