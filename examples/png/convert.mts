/** Converts HDR images between PQ and HLG: `npm run convert -- in.png out.png --to hlg`. */

import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { convertTransfer, type HdrTransfer, type HlgOotf } from "hdr-image-transfer-cache";

import { createFolder, expectNoFile, writeWhole } from "./files.mts";
import { countClipped } from "./light.mts";
import { exitAfterUsage, ootfOption, parseFolder, peakLuminanceOption } from "./options.mts";
import { encodeHdrPng, readHdrPng } from "./png.mts";
import { UserError } from "./user-error.mts";

const HELP = `
An image is a PNG file of 16 bits a sample, RGB, that says in a cICP chunk that it is PQ or HLG; so is the result,
without other chunks. One that is in the transfer function already is copied as it is.

--json prints an array with an object for each file: file, out, to, and either from, width, height, milliseconds
(of the conversion alone) and clippedSamples, or error.

Exit code: 0 when all files were converted, 1 when some were not, 2 for wrong usage, 128 + n after signal n.`;

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

const command: Command = new Command("npm run convert --")
  .usage("IN OUT --to <transfer>\n       npm run convert -- IN... --out-dir <folder> --to <transfer>")
  .description("Converts still HDR images between PQ and HLG.")
  .argument("<files...>", "IN and OUT, or with --out-dir any number of IN")
  .addOption(
    new Option("--to <transfer>", "transfer function to convert to")
      .choices(["pq", "hlg"])
      .makeOptionMandatory(),
  )
  .option("--out-dir <folder>", "where the results go, under the names of the files", parseFolder)
  .addOption(ootfOption())
  .addOption(peakLuminanceOption())
  .option("--force", "overwrite files", false)
  .option("--json", "print JSON", false)
  .addHelpText("after", HELP)
  .exitOverride(exitAfterUsage)
  .parse();
const options = command.opts<Options>();
const tasks = parseTasks(command.args, options);

// By an exit, which removes what is half written.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, (_name: string, number: number) => process.exit(128 + number));
}

const bar = new SingleBar({ format: "[{bar}] {value} of {total} files", clearOnComplete: true });
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
    const [file, out, ...more] = files;
    if (file === undefined || out === undefined || more.length > 0) {
      command.error("error: expected IN and OUT, or --out-dir and any number of IN");
    }
    return [{ file, out, to }];
  }
  const outs = files.map((file) => join(outDir, basename(file)));
  const twice = outs.find((out, at) => outs.indexOf(out) < at);
  if (twice !== undefined) command.error(`error: more than one file would become ${twice}`);
  return files.map((file, at) => ({ file, out: outs[at]!, to }));
}

/** Converts a file, or says why it cannot be. */
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
  if (!force) expectNoFile(out);
  const image = await readHdrPng(file);
  const { transfer: from, width, height, samples } = image;
  const clippedSamples = from === to ? 0 : countClipped(image, ootf, peakLuminance);

  const start = performance.now();
  convertTransfer(samples, from, to, { ootf, peakLuminance });
  const milliseconds = performance.now() - start;

  const bytes = from === to ? await readFile(file) : encodeHdrPng({ ...image, transfer: to });
  if (outDir !== undefined) createFolder(dirname(out));
  await writeWhole(out, bytes, { overwrite: force });
  return { from, width, height, milliseconds, clippedSamples };
}

function describe({ out, from, to, width, height, milliseconds, clippedSamples }: Task & Conversion): string {
  const [source, target] = [from.toUpperCase(), to.toUpperCase()];
  if (from === to) return `${out}: copied, since it is ${target} already`;
  const time = `${milliseconds.toFixed(1)} ms`;
  return `${out}: ${source} to ${target}, ${width}x${height}, ${time}, ${clippedSamples} samples clipped`;
}
