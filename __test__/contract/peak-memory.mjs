// Without calls of the garbage collector, a cache takes about as much memory as a `Map` of Buffers.

import assert from "node:assert/strict";

import { canRun, run } from "./processes.mjs";

/** In MiB: on Node.js, two runs of one workload differ by up to 60. */
const NOISE = 64;

// On Bun and Deno the peak of a `Map` varies by a factor of four from run to run, so there the bound is fixed.
const isComparable = !process.versions.bun && !process.versions.deno;

/** A workload of `peak.mjs`, another one that it is compared with, and the fixed bound in MiB. */
const rows = [
  // 1200 MiB when native references kept the images alive until a finalizer ran.
  ["25 dropped caches of 48 MiB each", "caches", "map", 800],
  ["25 dropped caches of 48 MiB each, which their Buffers refer to", "cycles", "map", 800],
  ["25 dropped caches of 48 MiB each, of which one function is used", "functions", "map", 800],
  ["100 images of 12 MiB each, of which four fit", "evictions", "mapEvictions", 800],
  // 604 MiB when each cache had its own buffer for image ids.
  ["300 caches that looked up a long image id", "longIds", "sets", 300],
];

const all = rows.map(([name, workload, baseline, fixedBound]) => [
  name,
  async () => {
    const bound = isComparable ? 1.5 * (await peakOf(baseline)) + NOISE : fixedBound;
    const peak = await peakOf(workload);
    console.log(`peak memory, ${workload}: ${Math.round(peak)} MiB, at most ${Math.round(bound)}`);
    assert.ok(peak <= bound);
  },
]);

export const cases = canRun ? all : [];

const peaks = new Map();

async function peakOf(workload) {
  if (!peaks.has(workload)) peaks.set(workload, Number((await run("peak.mjs", workload)).stdout));
  return peaks.get(workload);
}
