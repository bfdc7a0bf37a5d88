// A process of its own for processes.mjs: `peak.mjs <workload>` prints the peak of its resident memory in MiB.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

const ROUNDS = 25;

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

workloads[process.argv[2]]();
console.log(peakMiB());

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
