/** The command line of the demo. */

import { fileURLToPath } from "node:url";

import { Command, InvalidArgumentError, Option } from "commander";
import type { HdrTransfer, HlgOotf } from "hdr-image-transfer-cache";

import type { Size } from "./images.mts";

export interface Options {
  images: string[];
  target: HdrTransfer;
  ootf: HlgOotf;
  peakLuminance: number;
  size: Size;
  fps: number;
  seconds: number;
  out: string;
}

const IMAGES = ["venice-hlg-512x256.png", "sunset-pq-512x256.png"];

const HELP = `
Images are 16-bit RGB PNG files with a cICP chunk that says PQ or HLG. Each
fills the frame for a while. In the second half of the job, the last one is a
video, in the transfer function that the frames do not have.

Exit code: 0, 1 when a file cannot be read or written, 2 for wrong usage.`;

export function parseOptions(): Options {
  const command = new Command("npm run demo --")
    .description("Renders a job with still HDR images and a video, and times its conversions.")
    .argument("[images...]", `still images (default: ${IMAGES.join(", ")})`)
    .addOption(
      new Option("--target <pq|hlg>", "transfer function of the frames").choices(["pq", "hlg"]).default("pq"),
    )
    .addOption(
      new Option("--ootf <per-channel|luminance>", "what the HLG OOTF depends on")
        .choices(["per-channel", "luminance"])
        .default("per-channel"),
    )
    .option("--peak-luminance <cd/m²>", "peak of the HLG display, 1 to 10000", parseNumber(1, 10_000), 1000)
    .addOption(
      new Option("--size <WIDTHxHEIGHT>", "size of the frames, from 64 to 4096")
        .argParser(parseSize)
        .default(parseSize("1920x1080"), "1920x1080"),
    )
    .option("--fps <number>", "frames a second, 1 to 240", parseNumber(1, 240), 30)
    .option("--seconds <number>", "length of the job, 0.1 to 600", parseNumber(0.1, 600), 4)
    .option("--out <folder>", "folder for the pictures", "out")
    .addHelpText("after", HELP)
    .showHelpAfterError("See npm run demo -- --help")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse();
  const bundled = IMAGES.map((name) => fileURLToPath(new URL(`../images/${name}`, import.meta.url)));
  return { ...command.opts(), images: command.args.length > 0 ? command.args : bundled };
}

function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
    }
    return value;
  };
}

function parseSize(text: string): Size {
  const [width = NaN, height = NaN] = /^\d+x\d+$/.test(text) ? text.split("x").map(Number) : [];
  const isValid = (length: number) => length >= 64 && length <= 4096;
  if (!isValid(width) || !isValid(height)) {
    throw new InvalidArgumentError("Expected WIDTHxHEIGHT, both from 64 to 4096.");
  }
  return { width, height };
}
