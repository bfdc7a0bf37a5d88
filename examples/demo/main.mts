/**
 * The main job: renders frames of still HDR images, each converted once and kept, and shows what that costs
 * beside the loop of the TypeScript module.
 */

import { join } from "node:path";

import { createFolder } from "../png/files.mts";
import { readHdrPng, writeHdrPng } from "../png/png.mts";
import { runCommand } from "../png/user-error.mts";
import { parseOptions } from "./options.mts";
import { writeHighlights, writeOotfs } from "./pictures.mts";
import { renderWithAddon, renderWithLoop, showReports } from "./report.mts";
import { createJob } from "./scenes.mts";
import { VideoWriter } from "./video.mts";

async function main(): Promise<void> {
  const { size, fps, seconds, target, ootf, peakLuminance, out, video: videoFile, ...files } = parseOptions();
  const background = await readHdrPng(files.background);
  const inset = await readHdrPng(files.inset);
  createFolder(out);

  const job = createJob(background, inset, { ...size, fps, seconds, transfer: target });
  const video = videoFile ? await VideoWriter.start(videoFile, job) : undefined;
  // The last one before the transition, if there is one.
  const shownFrame = Math.max(0, job.frames - job.transitionFrames - 1);
  const shown = Buffer.alloc(6 * size.width * size.height);
  try {
    const addon = await renderWithAddon(job, { ootf, peakLuminance }, async (frame, number) => {
      if (number === shownFrame) frame.copy(shown);
      await video?.write(frame);
    });
    await video?.finish();
    showReports(addon, renderWithLoop(job));
  } catch (error) {
    await video?.abandon();
    throw error;
  }

  const framePng = join(out, "frame.png");
  await writeHdrPng(framePng, { ...size, transfer: target, samples: shown });
  console.log(`${framePng}: frame ${shownFrame}, 16-bit, ${target.toUpperCase()}`);
  if (videoFile) console.log(`${videoFile}: all frames, 10-bit HEVC, ${target.toUpperCase()}`);

  const pqImage = [background, inset].find((image) => image.transfer === "pq");
  if (pqImage) {
    const highlightsPng = join(out, "highlights.png");
    await writeHighlights(highlightsPng, pqImage);
    console.log(
      `${highlightsPng}: highlights in HLG, left wrapped by the loop, right saturated by the addon`,
    );
  }
  const ootfsPng = join(out, "ootfs.png");
  await writeOotfs(ootfsPng, background);
  console.log(`${ootfsPng}: saturated colours, left converted per channel, right by luminance`);
}

await runCommand(main);
