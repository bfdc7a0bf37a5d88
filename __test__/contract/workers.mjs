// Worker threads have their own caches, can transfer images, and may be terminated at any time. They run this file, too.

import assert from "node:assert/strict";
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

/** What a worker does. */
const tasks = {
  fillCache(source) {
    const cache = createHdrImageTransferCache({ maxBytes: 10_000 });
    const convert = (id) => cache.getConverted(`image ${id}`, "pq", "hlg", source);
    for (let id = 0; id < 199; id++) convert(id);
    const converted = convert(199);
    parentPort.postMessage({ converted, isSame: convert(199) === converted, bytesUsed: cache.bytesUsed() });
  },

  echo() {
    parentPort.once("message", (message) => parentPort.postMessage(message));
  },

  convertForEver(source) {
    const cache = createHdrImageTransferCache(4);
    for (let id = 0; ; id++) {
      cache.getConverted(`image ${id}`, "pq", "hlg", source);
      if (id === 3) parentPort.postMessage("converting");
    }
  },

  /** @param {{ bytes: Buffer, rounds: Int32Array, count: number }} shared */
  convertShared({ bytes, rounds, count }) {
    for (let round = 0; round < count; round++) {
      // Spins, to start at once.
      while (Atomics.load(rounds, 0) === round);
      convertTransfer(bytes, "pq", "hlg");
      Atomics.store(rounds, 1, round + 1);
      Atomics.notify(rounds, 1);
    }
  },
};

if (!isMainThread) tasks[workerData.task](workerData.source);

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
    "a cached image is transferred to a worker: the next call is a cache miss",
    async () => {
      const cache = createHdrImageTransferCache();
      const worker = start("echo");
      const first = cache.getConverted("image", "pq", "hlg", image(600));
      worker.postMessage(first, [/** @type {ArrayBuffer} */ (first.buffer)]);
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
  ["two threads convert the same shared memory: each sample once or twice, and no other byte", convertShared],
];

async function convertShared() {
  const GUARD = 64;
  const ROUNDS = 300;
  // Few samples, so that both threads convert them at the same time.
  const codes = Uint16Array.from({ length: 4096 }, (_, at) => 16 * at);
  const memory = new SharedArrayBuffer(GUARD + codes.byteLength + GUARD);
  const samples = new Uint16Array(memory, GUARD, codes.length);
  /** @type {any} */
  const bytes = new Uint8Array(memory, GUARD, codes.byteLength);
  const guards = [new Uint8Array(memory, 0, GUARD), new Uint8Array(memory, GUARD + codes.byteLength)];
  for (const guard of guards) guard.fill(0xa5);
  // The rounds that this thread has started, and those that the worker has finished.
  const rounds = new Int32Array(new SharedArrayBuffer(8));
  const worker = start("convertShared", { bytes, rounds, count: ROUNDS });
  const ended = once(worker, "exit");
  await once(worker, "online");

  const cache = createHdrImageTransferCache(0);
  const [single, twice, thrice] = [1, 2, 3].map((times) => repeatedly(codes, times));
  let wrong = 0;
  for (let round = 0; round < ROUNDS; round++) {
    samples.set(codes);
    Atomics.store(rounds, 0, round + 1);
    convertTransfer(bytes, "pq", "hlg");
    const copy = cache.getConverted("image", "pq", "hlg", bytes);
    assert.notEqual(Atomics.wait(rounds, 1, round, 30_000), "timed-out");
    const copied = new Uint16Array(copy.buffer);
    for (const [at, sample] of samples.entries()) {
      if (sample !== single[at] && sample !== twice[at]) wrong++;
      if (copied[at] !== twice[at] && copied[at] !== thrice[at]) wrong++;
    }
  }
  await ended;
  assert.equal(wrong, 0);
  for (const guard of guards) assert.ok(guard.every((byte) => byte === 0xa5));
}

/** Code values that are converted some times, from PQ to HLG. */
function repeatedly(codes, times) {
  let bytes = Buffer.from(codes.buffer);
  for (let time = 0; time < times; time++) bytes = convertedCopy(bytes, "pq", "hlg");
  return codes.map((_, at) => bytes.readUInt16LE(2 * at));
}

function start(task, source) {
  return new Worker(new URL(import.meta.url), { workerData: { task, source } });
}
