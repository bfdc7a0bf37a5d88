// Uses caches and terminates worker threads, drops all caches, and compares the memory in use with that after a warm-up.
// main.mjs starts it with the options that it needs.

import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";

import { alive, CACHES, useCaches } from "./caches.mjs";

/** The most that RSS may grow: less than 1 % of what 20 000 misses allocate. */
const MARGIN_MIB = 64;

const MISSES_PER_WORKER = 250;
const CALLS_PER_TURN = 20;

const options = parseOptions();
const start = performance.now();
/** RSS over time. */
const samples = [];

console.log(`seed ${options.seed}`);
await use("warm-up", Math.ceil(options.misses / 10), options.seed);
const before = await settle();
await use("soak   ", options.misses, options.seed + 1);
const after = await settle();

const peak = Math.max(...samples.map(({ rss }) => rss));
show();
if (options.chart) writeResults();
const faults = [
  after.caches > 0 && `${after.caches} unreferenced caches were not collected`,
  after.images > 0 && `${after.images} unreferenced images were not collected`,
  after.rss > before.rss + MARGIN_MIB && `RSS has grown by more than ${MARGIN_MIB} MiB`,
].filter(Boolean);
for (const fault of faults) console.error(`error: ${fault}`);
if (faults.length > 0) process.exitCode = 1;

function parseOptions() {
  const parseFrom = (min) => (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= min) return number;
    throw new InvalidArgumentError(`Expected an integer from ${min}.`);
  };
  return new Command("npm run test:soak --")
    .description("Uses hundreds of caches, terminates worker threads, and checks that all memory is freed.")
    .option("--misses <number>", "images to convert", parseFrom(1), 20_000)
    .option("--seed <number>", "seed of the random calls", parseFrom(0), Date.now() % 1_000_000)
    .option("--no-chart", "do not write target/soak.json, from which the chart is drawn")
    .allowExcessArguments(false)
    .parse()
    .opts();
}

/** Uses caches until so many misses are counted. Meanwhile starts and terminates worker threads, one after the other. */
async function use(title, misses, seed) {
  const bar = new SingleBar({
    format: `${title} [{bar}] {value} of {total} misses, {workers} workers, {rss} MiB of RSS`,
    noTTYOutput: true,
    notTTYSchedule: 5000,
  });
  let worker;
  let workers = 0;
  let calls = 0;
  bar.start(misses, 0, { workers, rss: sample().rss });
  for (const done of useCaches(misses, seed)) {
    if (++calls % CALLS_PER_TURN > 0) continue;
    // Finalizers run between turns of the event loop.
    await nextTurn();
    if (done > workers * MISSES_PER_WORKER) {
      await worker;
      worker = terminateInConversion(workers++ % 10);
    }
    bar.update(done, { workers, rss: sample().rss });
  }
  await worker;
  bar.update(misses);
  bar.stop();
}

async function terminateInConversion(milliseconds) {
  const worker = new Worker(new URL("worker.mjs", import.meta.url));
  await once(worker, "message");
  await setTimeout(milliseconds);
  await worker.terminate();
}

/** Collects garbage until the memory in use no longer falls. */
async function settle() {
  let least = Infinity;
  for (let idleTurns = 0; idleTurns < 30; idleTurns++) {
    global.gc();
    // Node.js frees Buffers on other threads.
    await setTimeout(10);
    const left = alive.caches + alive.images + sample().rss;
    if (left < least) [least, idleTurns] = [left, 0];
  }
  return { ...alive, rss: sample().rss };
}

function sample() {
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  samples.push({ seconds: (performance.now() - start) / 1000, rss });
  return { rss };
}

function show() {
  const table = new Table({
    head: ["", "after the warm-up", "peak", "at the end"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  table.push(
    ["caches not collected", before.caches, "", after.caches],
    ["images not collected", before.images, "", after.images],
    ["RSS, MiB", before.rss, peak, after.rss],
  );
  console.log(table.toString());
}

function writeResults() {
  const folder = new URL("../../target/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const results = {
    runtime: `Node.js ${process.versions.node}`,
    misses: options.misses,
    caches: CACHES,
    afterWarmUp: before.rss,
    samples,
  };
  writeFileSync(new URL("soak.json", folder), `${JSON.stringify(results)}\n`);
  console.log("written: target/soak.json");
}
