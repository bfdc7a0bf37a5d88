/**
 * The main job: renders still HDR images and a video to frames, and compares the time for conversions with that of
 * the TypeScript module.
 */

import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { SingleBar } from "cli-progress";
import type { HdrTransfer } from "hdr-image-transfer-cache";

import { checkOutput, createFolder } from "../png/files.mts";
import { INTERRUPTIBLE_BAR } from "../png/options.mts";
import { readHdrPng, writeHdrPng } from "../png/png.mts";
import { runCommand } from "../png/user-error.mts";
import { Comparison, printComparison } from "./comparison.mts";
import { type Options, parseOptions } from "./options.mts";
import { writeHighlights, writeOotfs } from "./pictures.mts";
import { type Job, renderFrames } from "./render.mts";
import { createJob } from "./scenes.mts";
import { VideoFile } from "./video-file.mts";

async function main(): Promise<void> {
  const options = parseOptions();
  const { size, fps, seconds, target, ootf, peakLuminance, out } = options;
  const background = await readHdrPng(options.background);
  const inset = await readHdrPng(options.inset);
  createFolder(out);
  const [framePng, highlightsPng, ootfsPng] = ["frame.png", "highlights.png", "ootfs.png"].map((name) =>
    join(out, name),
  ) as [string, string, string];
  for (const file of [framePng, highlightsPng, ootfsPng]) checkOutput(file);
  if (options.video) checkOutput(options.video);

  const name = (transfer: HdrTransfer) => transfer.toUpperCase();
  const to = name(target);
  const stills = `${name(background.transfer)} and ${name(inset.transfer)} still images`;
  const from = target === "pq" ? "HLG" : "PQ";
  console.log(`Preparing ${size.width}x${size.height} frames in ${to}: ${stills}, and video in ${from}`);
  const job = createJob(background, inset, { ...size, fps, seconds, transfer: target });
  const comparison = new Comparison(job, { ootf, peakLuminance });
  const shownFrame = Math.max(0, job.transitionStart - 1);
  const samples = await render(job, comparison, options, shownFrame);
  printComparison(job, comparison);
  if (ootf !== "per-channel" || peakLuminance !== 1000) {
    console.log(
      "The TypeScript module converts per channel, for a display of 1000 cd/m², whatever the options.",
    );
  }

  console.log(`\n${framePng}: frame ${shownFrame}, 16-bit ${to}`);
  await writeHdrPng(framePng, { ...size, transfer: target, samples });
  if (options.video) console.log(`${options.video}: all frames, 10-bit HEVC, ${to}`);
  const pqImage = [background, inset].find(({ transfer }) => transfer === "pq");
  if (pqImage) {
    console.log(
      `${highlightsPng}: highlights above the range of HLG, wrapped by the TypeScript module and clipped by the addon`,
    );
    await writeHighlights(highlightsPng, pqImage);
  }
  console.log(`${ootfsPng}: the inset converted per channel and with the luminance OOTF`);
  await writeOotfs(ootfsPng, inset);
}

/** Renders all frames, encodes them if asked to, and returns a copy of one. */
async function render(
  job: Job,
  comparison: Comparison,
  { video }: Options,
  shownFrame: number,
): Promise<Buffer> {
  const videoFile = video ? await VideoFile.create(video, job) : undefined;
  const bar = new SingleBar({
    format: "rendering [{bar}] {value} of {total} frames",
    ...INTERRUPTIBLE_BAR,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  let shown = Buffer.alloc(0);
  let frames = 0;
  bar.start(job.frames, 0);
  try {
    for (const frame of renderFrames(job, comparison)) {
      comparison.endFrame();
      if (frames === shownFrame) shown = Buffer.from(frame);
      await videoFile?.write(frame);
      bar.update(++frames);
      // Lets the bar be drawn, and signals be handled.
      await setImmediate();
    }
    bar.stop();
    if (video) console.log(`${video}: ffmpeg encodes the last frames`);
    await videoFile?.finish();
  } catch (error) {
    bar.stop();
    await videoFile?.abandon();
    throw error;
  }
  return shown;
}

await runCommand(main);
