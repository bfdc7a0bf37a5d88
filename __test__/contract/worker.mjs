// The worker threads of workers.mjs.

import { parentPort, workerData } from "node:worker_threads";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

const tasks = {
  fillCache(source) {
    const cache = createHdrImageTransferCache({ maxBytes: 10_000 });
    const convert = (id) => cache.getConverted(`image ${id}`, "pq", "hlg", source);
    for (let id = 0; id < 199; id++) convert(id);
    const converted = convert(199);
    parentPort.postMessage({ converted, isSame: convert(199) === converted, bytesUsed: cache.bytesUsed() });
  },

  transferResult(source) {
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    parentPort.postMessage(converted, [/** @type {ArrayBuffer} */ (converted.buffer)]);
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

tasks[workerData.task](workerData.source);
