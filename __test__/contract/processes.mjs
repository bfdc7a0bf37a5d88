// Cases that need processes of their own. An emulated process cannot start others: `npm run test:platforms` sets the
// variable then.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** In MiB: on Node.js, two runs of one workload differ by up to 60. */
const NOISE = 64;

// On Bun and Deno the peak of a `Map` varies by a factor of four from run to run, so there the bound is fixed.
const isComparable = !process.versions.bun && !process.versions.deno;

/**
 * A workload of `peak.mjs`, another one that it is compared with, and the fixed bound in MiB. Without calls of the
 * garbage collector, a cache takes about as much memory as a `Map` of Buffers.
 *
 * @type {[string, string, string, number][]}
 */
const workloads = [
  // 1200 MiB when native references kept the images alive until a finalizer ran.
  ["25 dropped caches of 48 MiB each", "caches", "map", 800],
  ["25 dropped caches of 48 MiB each, which their Buffers refer to", "cycles", "map", 800],
  ["25 dropped caches of 48 MiB each, of which one function is used", "functions", "map", 800],
  ["100 images of 12 MiB each, of which four fit", "evictions", "mapEvictions", 800],
  // 604 MiB when each cache had its own buffer for image ids.
  ["300 caches that looked up a long image id", "longIds", "sets", 300],
];

const all = workloads.map(([name, workload, baseline, fixedBound]) => [
  name,
  async () => {
    const bound = isComparable ? 1.5 * (await peakOf(baseline)) + NOISE : fixedBound;
    const peak = await peakOf(workload);
    console.log(`peak memory, ${workload}: ${Math.round(peak)} MiB, at most ${Math.round(bound)}`);
    assert.ok(peak <= bound);
  },
]);

export const cases = process.env.HDR_TEST_EMULATED ? [] : all;

/** Runs a script without the flags of this process. */
function run(script, ...args) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return promisify(execFile)(process.execPath, [path, ...args]);
}

const peaks = new Map();

async function peakOf(workload) {
  if (!peaks.has(workload)) peaks.set(workload, Number((await run("peak.mjs", workload)).stdout));
  return peaks.get(workload);
}
