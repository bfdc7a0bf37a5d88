/** Memory that native code leaves. `model.test.ts` and `contract/` test the memory of caches and images. */

import { expect, test } from "vitest";

import { runScript } from "./processes.ts";

/** `npm run test:soak` sets a larger number. */
const WORKERS = Number(process.env.LEAK_WORKERS ?? 8);

// Other systems keep freed memory as they like.
const isLinux = process.platform === "linux";

test.runIf(isLinux)("the ids of dropped caches leave no memory", async () => {
  const script = `
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const { setTimeout } = require("node:timers/promises");

    async function mibAfter(turns) {
      for (let turn = 0; turn < turns; turn++) {
        for (let count = 0; count < 30; count++) {
          const id = String(count).padEnd(2 ** 20);
          createHdrImageTransferCache().getConverted(id, "pq", "hlg", Buffer.alloc(6));
        }
        gc();
        await setTimeout(1);
      }
      // Finalizers run between turns of the event loop.
      for (let turn = 0; turn < 10; turn++) {
        gc();
        await setTimeout(10);
      }
      return process.memoryUsage.rss() / 2 ** 20;
    }

    void (async () => {
      const before = await mibAfter(3);
      console.log((await mibAfter(3)) - before);
    })();
  `;
  // 2 MiB for each of 90 ids would be 180 MiB.
  expect(Number(await runScript(script, { flags: ["--expose-gc"] }))).toBeLessThan(90);
});

test.runIf(isLinux)("workers that are terminated during a call leave no memory", { timeout: 0 }, async () => {
  const script = `
    const { once } = require("node:events");
    const { setTimeout } = require("node:timers/promises");
    const { Worker } = require("node:worker_threads");
    const workerData = { task: "convertForEver", source: Buffer.alloc(6 * 1920 * 1080) };

    async function mibAfter(workers) {
      for (let count = 0; count < workers; count++) {
        const worker = new Worker("./__test__/contract/workers.mjs", { workerData });
        await once(worker, "message");
        await setTimeout(count % 10);
        await worker.terminate();
      }
      gc();
      await setTimeout(100);
      return process.memoryUsage.rss() / 2 ** 20;
    }

    void (async () => {
      const before = await mibAfter(3);
      console.log((await mibAfter(${WORKERS})) - before);
    })();
  `;
  // By default glibc caches freed memory, hundreds of MiB of it. With this it returns allocations larger than 64 KiB to
  // the system when they are freed.
  const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536" };
  const grown = Number(await runScript(script, { flags: ["--expose-gc"], env }));
  console.log(`${WORKERS} workers: resident memory has grown by ${Math.round(grown)} MiB`);
  // Two of the five images of one worker.
  expect(grown).toBeLessThan(24);
});
