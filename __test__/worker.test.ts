import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

const addon = require.resolve("hdr-image-transfer-cache");

function start(body: string, workerData: unknown): Worker {
  const preamble = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { createHdrImageTransferCache, convertTransfer } = require(workerData.addon);
  `;
  return new Worker(preamble + body, { eval: true, workerData: { addon, ...(workerData as object) } });
}

test("many workers at once, each with its own caches", async () => {
  const here = createHdrImageTransferCache();
  const kept = here.getConverted("image", "pq", "hlg", image(600, 99));
  const workers = Array.from({ length: 8 }, (_, seed) =>
    start(
      `
      const cache = createHdrImageTransferCache({ maxBytes: 10000 });
      const source = Buffer.from(workerData.source);
      let converted;
      for (let id = 0; id < 200; id++) converted = cache.getConverted("image" + id, "pq", "hlg", source);
      const same = cache.getConverted("image199", "pq", "hlg", source) === converted;
      parentPort.postMessage({ converted, same, bytesUsed: cache.bytesUsed() });
      `,
      { source: image(600, seed) },
    ),
  );
  const results = await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const [seed, [result]] of results.entries()) {
    expect(Buffer.from(result.converted)).toEqual(convertedCopy(image(600, seed), "pq", "hlg"));
    expect(result).toMatchObject({ same: true, bytesUsed: 9600 });
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  expect(here.getConverted("image", "pq", "hlg", image(600, 99))).toBe(kept);
});

test("a converted image can be transferred from a worker", async () => {
  const worker = start(
    `
    const cache = createHdrImageTransferCache();
    const converted = cache.getConverted("image", "hlg", "pq", Buffer.from(workerData.source));
    parentPort.postMessage(converted, [converted.buffer]);
    `,
    { source: image(600) },
  );
  const [converted] = await once(worker, "message");
  expect(Buffer.from(converted)).toEqual(convertedCopy(image(600), "hlg", "pq"));
  await worker.terminate();
});

test.each([
  [600, 60],
  [6 * 640 * 360, 10],
])("workers with images of %d bytes may end at any time", async (byteLength, rounds) => {
  for (let round = 0; round < rounds; round++) {
    const worker = start(
      `
      const cache = createHdrImageTransferCache();
      const source = Buffer.alloc(workerData.byteLength);
      for (let id = 0; ; id++) {
        cache.getConverted("image" + id, "pq", "hlg", source);
        if (id === 3) parentPort.postMessage("converting");
      }
      `,
      { byteLength },
    );
    await once(worker, "message");
    expect(await worker.terminate()).toBe(1);
  }
});

test.each([
  ["pq", "hlg", "portable"],
  ["hlg", "pq", "portable"],
  ["pq", "hlg", "best"],
])("from %s to %s, the first conversion with hardly any stack left, %s kernel", async (from, to, kernel) => {
  // In a process of its own, which has neither tables nor threads yet, and of an image that needs both.
  const body = `
    const { convertTransfer } = require("hdr-image-transfer-cache");
    const buf = Buffer.alloc(6 * 2 ** 20);
    let conversions = 0;
    const recurse = () => {
      try {
        recurse();
      } catch {
        // If there is not enough left for this either, the caller tries.
        convertTransfer(buf, "${from}", "${to}");
        conversions++;
      }
    };
    recurse();
    console.log(conversions);
  `;
  const script = `new (require("node:worker_threads").Worker)(${JSON.stringify(body)}, { eval: true })`;
  const env = { ...process.env, HDR_IMAGE_TRANSFER_KERNEL: kernel };
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env });
  expect(stdout).toBe("1\n");
});

test("two threads convert one SharedArrayBuffer", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(6 * 640 * 360));
  const worker = start(
    `
    for (let round = 0; round < 50; round++) convertTransfer(workerData.shared, "pq", "hlg");
    parentPort.postMessage("done");
    `,
    { shared },
  );
  const cache = createHdrImageTransferCache(0);
  const state = { done: false };
  worker.once("message", () => (state.done = true));
  while (!state.done) {
    expect(cache.getConverted("image", "hlg", "pq", shared as Buffer)).toHaveLength(shared.length);
    await new Promise(setImmediate);
  }
  await worker.terminate();
});
