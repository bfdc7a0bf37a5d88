/** The demo: renders a job with the addon and with two loops in JavaScript, and compares the time of the conversions. */

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import * as addon from "hdr-image-transfer-cache";

import { BASELINES } from "../../bench/baselines.mjs";
import { type Converter, FRAMES, FRAMES_OF_IMAGE, render } from "./job.mts";
import { drawFrame, drawHighlights, drawOotfs } from "./pictures.mts";

const OPTIONS = { size: { type: "string", default: "1920x1080" }, help: { type: "boolean" } } as const;
const CONVERTERS: Record<string, Converter> = { ...BASELINES, addon };

async function main(): Promise<void> {
  const { size, help } = parseArgs({ options: OPTIONS }).values;
  const [width = 0, height = 0] = /^(\d+)x(\d+)$/.exec(size)?.slice(1).map(Number) ?? [];
  const usage = "--size WIDTHxHEIGHT: each from 64 to 4096";
  if (help) return console.log(`npm run demo -- ${usage} (default: 1920x1080)`);
  if (Math.min(width, height) < 64 || Math.max(width, height) > 4096) throw new RangeError(usage);
  // Before the work, so that an error comes at once.
  mkdirSync("out", { recursive: true });

  console.log(`${FRAMES} PQ frames of ${size}, rendered three times:
an HLG video, and over it PQ and HLG images.
Node.js ${process.versions.node}, ${availableParallelism()} processors`);
  const bar = new SingleBar({ format: "[{bar}] {value} of {total} frames", barsize: 25, noTTYOutput: true });
  bar.start(FRAMES * Object.keys(CONVERTERS).length, 0);
  const results = [];
  for (const converter of Object.values(CONVERTERS)) {
    // Loops are compiled, and tables built, once a process.
    converter.convertTransfer(Buffer.alloc(2 ** 20), "hlg", "pq");
    results.push(await render(converter, width, height, () => bar.increment()));
  }
  bar.stop();

  const hlgImages = FRAMES / FRAMES_OF_IMAGE / 2;
  const table = new Table({
    head: ["", ...Object.keys(CONVERTERS).map((name) => name.replaceAll("`", "").replace(" ", "\n"))],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  table.push(
    ["video, a frame", ...results.map(({ ms }) => format(ms.video / FRAMES))],
    ["HLG image, once", ...results.map(({ ms }) => format(ms.images / hlgImages))],
    ["all conversions", ...results.map(({ ms }) => format(ms.video + ms.images))],
  );
  const { first, ms } = results.at(-1)!;
  console.log(`${table}

An image is on ${FRAMES_OF_IMAGE} frames, and converted for the first one.
Without its cache, the addon would take ${format((FRAMES_OF_IMAGE - 1) * ms.images)} more.

SDR renderings:`);
  const pictures = {
    "out/frame.png": drawFrame(first, width, height),
    "out/ootfs.png": drawOotfs(),
    "out/highlights.png": drawHighlights(),
  };
  for (const [path, picture] of Object.entries(pictures)) {
    writeFileSync(path, picture);
    console.log(path);
  }
}

function format(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

try {
  await main();
} catch (error) {
  // An option that is wrong, or a folder that cannot be written.
  if (!(error instanceof RangeError || (error instanceof Error && "code" in error))) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
