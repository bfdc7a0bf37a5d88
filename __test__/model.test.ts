/**
 * Random sequences of calls. After each call, the addon has the state of its model, in plain TypeScript: slow, but
 * simple. At the end, no memory is left.
 *
 * The environment variable `MODEL_RUNS` is the number of sequences. A failure prints the shortest sequence that fails,
 * and a `seed` and `path`, which repeat it as `MODEL_SEED` and `MODEL_PATH`.
 */

import assert from "node:assert/strict";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";

import { SingleBar } from "cli-progress";
import * as fc from "fast-check";
import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCacheOptions,
  type HdrTransfer,
} from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image, thrownBy } from "./contract/images.mjs";

type Limits = number | null | undefined | HdrImageTransferCacheOptions;

/** What happened in all sequences. Failures are calls with a detached image, or one of odd length. */
const tally = { steps: 0, hits: 0, misses: 0, evictions: 0, passthroughs: 0, failures: 0 };

const detached = new WeakSet<ArrayBufferLike>();

/** An image of the addon, and the bytes that it should have. Images may share memory. */
class Image {
  readonly byteLength: number;

  constructor(
    readonly actual: Uint8Array,
    readonly expected: Uint8Array,
  ) {
    this.byteLength = expected.length;
  }

  get isDetached(): boolean {
    return detached.has(this.expected.buffer);
  }
}

/** The model of the cache beside the addon's. */
class Cache {
  readonly counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0 };
  readonly actual;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #peakLuminance: number;
  /** The least recently used image first. */
  readonly #cached = new Map<string, Image>();
  #checked = { misses: 0, conversionMs: 0 };

  constructor(limits: Limits) {
    this.actual = createHdrImageTransferCache(limits);
    const options = typeof limits === "object" && limits ? limits : { maxEntries: limits ?? 16 };
    this.#maxEntries = options.maxEntries ?? Infinity;
    this.#maxBytes = options.maxBytes ?? 200 * 2 ** 20;
    this.#peakLuminance = options.peakLuminance ?? 1000;
  }

  getConverted(id: string, from: HdrTransfer, to: HdrTransfer, source: Image): Image {
    const actual = this.actual.getConverted(id, from, to, source.actual as Buffer);
    const expected = this.#find(id, from, to, source) ?? this.#add(id, from, to, source, actual);
    assert(actual === expected.actual, "another object than in the model");
    return expected;
  }

  #find(id: string, from: HdrTransfer, to: HdrTransfer, source: Image): Image | undefined {
    if (from === to) {
      this.#count("passthroughs");
      return source;
    }
    const key = JSON.stringify([id, to]);
    const cached = this.#cached.get(key);
    this.#cached.delete(key);
    if (!cached || cached.isDetached || cached.byteLength !== source.byteLength) return undefined;
    this.#count("hits");
    this.#cached.set(key, cached);
    return cached;
  }

  #add(id: string, from: HdrTransfer, to: HdrTransfer, source: Image, actual: Buffer): Image {
    this.#count("misses");
    // In memory of its own, so that it can be detached.
    const bytes = new Uint8Array(convertedCopy(source.expected, from, to, this.#peakLuminance));
    const converted = new Image(actual, bytes);
    if (this.#maxEntries === 0 || this.#maxBytes < Math.max(source.byteLength, 1)) return converted;
    this.#cached.set(JSON.stringify([id, to]), converted);
    for (const oldest of this.#cached.keys()) {
      if (this.#cached.size <= this.#maxEntries && this.#bytesUsed() <= this.#maxBytes) break;
      this.#cached.delete(oldest);
      this.#count("evictions");
    }
    return converted;
  }

  #count(event: keyof Cache["counters"]): void {
    this.counters[event]++;
    tally[event]++;
  }

  delete(id: string): void {
    const removed = ["pq", "hlg"].map((to) => this.#cached.delete(JSON.stringify([id, to])));
    assert.equal(this.actual.delete(id), removed.includes(true));
  }

  clear(): void {
    assert.equal(this.actual.clear(), undefined);
    this.#cached.clear();
  }

  #bytesUsed(): number {
    return [...this.#cached.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  check(): void {
    const { conversionMs, ...stats } = this.actual.stats();
    const [entries, bytesUsed] = [this.#cached.size, this.#bytesUsed()];
    const limits = { maxEntries: this.#maxEntries, maxBytes: this.#maxBytes };
    assert.deepEqual(stats, { ...this.counters, entries, bytesUsed, ...limits });
    assert.deepEqual([this.actual.size(), this.actual.bytesUsed()], [entries, bytesUsed]);
    const { misses, conversionMs: before } = this.#checked;
    assert(stats.misses > misses ? conversionMs >= before : conversionMs === before);
    this.#checked = { misses: stats.misses, conversionMs };
  }
}

/** The caches and converted images that are not collected yet. */
const alive = { caches: 0, images: 0 };

const registry = new FinalizationRegistry<keyof typeof alive>((kind) => alive[kind]--);

function track(kind: keyof typeof alive, object: object): void {
  alive[kind]++;
  registry.register(object, kind);
}

/** Calls in turn. Numbers select caches and images, modulo their count. */
class Session {
  readonly #caches: Cache[] = [];
  /** All images, including evicted ones. */
  readonly #images: Image[] = [];

  createCache(limits: Limits): void {
    const cache = new Cache(limits);
    this.#caches.push(cache);
    track("caches", cache.actual);
  }

  getConverted(at: number, id: string, from: HdrTransfer, to: HdrTransfer, sourceAt: number): void {
    const [cache, source] = [this.#cacheAt(at), this.#imageAt(sourceAt)];
    if (this.#fails(source, (bytes) => cache.actual.getConverted(id, from, to, bytes))) return;
    const converted = cache.getConverted(id, from, to, source);
    if (this.#images.includes(converted)) return;
    assert(Buffer.isBuffer(converted.actual));
    const isShared = this.#images.some(({ actual }) => actual.buffer === converted.actual.buffer);
    assert(!isShared, "a new image in the memory of another");
    this.#images.push(converted);
    track("images", converted.actual);
  }

  delete(at: number, id: string): void {
    this.#cacheAt(at).delete(id);
  }

  clear(at: number): void {
    this.#cacheAt(at).clear();
  }

  convertTransfer(at: number, from: HdrTransfer, to: HdrTransfer): void {
    const source = this.#imageAt(at);
    if (this.#fails(source, (bytes) => convertTransfer(bytes, from, to))) return;
    convertTransfer(source.actual as Buffer, from, to);
    if (from !== to) source.expected.set(convertedCopy(source.expected, from, to));
  }

  makeSource(kind: string, byteLength: number, seed: number): void {
    const memory = kind === "shared" ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
    const actual = kind === "Buffer" ? Buffer.from(memory) : new Uint8Array(memory);
    this.#images.push(new Image(actual, new Uint8Array(byteLength)));
    this.write(this.#images.length - 1, seed);
  }

  /** A part of an image, in the same memory. */
  makeView(at: number, start: number, length: number): void {
    const { actual, expected, isDetached } = this.#imageAt(at);
    const end = start + length;
    if (isDetached || end > expected.length) return;
    this.#images.push(new Image(actual.subarray(start, end), expected.subarray(start, end)));
  }

  write(at: number, seed: number): void {
    const { actual, expected, byteLength, isDetached } = this.#imageAt(at);
    if (isDetached) return;
    for (const bytes of [actual, expected]) bytes.set(image(byteLength, seed));
  }

  detach(at: number): void {
    const one = this.#imageAt(at);
    if (one.isDetached || one.actual.buffer instanceof SharedArrayBuffer) return;
    for (const { buffer } of [one.actual, one.expected]) {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      detached.add(buffer);
    }
  }

  check(): void {
    for (const cache of this.#caches) cache.check();
    for (const { actual, expected } of this.#images) {
      assert(Buffer.compare(actual, expected) === 0, "other bytes than in the model");
    }
  }

  /** Whether an image cannot be converted. Asserts that the call then fails because of it. */
  #fails({ actual, byteLength, isDetached }: Image, call: (bytes: Buffer) => unknown): boolean {
    if (!isDetached && byteLength % 2 === 0) return false;
    const problem = isDetached ? "a detached one" : `byteLength ${byteLength}`;
    const { message }: any = thrownBy(() => call(actual as Buffer));
    assert(message.endsWith(`, got ${problem}`), message);
    tally.failures++;
    return true;
  }

  #cacheAt(at: number): Cache {
    return this.#caches[at % this.#caches.length]!;
  }

  #imageAt(at: number): Image {
    return this.#images[at % this.#images.length]!;
  }
}

const MAX_STEPS = 60;
const RUNS_AT_A_TIME = 100;

/** Usually the first, otherwise the second. */
function oneOrSome<T, U>(one: fc.Arbitrary<T>, some: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: some });
}

// Few, so that calls use the same ids, and some that careless comparison would confuse.
const lookAlikes = ["", "\0", "\u0001", "a\u0001", "a\0\u0001", "\ud800", "\udc00", "\ufffd", "__proto__"];
const longOnes = ["x".repeat(300), `${"x".repeat(299)}y`];
const imageIds = oneOrSome(fc.constantFrom("a", "a\0"), fc.constantFrom("b", ...lookAlikes, ...longOnes));
const [pq, hlg] = [fc.constant<HdrTransfer>("pq"), fc.constant<HdrTransfer>("hlg")];
const sourceTransfers = oneOrSome(pq, hlg);
const targetTransfers = oneOrSome(hlg, pq);
const numbers = fc.nat(MAX_STEPS);
const caches = oneOrSome(fc.constant(0), numbers);
const images = oneOrSome(fc.nat(2), numbers);
const byteLengths = oneOrSome(fc.constant(12), oneOrSome(fc.constantFrom(0, 2, 6, 100, 300), fc.nat(600)));
const seeds = fc.nat(250);

function limitOf(...usual: number[]): fc.Arbitrary<number | null | undefined> {
  return oneOrSome(fc.constantFrom(...usual), fc.constantFrom(0, undefined, null, 2 ** 53 - 1, 1e300));
}

const options = {
  maxEntries: limitOf(1, 2, 3, 6),
  maxBytes: limitOf(12, 25, 340, 1000),
  peakLuminance: fc.constantFrom(1000, 1, 600, 10_000, undefined, null),
  // The model converts per channel.
} satisfies Record<Exclude<keyof HdrImageTransferCacheOptions, "ootf">, unknown>;
const limits: fc.Arbitrary<Limits> = oneOrSome(
  fc.record(options, { requiredKeys: [] }),
  fc.option(fc.nat(6)),
);

/** A method of `Session` with its arguments, and how frequent it is. */
function step(weight: number, name: Exclude<keyof Session, "check">, ...args: fc.Arbitrary<unknown>[]) {
  return { weight, arbitrary: fc.tuple(fc.constant(name), fc.tuple(...args)) };
}

const steps = fc.oneof(
  step(1, "createCache", limits),
  step(25, "getConverted", caches, imageIds, sourceTransfers, targetTransfers, images),
  step(2, "delete", caches, imageIds),
  step(1, "clear", caches),
  step(2, "convertTransfer", images, sourceTransfers, targetTransfers),
  step(3, "makeSource", fc.constantFrom("Buffer", "Uint8Array", "shared"), byteLengths, seeds),
  step(1, "makeView", numbers, numbers, numbers),
  step(2, "write", numbers, seeds),
  step(2, "detach", numbers),
);
const sequences = fc.array(steps, { maxLength: MAX_STEPS, size: "max" });

const property = fc.property(limits, sequences, (firstLimits, sequence) => {
  const session = new Session();
  session.createCache(firstLimits);
  for (const byteLength of [12, 12, 0]) session.makeSource("Buffer", byteLength, 1);
  for (const [name, args] of sequence) {
    (session[name] as (...args: unknown[]) => void)(...args);
    session.check();
  }
  tally.steps += sequence.length;
});

test("calls in any order have the results of the model, and leave no memory", { timeout: 0 }, async () => {
  const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = process.env;
  if (MODEL_PATH) fc.assert(property, { seed: Number(MODEL_SEED), path: MODEL_PATH });

  const runs = Number(MODEL_RUNS ?? 4000);
  const bar = new SingleBar({ format: "[{bar}] {value} of {total} sequences", noTTYOutput: true });
  if (MODEL_RUNS) bar.start(runs, 0);
  let mibAfterWarmUp = Infinity;
  // A few at a time: between them, finalizers run, and vitest gets its messages.
  for (let done = 0; done < runs; done += RUNS_AT_A_TIME) {
    if (done >= runs / 4 && mibAfterWarmUp === Infinity) mibAfterWarmUp = await settle();
    fc.assert(property, { numRuns: Math.min(RUNS_AT_A_TIME, runs - done) });
    bar.update(done);
    await nextTurn();
  }
  bar.stop();
  const mib = await settle();
  if (MODEL_RUNS) console.log(tally, { mibAfterWarmUp, mib });
  // Each event happens in at least every second sequence, on average.
  expect(Math.min(...Object.values(tally))).toBeGreaterThan(runs / 2);
  expect(alive).toEqual({ caches: 0, images: 0 });
  // Other systems than Linux keep freed memory as they like.
  const grownMib = process.platform === "linux" ? mib - mibAfterWarmUp : 0;
  expect(grownMib).toBeLessThan(16);
});

/** Collects garbage until no cache and no image is left, for a second at most, and returns the resident memory in MiB. */
async function settle(): Promise<number> {
  for (let turn = 0; turn < 100; turn++) {
    global.gc!();
    // Node.js frees Buffers on other threads.
    await setTimeout(10);
    if (turn > 5 && alive.caches + alive.images === 0) break;
  }
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
