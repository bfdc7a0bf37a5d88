// Uses caches and ends worker threads, drops everything, and compares what is left with what there was before.
// main.mjs starts it as it has to be.

import { once } from "node:events";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";

import { alive, CACHES, useCaches } from "./caches.mjs";

/** What RSS may grow by: of 20 000 misses, less than a hundredth of what they allocate. */
const MARGIN_MIB = 64;

const MISSES_PER_WORKER = 250;
const CALLS_PER_TURN = 20;

const options = parseOptions();
const start = performance.now();
const samples = [];

console.log(`seed ${options.seed}`);
await use("warm-up", Math.ceil(options.misses / 10), options.seed);
const before = await settle();
await use("soak   ", options.misses, options.seed + 1);
const after = await settle();

const peak = Math.max(...samples.map(({ rss }) => rss));
show();
if (options.chart) await drawChart();
const faults = [
  after.caches > 0 && `${after.caches} caches that were dropped are still there`,
  after.images > 0 && `${after.images} images that nobody holds are still there`,
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
  return new Command("npm run soak --")
    .description("Uses hundreds of caches, ends worker threads, and sees that all memory comes back.")
    .option("--misses <number>", "images to convert", parseFrom(1), 20_000)
    .option("--seed <number>", "what the random calls come from", parseFrom(0), Date.now() % 1_000_000)
    .option("--no-chart", "do not write docs/charts/soak.svg")
    .allowExcessArguments(false)
    .parse()
    .opts();
}

/** Uses caches for so many misses. Meanwhile worker threads are started, one after the other, and ended. */
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
    // Between turns, finalizers run.
    await nextTurn();
    if (done > workers * MISSES_PER_WORKER) {
      await worker;
      worker = endInMidConversion(workers++ % 10);
    }
    bar.update(done, { workers, rss: sample().rss });
  }
  await worker;
  bar.update(misses);
  bar.stop();
}

async function endInMidConversion(milliseconds) {
  const worker = new Worker(new URL("worker.mjs", import.meta.url));
  await once(worker, "message");
  await setTimeout(milliseconds);
  await worker.terminate();
}

/** Collects garbage until nothing more comes of it. */
async function settle() {
  let least = Infinity;
  for (let idleTurns = 0; idleTurns < 30; idleTurns++) {
    global.gc();
    // Other threads free the memory.
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

async function drawChart() {
  const { writeSoak } = await import("../benchmark/charts.mjs");
  const title = `${options.misses} misses in ${CACHES} caches, Node ${process.versions.node}`;
  writeSoak({ title, samples, before });
  console.log("written: docs/charts/soak.svg");
}
