// The peak of resident memory, in processes of their own, which run this file: `peak.mjs <workload>` prints it in MiB.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

const FILE = fileURLToPath(import.meta.url);
const ROUNDS = 25;
/** In MiB: on Node.js, two runs of one workload differ by up to 60. */
const NOISE = 64;

// On Bun and Deno the peak of a `Map` varies by a factor of four from run to run, so there the bound is fixed.
const isComparable = !process.versions.bun && !process.versions.deno;

/**
 * A workload, another one that it is compared with, and the fixed bound in MiB. Without calls of the
 * garbage collector, a cache takes about as much memory as a `Map` of Buffers.
 *
 * @type {[string, string, string, number][]}
 */
const comparisons = [
  // 1200 MiB when native references kept the images alive until a finalizer ran.
  ["25 dropped caches of 48 MiB each", "caches", "map", 800],
  ["25 dropped caches of 48 MiB each, which their Buffers refer to", "cycles", "map", 800],
  ["25 dropped caches of 48 MiB each, of which one function is used", "functions", "map", 800],
  ["100 images of 12 MiB each, of which four fit", "evictions", "mapEvictions", 800],
  // 604 MiB when each cache had its own buffer for image ids.
  ["300 caches that looked up a long image id", "longIds", "sets", 300],
];

/** An emulated process cannot start others: `npm run test:platforms` sets the variable then. */
const canRun = !process.env.HDR_TEST_EMULATED;

export const cases = (canRun ? comparisons : []).map(([name, workload, baseline, fixedBound]) => [
  name,
  async () => {
    const bound = isComparable ? 1.5 * (await peakOf(baseline)) + NOISE : fixedBound;
    const peak = await peakOf(workload);
    console.log(`peak memory, ${workload}: ${Math.round(peak)} MiB, at most ${Math.round(bound)}`);
    assert.ok(peak <= bound);
  },
]);

const peaks = new Map();

async function peakOf(workload) {
  if (!peaks.has(workload)) {
    // Without the flags of this process.
    const { stdout } = await promisify(execFile)(process.execPath, [FILE, workload]);
    peaks.set(workload, Number(stdout));
  }
  return peaks.get(workload);
}

const source = Buffer.alloc(12 << 20, 0x55);

const workloads = {
  map: () => dropCaches(createMap),
  caches: () => dropCaches(createHdrImageTransferCache),
  cycles() {
    for (let round = 0; round < ROUNDS; round++) {
      const cache = createHdrImageTransferCache();
      for (const converted of fillCache(cache)) converted.owner = cache;
    }
  },
  functions() {
    const black = Buffer.alloc(source.length);
    let earlier;
    for (let round = 0; round < ROUNDS; round++) {
      const { getConverted } = createHdrImageTransferCache();
      fillCache({ getConverted });
      // A cache miss would convert the black image.
      if (earlier) assert.notEqual(earlier("3", "pq", "hlg", black)[0], 0);
      earlier = getConverted;
    }
  },
  mapEvictions: () => evict(createMap(4)),
  evictions: () => evict(createHdrImageTransferCache(4)),
  sets: () => lookUpLongIds(() => new Set()),
  longIds: () => lookUpLongIds(createHdrImageTransferCache),
};

if (process.argv[1] === FILE) {
  workloads[process.argv[2]]();
  console.log(peakMiB());
}

/** What a cache is compared with: a `Map` of copies. */
function createMap(maxEntries = Infinity) {
  const images = new Map();
  return {
    getConverted(imageId, _sourceTransfer, _targetTransfer, image) {
      if (images.size === maxEntries) images.delete(images.keys().next().value);
      images.set(imageId, Buffer.from(image));
      return images.get(imageId);
    },
  };
}

function dropCaches(create) {
  for (let round = 0; round < ROUNDS; round++) fillCache(create());
}

function fillCache(cache) {
  return ["0", "1", "2", "3"].map((id) => cache.getConverted(id, "pq", "hlg", source));
}

function evict(cache) {
  for (let id = 0; id < 100; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
}

function lookUpLongIds(create) {
  const caches = Array.from({ length: 300 }, () => create());
  for (const [at, cache] of caches.entries()) cache.delete("x".repeat(2 ** 20 - 10) + at);
}

/** On Linux from `/proc`: `maxRSS` includes the memory of the parent process, of which a child starts as a copy. */
function peakMiB() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
}
