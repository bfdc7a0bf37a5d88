/** Converts HDR images between PQ and HLG: `npm run convert -- in.png out.png --to hlg`. */

import { basename, join } from "node:path";

import { SingleBar } from "cli-progress";
import { type Command, Option } from "commander";
import { convertTransfer, type HdrTransfer, type HlgOotf } from "hdr-image-transfer-cache";

import { checkOutput, createFolder, writeWhole } from "./files.mts";
import { countClipped } from "./light.mts";
import {
  createCommand,
  INTERRUPTIBLE_BAR,
  ootfOption,
  parsePath,
  parsePaths,
  peakLuminanceOption,
} from "./options.mts";
import { decodeHdrPng, encodeHdrPng, readBytes } from "./png.mts";
import { UserError } from "./user-error.mts";

const HELP = `
Input and output are 16-bit RGB PNG files with a cICP chunk that says PQ or HLG. Other chunks are dropped. Files
already in the target transfer function are copied unchanged.

--json prints an array with one object for each file: file, out, to, and either error, or from, width, height,
milliseconds (of the conversion alone) and clippedSamples.

Exit code: 0 when all files were converted, 1 when any failed, 2 for wrong usage.`;

interface Options {
  to: HdrTransfer;
  outDir?: string;
  ootf: HlgOotf;
  peakLuminance: number;
  force: boolean;
  json: boolean;
}

interface Task {
  file: string;
  out: string;
  to: HdrTransfer;
}

interface Conversion {
  from: HdrTransfer;
  width: number;
  height: number;
  milliseconds: number;
  clippedSamples: number;
}

type Result = Task & (Conversion | { error: string });

const command: Command = createCommand("convert", "Converts still HDR images between PQ and HLG.")
  .usage("IN OUT --to <pq|hlg>\n       npm run convert -- IN... --out-dir <folder> --to <pq|hlg>")
  .argument("<files...>", "IN and OUT, or any number of IN with --out-dir", parsePaths)
  .addOption(
    new Option("--to <pq|hlg>", "transfer function to convert to")
      .choices(["pq", "hlg"])
      .makeOptionMandatory(),
  )
  .option("--out-dir <folder>", "folder for the results, which keep the names of their inputs", parsePath)
  .addOption(ootfOption())
  .addOption(peakLuminanceOption())
  .option("--force", "replace existing files", false)
  .option("--json", "print JSON", false)
  .addHelpText("after", HELP)
  .parse();
const options = command.opts<Options>();
const tasks = parseTasks(command.processedArgs[0], options);

const bar = new SingleBar({
  format: "[{bar}] {value} of {total} files",
  clearOnComplete: true,
  ...INTERRUPTIBLE_BAR,
});
bar.start(tasks.length, 0);
const results: Result[] = [];
for (const task of tasks) {
  results.push({ ...task, ...(await attempt(task)) });
  bar.increment();
}
bar.stop();

for (const result of results) {
  if ("error" in result) {
    console.error(`error: ${result.error}`);
    process.exitCode = 1;
  } else if (!options.json) {
    console.log(describe(result));
  }
}
if (options.json) console.log(JSON.stringify(results, null, 2));

function parseTasks(files: string[], { to, outDir }: Options): Task[] {
  if (outDir === undefined) {
    const [file, out] = files;
    if (files.length !== 2) command.error("error: expected IN and OUT, or any number of IN with --out-dir");
    return [{ file: file!, out: out!, to }];
  }
  const outs = files.map((file) => join(outDir, basename(file)));
  const duplicate = outs.find((out, at) => outs.indexOf(out) < at);
  if (duplicate !== undefined) command.error(`error: several files would be written to ${duplicate}`);
  return files.map((file, at) => ({ file, out: outs[at]!, to }));
}

/** Converts a file, or returns why it failed. */
async function attempt(task: Task): Promise<Conversion | { error: string }> {
  try {
    return await convert(task);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { error: error.message };
  }
}

async function convert({ file, out, to }: Task): Promise<Conversion> {
  const { outDir, ootf, peakLuminance, force } = options;
  if (outDir !== undefined) createFolder(outDir);
  checkOutput(out, { overwrite: force });
  const bytes = await readBytes(file);
  const image = decodeHdrPng(file, bytes);
  const { transfer: from, width, height, samples } = image;
  const clippedSamples = from === to ? 0 : countClipped(image, ootf, peakLuminance);

  const start = performance.now();
  convertTransfer(samples, from, to, { ootf, peakLuminance });
  const milliseconds = performance.now() - start;

  await writeWhole(out, from === to ? bytes : encodeHdrPng({ ...image, transfer: to }), { overwrite: force });
  return { from, width, height, milliseconds, clippedSamples };
}

function describe({ out, from, to, width, height, milliseconds, clippedSamples }: Task & Conversion): string {
  const [source, target] = [from.toUpperCase(), to.toUpperCase()];
  if (from === to) return `${out}: already ${target}, copied unchanged`;
  const time = `${milliseconds.toFixed(1)} ms`;
  return `${out}: ${source} to ${target}, ${width}x${height}, ${time}, ${clippedSamples} samples clipped`;
}
