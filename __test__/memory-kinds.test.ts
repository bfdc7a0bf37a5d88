/** Images whose memory is out of the ordinary: what they say of themselves is not heard. */

import { once } from "node:events";
import vm from "node:vm";
import { Worker } from "node:worker_threads";

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
} from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { expectFailure, rangeError, typeError, valueError } from "./failures.ts";
import { convertCode, convertedCopy, image } from "./model.ts";

// TypeScript does not know of these yet.
const { ArrayBuffer, SharedArrayBuffer, WebAssembly } = globalThis as any;

const source = image(600);
const expected = convertedCopy(source, "pq", "hlg");

function get(cache: HdrImageTransferCache, bytes: Uint8Array, imageId = "image"): Buffer {
  return cache.getConverted(imageId, "pq", "hlg", bytes as Buffer);
}

class Boastful extends Uint8Array {}
const boasts = {
  length: { get: () => 1e9 },
  byteLength: { get: () => 1e9 },
  byteOffset: { get: () => -1 },
  buffer: { get: () => new ArrayBuffer(1) },
};
Object.defineProperties(Boastful.prototype, boasts);
Object.defineProperty(Boastful, Symbol.species, { get: () => Array });

class BoastfulBuffer extends Boastful {}
Object.setPrototypeOf(BoastfulBuffer.prototype, Object.create(Buffer.prototype, boasts));

test.each<[string, () => Uint8Array]>([
  ["of a subclass that boasts", () => new Boastful(source)],
  ["of a subclass of Buffer that boasts", () => new BoastfulBuffer(source)],
  ["with properties that boast", () => Object.defineProperties(Buffer.from(source), boasts)],
  ["without a prototype", () => Object.setPrototypeOf(new Uint8Array(source), null)],
  ["with that of an array", () => Object.setPrototypeOf(new Uint8Array(source), Array.prototype)],
  ["that cannot be extended", () => Object.preventExtensions(Buffer.from(source))],
  ["of another realm", () => vm.runInNewContext("Uint8Array.from(bytes)", { bytes: [...source] })],
  [
    "in WebAssembly's memory",
    () => {
      const bytes = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 1, source.length);
      bytes.set(source);
      return bytes;
    },
  ],
])("bytes %s", (_, make) => {
  const cache = createHdrImageTransferCache();
  const bytes = make();
  expect(cache.getConverted("image", "pq", "pq", bytes as Buffer) === bytes).toBe(true);
  const converted = get(cache, bytes);
  expect(Object.getPrototypeOf(converted)).toBe(Buffer.prototype);
  expect(converted).toEqual(expected);
  expect(cache.bytesUsed()).toBe(source.length);
  convertTransfer(bytes, "pq", "hlg");
  expect(get(cache, bytes)).toBe(converted);
  expect(get(cache, bytes, "converted once")).toEqual(convertedCopy(expected, "pq", "hlg"));
});

test.each([
  ["with the prototype only", Object.create(Uint8Array.prototype)],
  ["in name only", { [Symbol.toStringTag]: "Uint8Array", length: 6, byteLength: 6, buffer: source.buffer }],
  ["behind a proxy that agrees to everything", new Proxy(Buffer.alloc(6), {})],
])("bytes %s are none", (_, bytes) => {
  const cache = createHdrImageTransferCache();
  expectFailure(
    () => get(cache, bytes),
    typeError(bytes, "getConverted: source must be a Buffer or Uint8Array, got an object"),
  );
  expectFailure(
    () => convertTransfer(bytes, "pq", "hlg"),
    typeError(bytes, "convertTransfer: buf must be a Buffer or Uint8Array, got an object"),
  );
});

test("WebAssembly's memory is another one when it has grown", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Uint8Array(memory.buffer);
  memory.grow(1);
  const must = "must be a Buffer that still has its memory, got one that was transferred away";
  expectFailure(() => convertTransfer(bytes, "pq", "hlg"), valueError(bytes, `convertTransfer: buf ${must}`));
});

describe("resizable memory", () => {
  test("bytes that follow it are another image at each length", () => {
    const cache = createHdrImageTransferCache();
    const memory = new ArrayBuffer(0, { maxByteLength: 2000 });
    const bytes = new Uint8Array(memory);
    for (const byteLength of [600, 300, 0, 1200, 600]) {
      memory.resize(byteLength);
      bytes.set(image(byteLength));
      const converted = get(cache, bytes);
      expect(converted).toEqual(convertedCopy(image(byteLength), "pq", "hlg"));
      expect(get(cache, bytes)).toBe(converted);
      expect([cache.size(), cache.bytesUsed()]).toEqual([1, byteLength]);
    }
    memory.resize(301);
    expectFailure(
      () => get(cache, bytes),
      rangeError(
        bytes,
        "getConverted: source must be of even byteLength (16-bit samples), got byteLength 301",
      ),
    );
  });

  test("shared, the same as it grows", () => {
    const cache = createHdrImageTransferCache();
    const memory = new SharedArrayBuffer(0, { maxByteLength: 2000 });
    const bytes = new Uint8Array(memory);
    for (const byteLength of [0, 300, 600]) {
      memory.grow(byteLength);
      bytes.set(image(byteLength));
      expect(get(cache, bytes)).toEqual(convertedCopy(image(byteLength), "pq", "hlg"));
      expect([cache.size(), cache.bytesUsed()]).toEqual([1, byteLength]);
    }
  });

  test("bytes out of its bounds are none, as JavaScript has it, until they are within", () => {
    const cache = createHdrImageTransferCache();
    const memory = new ArrayBuffer(600, { maxByteLength: 600 });
    const bytes = new Uint8Array(memory, 6, 594);
    const left = new Uint8Array(memory, 0, 300);
    left.set(image(300));
    memory.resize(300);
    expect(bytes).toHaveLength(0);
    expect(get(cache, bytes)).toHaveLength(0);
    convertTransfer(bytes, "pq", "hlg");
    expect(Buffer.from(left)).toEqual(image(300));
    memory.resize(600);
    expect(get(cache, bytes)).toEqual(convertedCopy(bytes, "pq", "hlg"));
  });

  test("a kept image does not follow it", () => {
    const cache = createHdrImageTransferCache();
    const memory = new ArrayBuffer(600, { maxByteLength: 600 });
    const bytes = new Uint8Array(memory, 0, 600);
    bytes.set(source);
    const converted = get(cache, bytes);
    memory.resize(0);
    expect(converted).toEqual(expected);
  });
});

test("two threads convert the same shared memory: each sample once or twice, and no other byte", async () => {
  const GUARD = 64;
  const ROUNDS = 300;
  // Few samples, so that both are at them at the same time.
  const codes = Uint16Array.from({ length: 4096 }, (_, at) => 16 * at);
  const memory = new SharedArrayBuffer(GUARD + codes.byteLength + GUARD);
  const samples = new Uint16Array(memory, GUARD, codes.length);
  const bytes = new Uint8Array(memory, GUARD, codes.byteLength);
  const guards = [new Uint8Array(memory, 0, GUARD), new Uint8Array(memory, GUARD + codes.byteLength)];
  // How many rounds this thread has begun, and how many the worker has ended. It spins, to begin at once.
  const rounds = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { addon: require.resolve("hdr-image-transfer-cache"), bytes, rounds, ROUNDS };
  const worker = new Worker(
    `
    const { addon, bytes, rounds, ROUNDS } = require("node:worker_threads").workerData;
    const { convertTransfer } = require(addon);
    for (let round = 0; round < ROUNDS; round++) {
      while (Atomics.load(rounds, 0) === round);
      convertTransfer(bytes, "pq", "hlg");
      Atomics.store(rounds, 1, round + 1);
      Atomics.notify(rounds, 1);
    }
    `,
    { eval: true, workerData },
  );
  await once(worker, "online");
  const convertedOnce = codes.map((code) => convertCode(code, "pq", "hlg"));
  const convertedTwice = convertedOnce.map((code) => convertCode(code, "pq", "hlg"));
  let wrong = 0;
  for (const guard of guards) guard.fill(0xa5);
  for (let round = 0; round < ROUNDS; round++) {
    samples.set(codes);
    Atomics.store(rounds, 0, round + 1);
    convertTransfer(bytes, "pq", "hlg");
    expect(Atomics.wait(rounds, 1, round, 30_000)).not.toBe("timed-out");
    for (const [at, sample] of samples.entries()) {
      if (sample !== convertedOnce[at] && sample !== convertedTwice[at]) wrong++;
    }
  }
  await once(worker, "exit");
  expect(wrong).toBe(0);
  for (const guard of guards) expect(guard.every((byte) => byte === 0xa5)).toBe(true);
});
