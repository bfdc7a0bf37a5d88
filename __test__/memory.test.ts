/** What is let go is collected, what is kept is not, and a cache holds no more than its limits say. */

import { execFile } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

const MIB = 2 ** 20;

/** Collects garbage until `done`, or for good if nothing comes of it. Finalizers run between turns. */
async function collectUntil(done: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 50 && !done(); turn++) {
    global.gc!();
    await nextTurn();
  }
  return done();
}

/** Tells of each collected Buffer that was registered. It must live as long as anyone waits for it. */
const registry = new FinalizationRegistry<() => void>((tell) => tell());

/** Whether a Buffer can be collected that this file does not hold. */
async function isCollected(make: () => Buffer): Promise<boolean> {
  let collected = false;
  registry.register(make(), () => (collected = true));
  return collectUntil(() => collected);
}

test("a kept image is not collected", async () => {
  const cache = createHdrImageTransferCache();
  expect(await isCollected(() => cache.getConverted("image", "pq", "hlg", image(600)))).toBe(false);
  const kept = cache.getConverted("image", "pq", "hlg", image(600, 2));
  expect(kept).toEqual(convertedCopy(image(600), "pq", "hlg"));
  expect(cache.stats().hits).toBe(1);
});

test("an evicted image is collected", async () => {
  const cache = createHdrImageTransferCache(1);
  const isEvictedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.getConverted("another", "pq", "hlg", image(600));
    return converted;
  });
  expect(await isEvictedCollected).toBe(true);
  expect(cache.size()).toBe(1);
});

test("a deleted image is collected", async () => {
  const cache = createHdrImageTransferCache();
  const isDeletedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.delete("image");
    return converted;
  });
  expect(await isDeletedCollected).toBe(true);
});

test("cleared images are collected", async () => {
  const cache = createHdrImageTransferCache();
  const isClearedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.clear();
    return converted;
  });
  expect(await isClearedCollected).toBe(true);
});

test("a replaced image is collected", async () => {
  const cache = createHdrImageTransferCache();
  const isReplacedCollected = isCollected(() => {
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    cache.getConverted("image", "pq", "hlg", image(12));
    return converted;
  });
  expect(await isReplacedCollected).toBe(true);
});

test.each([
  ["caching is off", { maxBytes: 0 }],
  ["it is larger than maxBytes", { maxBytes: 500 }],
])("an image is collected that was not kept, since %s", async (_, limits) => {
  const cache = createHdrImageTransferCache(limits);
  expect(await isCollected(() => cache.getConverted("image", "pq", "hlg", image(600)))).toBe(true);
});

test("with a cache, its images are collected", async () => {
  const makeAndDrop = () => createHdrImageTransferCache().getConverted("image", "pq", "hlg", image(600));
  expect(await isCollected(makeAndDrop)).toBe(true);
});

test("a source is not held", async () => {
  const cache = createHdrImageTransferCache();
  const convertAndDrop = () => {
    const source = image(600);
    cache.getConverted("image", "pq", "hlg", source);
    cache.getConverted("image", "pq", "hlg", source);
    cache.getConverted("image", "pq", "pq", source);
    return source;
  };
  expect(await isCollected(convertAndDrop)).toBe(true);
});

test("60 dropped caches of 48 MiB do not grow the process", { timeout: 120_000 }, async () => {
  const source = Buffer.alloc(12 * MIB, 0x55);
  const fillAndDrop = () => {
    const cache = createHdrImageTransferCache();
    for (let id = 0; id < 4; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
    expect(cache.bytesUsed()).toBe(48 * MIB);
  };
  const before = process.memoryUsage();
  let peak = 0;
  for (let round = 0; round < 60; round++) {
    fillAndDrop();
    global.gc!();
    await nextTurn();
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  await collectUntil(() => process.memoryUsage().arrayBuffers < before.arrayBuffers + MIB);
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(before.arrayBuffers + MIB);
  // All together would be 2880 MiB. Some caches wait for their finalizer at any time.
  expect((peak - before.rss) / MIB).toBeLessThan(400);
});

test("evictions keep the process within the limit", async () => {
  const source = Buffer.alloc(12 * MIB, 0x55);
  const cache = createHdrImageTransferCache({ maxBytes: 36 * MIB });
  const before = process.memoryUsage().arrayBuffers;
  for (let id = 0; id < 60; id++) {
    cache.getConverted(`${id}`, "pq", "hlg", source);
    expect(cache.bytesUsed()).toBeLessThanOrEqual(36 * MIB);
  }
  await collectUntil(() => process.memoryUsage().arrayBuffers <= before + 37 * MIB);
  expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before + 37 * MIB);
  expect(cache.size()).toBe(3);
});

/** A limit on address space, which Linux can set from its shell, and heeds. */
test.runIf(process.platform === "linux")(
  "without memory for an image: an error, the cache as before",
  async () => {
    const script = `
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const cache = createHdrImageTransferCache({ maxBytes: 2 ** 40 });
    const source = Buffer.alloc(100e6);
    const kept = cache.getConverted("kept", "pq", "hlg", source);
    let fillers = [];
    const fill = () => { try { for (;;) fillers.push(Buffer.allocUnsafeSlow(50e6)); } catch {} };
    fill();
    const before = cache.stats();
    let failure;
    try {
      cache.getConverted("one too many", "pq", "hlg", source);
    } catch ({ constructor, code, message }) {
      failure = { name: constructor.name, code, message };
    }
    const after = cache.stats();
    const isStillKept = cache.getConverted("kept", "pq", "hlg", source) === kept;
    fillers = [];
    gc();
    const goesOn = cache.getConverted("one too many", "pq", "hlg", source).length === source.length;
    console.log(JSON.stringify({ failure, before, after, isStillKept, goesOn }));
  `;
    const limited = `ulimit -v 4000000; exec "$0" --expose-gc -e "$1"`;
    const { stdout } = await promisify(execFile)("sh", ["-c", limited, process.execPath, script]);
    const { before, after, ...result } = JSON.parse(stdout);
    expect(result).toEqual({
      failure: {
        name: "Error",
        code: "ERR_MEMORY_ALLOCATION_FAILED",
        message: "getConverted: no memory for the converted image of 100000000 bytes",
      },
      isStillKept: true,
      goesOn: true,
    });
    expect(after).toEqual(before);
  },
);
