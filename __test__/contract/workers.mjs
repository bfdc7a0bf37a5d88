// Worker threads have their own caches, can transfer images, and may be terminated at any time.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

export const cases = [
  [
    "several workers, each with its own cache",
    async () => {
      const here = createHdrImageTransferCache();
      const cached = here.getConverted("image 0", "pq", "hlg", image(600, 99));
      const workers = Array.from({ length: 4 }, (_, seed) => start("fillCache", image(600, seed)));
      const messages = await Promise.all(workers.map((worker) => once(worker, "message")));
      for (const [seed, [{ converted, isSame, bytesUsed }]] of messages.entries()) {
        assert.deepEqual(Buffer.from(converted), convertedCopy(image(600, seed), "pq", "hlg"));
        assert.deepEqual([isSame, bytesUsed], [true, 9600]);
      }
      await Promise.all(workers.map((worker) => worker.terminate()));
      assert.equal(here.getConverted("image 0", "pq", "hlg", image(600, 99)), cached);
    },
  ],
  [
    "an image is transferred from a worker",
    async () => {
      const worker = start("transferResult", image(600));
      const [converted] = await once(worker, "message");
      assert.deepEqual(Buffer.from(converted), convertedCopy(image(600), "pq", "hlg"));
      await worker.terminate();
    },
  ],
  [
    "a cached image is transferred to a worker: the next call is a cache miss",
    async () => {
      const cache = createHdrImageTransferCache();
      const worker = start("echo");
      const first = cache.getConverted("image", "pq", "hlg", image(600));
      worker.postMessage(first, [first.buffer]);
      const [echo] = await once(worker, "message");
      assert.deepEqual(Buffer.from(echo), convertedCopy(image(600), "pq", "hlg"));
      assert.equal(first.length, 0);
      const second = cache.getConverted("image", "pq", "hlg", image(600));
      assert.deepEqual(second, convertedCopy(image(600), "pq", "hlg"));
      assert.equal(cache.stats().misses, 2);
      await worker.terminate();
    },
  ],
  ...[600, 6 * 640 * 360].map((byteLength) => [
    `a worker is terminated while it converts images of ${byteLength} bytes`,
    async () => {
      for (let round = 0; round < 10; round++) {
        const worker = start("convertForEver", Buffer.alloc(byteLength));
        await once(worker, "message");
        await worker.terminate();
      }
    },
  ]),
  [
    "two threads convert one SharedArrayBuffer",
    async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(6 * 640 * 360));
      const worker = start("convertShared", shared);
      const done = once(worker, "message");
      const cache = createHdrImageTransferCache(0);
      for (let round = 0; round < 20; round++) {
        convertTransfer(shared, "hlg", "pq");
        assert.equal(cache.getConverted("image", "hlg", "pq", shared).length, shared.length);
      }
      await done;
      await worker.terminate();
    },
  ],
];

function start(task, source) {
  return new Worker(new URL("worker.mjs", import.meta.url), { workerData: { task, source } });
}
