// Without calls of the garbage collector, a cache takes about as much memory as a `Map` of Buffers.

import assert from "node:assert/strict";

import { canRun, run } from "./processes.mjs";

/** In MiB: on Node.js, two runs of one workload differ by up to 60. */
const NOISE = 64;

// On Bun and Deno the peak of a `Map` varies by a factor of four from run to run, so there the bound is fixed.
const isComparable = !process.versions.bun && !process.versions.deno;

const all = [
  [
    "100 dropped caches of 48 MiB each",
    // 4856 MiB when only finalizers released the images.
    () => assertPeaks("map", ["caches", "microtasks", "cycles", "functions"], 800),
  ],
  ["100 images of 47 MiB each, of which four fit", () => assertPeaks("mapEvictions", ["evictions"], 2500)],
  // 604 MiB when each cache had its own buffer for image ids.
  ["300 caches that looked up a long image id", () => assertPeaks("sets", ["longIds"], 300)],
];

export const cases = canRun ? all : [];

/** Asserts that workloads of `peak.mjs` take at most 1.5 times the memory of another one, or a fixed number of MiB. */
async function assertPeaks(baseline, workloads, fixedBound) {
  const expected = await peakOf(baseline);
  const bound = isComparable ? 1.5 * expected + NOISE : fixedBound;
  const peaks = { [baseline]: expected };
  for (const workload of workloads) peaks[workload] = await peakOf(workload);
  const text = Object.entries(peaks).map(([name, peak]) => `${name} ${Math.round(peak)}`);
  console.log(`peak memory in MiB: ${text.join(", ")}`);
  assert.ok(Math.max(...Object.values(peaks).slice(1)) <= bound, `the bound is ${Math.round(bound)} MiB`);
}

async function peakOf(workload) {
  const { stdout } = await run("peak.mjs", workload);
  return Number(stdout);
}
