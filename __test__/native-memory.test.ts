/**
 * Memory of native code, on Linux: what happens without it, and that none is left. `model.test.ts` and `contract/` test the
 * memory of caches and images. Other systems have no limit that a shell can set, and keep freed memory as they like.
 */

import { expect, test } from "vitest";

import { run, runScript } from "./processes.ts";

/** `npm run test:soak` sets a larger number. */
const WORKERS = Number(process.env.LEAK_WORKERS ?? 8);

const preamble = (limitKiB: number) => `
  const { readFileSync } = require("node:fs");
  const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");

  /** The bytes of the address space that are left. */
  function room() {
    const [, used] = /VmSize:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
    return 1024 * (${limitKiB} - used);
  }

  let fillers = [];
  function fillAllBut(bytes) {
    while (room() > bytes + 1e6) fillers.push(Buffer.allocUnsafeSlow(Math.min(room() - bytes, 1e9)));
  }

  /** The error of a call, and whether it left the counters as they were. */
  function failureOf(body) {
    const before = JSON.stringify(cache.stats());
    try {
      body();
    } catch ({ constructor, code, message }) {
      const changesNothing = JSON.stringify(cache.stats()) === before;
      return { name: constructor.name, code, message, changesNothing };
    }
  }

  const cache = createHdrImageTransferCache({ maxBytes: 2 ** 40 });
  const small = Buffer.alloc(600);
  const cached = cache.getConverted("cached", "pq", "hlg", small);
  const isStillCached = () => cache.getConverted("cached", "pq", "hlg", small) === cached;
`;

/** Runs a script on Node.js in an address space of `limitKiB`, and returns the JSON that it prints. */
async function runLimited(limitKiB: number, script: string): Promise<any> {
  const command = `ulimit -v ${limitKiB}; exec "$0" "$@"`;
  // With one arena, and no threads of V8, nothing else allocates or frees memory meanwhile.
  const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
  const args = [process.execPath, "--expose-gc", "--single-threaded", "-e", preamble(limitKiB) + script];
  return JSON.parse((await run("sh", ["-c", command, ...args], { env })).stdout);
}

const isLinux = process.platform === "linux";

function noMemory(message: string) {
  return { name: "Error", code: "ERR_MEMORY_ALLOCATION_FAILED", message, changesNothing: true };
}

/** The address space in KiB, a script, and what it prints. */
test.runIf(isLinux).each<[string, number, string, object]>([
  [
    "an image",
    4e6,
    `
      const source = Buffer.alloc(100e6);
      fillAllBut(50e6);
      const failure = failureOf(() => cache.getConverted("one too many", "pq", "hlg", source));
      const isCached = isStillCached();
      fillers = [];
      gc();
      const byteLength = cache.getConverted("one too many", "pq", "hlg", source).length;
      console.log(JSON.stringify({ failure, isCached, byteLength }));
    `,
    {
      failure: noMemory("getConverted: no memory for the converted image of 100000000 bytes"),
      isCached: true,
      byteLength: 100e6,
    },
  ],
  [
    "the largest image of Node.js 20",
    8e6,
    `
      // Takes no memory until it is written.
      const source = Buffer.alloc(2 ** 32);
      const failure = failureOf(() => cache.getConverted("huge", "pq", "hlg", source));
      const isSource = cache.getConverted("huge", "pq", "pq", source) === source;
      console.log(JSON.stringify({ failure, isSource, isCached: isStillCached() }));
    `,
    {
      failure: noMemory("getConverted: no memory for the converted image of 4294967296 bytes"),
      isSource: true,
      isCached: true,
    },
  ],
  [
    "an image id",
    4e6,
    `
      // In one piece: V8 terminates the process if it cannot join pieces.
      const id = Buffer.alloc(30e6, "x").latin1Slice();
      const get = () => cache.getConverted(id, "pq", "hlg", small);
      gc();
      const roomBefore = room();
      const isHit = get() === get();
      const isDeleted = cache.delete(id);
      const isReleased = room() > roomBefore - 30e6;

      fillAllBut(90e6);
      // Enough to read the id, but not to cache it.
      const toCache = failureOf(get);
      fillAllBut(45e6);
      const toRead = failureOf(get);
      const toDelete = failureOf(() => cache.delete(id));
      const isCached = isStillCached();
      console.log(JSON.stringify({ isHit, isDeleted, isReleased, toCache, toRead, toDelete, isCached }));
    `,
    {
      isHit: true,
      isDeleted: true,
      isReleased: true,
      toCache: noMemory("getConverted: no memory for the imageId of 60000000 bytes"),
      toRead: noMemory("getConverted: no memory for the imageId of 60000000 bytes"),
      toDelete: noMemory("delete: no memory for the imageId of 60000000 bytes"),
      isCached: true,
    },
  ],
])("no memory for %s: an error, the cache as before", async (_, limitKiB, script, expected) => {
  expect(await runLimited(limitKiB, script)).toEqual(expected);
});

/** Runs the async function `work` of a script twice, and returns by how many MiB resident memory grows the second time. */
async function growthOf(rounds: number, script: string): Promise<number> {
  const measuring = `
    const { setTimeout } = require("node:timers/promises");
    ${script}
    async function mibAfter(count) {
      await work(count);
      gc();
      await setTimeout(100);
      return process.memoryUsage.rss() / 2 ** 20;
    }
    void (async () => {
      const before = await mibAfter(3);
      console.log((await mibAfter(${rounds})) - before);
    })();
  `;
  // By default glibc caches freed memory, hundreds of MiB of it. With this it returns allocations larger than 64 KiB to
  // the system when they are freed.
  const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536" };
  return Number(await runScript(measuring, { flags: ["--expose-gc"], env }));
}

test.runIf(isLinux)("the ids of dropped caches leave no memory", async () => {
  const script = `
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");

    async function work(turns) {
      for (let turn = 0; turn < turns; turn++) {
        for (let count = 0; count < 30; count++) {
          const id = String(count).padEnd(2 ** 20);
          createHdrImageTransferCache().getConverted(id, "pq", "hlg", Buffer.alloc(6));
        }
        gc();
        // Finalizers run between turns of the event loop.
        await setTimeout(1);
      }
    }
  `;
  // 2 MiB for each of 90 ids would be 180 MiB.
  expect(await growthOf(3, script)).toBeLessThan(90);
});

test.runIf(isLinux)("workers that are terminated during a call leave no memory", { timeout: 0 }, async () => {
  const script = `
    const { once } = require("node:events");
    const { Worker } = require("node:worker_threads");
    const workerData = { task: "convertForEver", source: Buffer.alloc(6 * 1920 * 1080) };

    async function work(workers) {
      for (let count = 0; count < workers; count++) {
        const worker = new Worker("./__test__/contract/workers.mjs", { workerData });
        await once(worker, "message");
        await setTimeout(count % 10);
        await worker.terminate();
      }
    }
  `;
  const grown = await growthOf(WORKERS, script);
  console.log(`${WORKERS} workers: resident memory has grown by ${Math.round(grown)} MiB`);
  // Two of the five images of one worker.
  expect(grown).toBeLessThan(24);
});
