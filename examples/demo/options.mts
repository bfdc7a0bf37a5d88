/** The command line of the demo. */

import { fileURLToPath } from "node:url";

import { InvalidArgumentError, Option } from "commander";
import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import { createCommand, ootfOption, parseNumber, parsePath, peakLuminanceOption } from "../png/options.mts";
import type { Size } from "./images.mts";

export interface Options {
  background: string;
  inset: string;
  target: HdrTransfer;
  ootf: HlgOotf;
  peakLuminance: number;
  size: Size;
  fps: number;
  seconds: number;
  out: string;
  video?: string;
}

const HELP = `
Images are 16-bit RGB PNG files with a cICP chunk that says PQ or HLG. The second scene shows the inset as a video in
the transfer function that the job does not have.

Exit code: 0, 1 when a file cannot be read or written, 2 for wrong usage.`;

function parseSize(text: string): Size {
  const [width = NaN, height = NaN] = /^\d+x\d+$/.test(text) ? text.split("x").map(Number) : [];
  const isValid = (length: number) => length >= 64 && length <= 8192 && length % 2 === 0;
  if (!isValid(width) || !isValid(height)) {
    throw new InvalidArgumentError("Expected WIDTHxHEIGHT, both even, from 64 to 8192.");
  }
  return { width, height };
}

function parseVideo(text: string): string {
  if (!/.\.(mp4|mov|mkv)$/.test(text)) {
    throw new InvalidArgumentError("Expected a file name that ends in .mp4, .mov or .mkv.");
  }
  return parsePath(text);
}

export function parseOptions(): Options {
  const image = (option: string, description: string, name: string) =>
    new Option(option, description)
      .argParser(parsePath)
      .default(fileURLToPath(new URL(`../images/${name}`, import.meta.url)), name);
  return createCommand("demo", "Renders a job with still HDR images and a video, and times its conversions.")
    .addOption(image("--background <png>", "still image that fills the first scene", "sunset-pq-512x256.png"))
    .addOption(image("--inset <png>", "still image that moves across it", "venice-hlg-512x256.png"))
    .addOption(
      new Option("--target <pq|hlg>", "transfer function of the frames")
        .choices(["pq", "hlg"])
        .default("hlg"),
    )
    .addOption(ootfOption())
    .addOption(peakLuminanceOption())
    .addOption(
      new Option("--size <WIDTHxHEIGHT>", "size of the frames, both even, from 64 to 8192")
        .argParser(parseSize)
        .default(parseSize("1920x1080"), "1920x1080"),
    )
    .option("--fps <number>", "frames a second, 1 to 240", parseNumber(1, 240), 30)
    .option("--seconds <number>", "length of the job, 0.1 to 600", parseNumber(0.1, 600), 4)
    .option("--out <folder>", "folder for the pictures", parsePath, "out")
    .option(
      "--video <file>",
      "also encode the frames to 10-bit HEVC: .mp4, .mov, .mkv (needs ffmpeg)",
      parseVideo,
    )
    .addHelpText("after", HELP)
    .parse()
    .opts();
}
