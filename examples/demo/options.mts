/** The command line of the demo. */

import { fileURLToPath } from "node:url";

import { Command, InvalidArgumentError, Option } from "commander";
import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import { ootfOption, parsePath, parseNumber, peakLuminanceOption } from "../png/options.mts";

/** What the user asked for. */
export interface Options {
  background: string;
  inset: string;
  target: HdrTransfer;
  ootf: HlgOotf;
  peakLuminance: number;
  size: { width: number; height: number };
  fps: number;
  seconds: number;
  out: string;
  video?: string;
}

function parseSize(text: string): Options["size"] {
  const [width = NaN, height = NaN] = /^\d+x\d+$/.test(text) ? text.split("x").map(Number) : [];
  const isRight = (length: number) => length >= 64 && length <= 8192 && length % 2 === 0;
  if (!isRight(width) || !isRight(height)) {
    throw new InvalidArgumentError("Expected WIDTHxHEIGHT, both even, from 64 to 8192.");
  }
  return { width, height };
}

function parseVideo(text: string): string {
  if (!/.\.(mp4|mov|mkv)$/.test(text)) {
    throw new InvalidArgumentError("Expected a file that ends in .mp4, .mov or .mkv.");
  }
  return text;
}

/** Reads the command line, or ends the process with a line that says what is wrong with it. */
export function parseOptions(): Options {
  const image = (name: string) => fileURLToPath(new URL(`../images/${name}`, import.meta.url));
  return new Command("npm run demo --")
    .description("Renders still HDR images to frames, converting each image once.")
    .addOption(
      new Option("--background <png>", "image that fills the first scene").default(
        image("sunset-pq-512x256.png"),
        "a bundled one",
      ),
    )
    .addOption(
      new Option("--inset <png>", "image shown in a corner of it").default(
        image("venice-hlg-512x256.png"),
        "a bundled one",
      ),
    )
    .addOption(
      new Option("--target <transfer>", "transfer function of the job").choices(["pq", "hlg"]).default("hlg"),
    )
    .addOption(ootfOption())
    .addOption(peakLuminanceOption())
    .addOption(
      new Option("--size <WxH>", "size of the frames")
        .argParser(parseSize)
        .default(parseSize("1920x1080"), "1920x1080"),
    )
    .option("--fps <number>", "frames a second", parseNumber(1, 240), 30)
    .option("--seconds <number>", "length of the job", parseNumber(0.1, 600), 4)
    .option("--out <folder>", "where the pictures go", parsePath, "out")
    .option("--video <file>", "write the frames to a 10-bit HEVC file, too (needs ffmpeg)", parseVideo)
    .allowExcessArguments(false)
    .parse()
    .opts();
}
