/**
 * Models of the per-channel conversion, sample by sample, and of the cache, in plain TypeScript: slow, but simple.
 * `Session` checks calls of the addon against them.
 */

import assert from "node:assert/strict";

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCacheOptions,
  type HdrTransfer,
} from "hdr-image-transfer-cache";

import { convertedCopy, image, thrownBy } from "./contract/images.mjs";

/** A rejected argument, and the end of the error message. */
export class Bad {
  constructor(
    readonly value: unknown,
    readonly problem: string,
  ) {}
}

export type Limits = number | null | undefined | HdrImageTransferCacheOptions;

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
      this.counters.passthroughs++;
      return source;
    }
    const key = JSON.stringify([id, to]);
    const cached = this.#cached.get(key);
    this.#cached.delete(key);
    if (!cached || cached.isDetached || cached.byteLength !== source.byteLength) return undefined;
    this.counters.hits++;
    this.#cached.set(key, cached);
    return cached;
  }

  #add(id: string, from: HdrTransfer, to: HdrTransfer, source: Image, actual: Buffer): Image {
    this.counters.misses++;
    // In memory of its own, so that it can be detached.
    const bytes = new Uint8Array(convertedCopy(source.expected, from, to, this.#peakLuminance));
    const converted = new Image(actual, bytes);
    if (this.#maxEntries === 0 || this.#maxBytes < Math.max(source.byteLength, 1)) return converted;
    this.#cached.set(JSON.stringify([id, to]), converted);
    for (const oldest of this.#cached.keys()) {
      if (this.#cached.size <= this.#maxEntries && this.#bytesUsed() <= this.#maxBytes) break;
      this.#cached.delete(oldest);
      this.counters.evictions++;
    }
    return converted;
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
export const alive = { caches: 0, images: 0 };

const registry = new FinalizationRegistry<keyof typeof alive>((kind) => alive[kind]--);

function track(kind: keyof typeof alive, object: object): void {
  alive[kind]++;
  registry.register(object, kind);
}

export type Argument<T> = T | Bad;
type Transfers = [from: Argument<HdrTransfer>, to: Argument<HdrTransfer>];

/** Calls in turn. Numbers select caches and images, modulo their count. */
export class Session {
  /** Of calls with a bad argument. */
  failures = 0;
  readonly #caches: Cache[] = [];
  /** All images, including evicted ones. */
  readonly #images: Image[] = [];

  createCache(limits: Limits): void {
    const cache = new Cache(limits);
    this.#caches.push(cache);
    track("caches", cache.actual);
  }

  getConverted(
    at: number,
    id: Argument<string>,
    ...[from, to, source]: [...Transfers, Argument<number>]
  ): void {
    const cache = this.#cacheAt(at);
    if (!cache) return;
    const args = [id, from, to, this.#imageAt(source)] as Parameters<Cache["getConverted"]>;
    if (this.#fails(args, cache.actual.getConverted)) return;
    const converted = cache.getConverted(...args);
    if (this.#images.includes(converted)) return;
    assert(Buffer.isBuffer(converted.actual));
    const isShared = this.#images.some(({ actual }) => actual.buffer === converted.actual.buffer);
    assert(!isShared, "a new image in the memory of another");
    this.#images.push(converted);
    track("images", converted.actual);
  }

  delete(at: number, id: Argument<string>): void {
    const cache = this.#cacheAt(at);
    if (cache && !this.#fails([id], cache.actual.delete)) cache.delete(id as string);
  }

  clear(at: number): void {
    this.#cacheAt(at)?.clear();
  }

  convertTransfer(source: Argument<number>, ...transfers: Transfers): void {
    const args = [this.#imageAt(source), ...transfers] as [Image, HdrTransfer, HdrTransfer];
    if (this.#fails(args, convertTransfer)) return;
    const [{ actual, expected }, from, to] = args;
    convertTransfer(actual, from, to);
    if (from !== to) expected.set(convertedCopy(expected, from, to));
  }

  makeSource(kind: string, byteLength: number, seed: number): void {
    const memory = kind === "shared" ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
    const actual = kind === "Buffer" ? Buffer.from(memory) : new Uint8Array(memory);
    this.#images.push(new Image(actual, new Uint8Array(byteLength)));
    this.write(this.#images.length - 1, seed);
  }

  /** A part of an image, in the same memory. */
  makeView(at: number, start: number, length: number): void {
    const { actual, expected, isDetached } = this.#imageAt(at) as Image;
    const end = start + length;
    if (isDetached || end > expected.length) return;
    this.#images.push(new Image(actual.subarray(start, end), expected.subarray(start, end)));
  }

  write(at: number, seed: number): void {
    const { actual, expected, byteLength, isDetached } = this.#imageAt(at) as Image;
    if (isDetached) return;
    for (const bytes of [actual, expected]) bytes.set(image(byteLength, seed));
  }

  detach(at: number): void {
    const one = this.#imageAt(at) as Image;
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

  /** The counters of all caches, and the failures. */
  counters() {
    const sum = { hits: 0, misses: 0, evictions: 0, passthroughs: 0, failures: this.failures };
    for (const { counters } of this.#caches) {
      for (const name of Object.keys(counters) as (keyof typeof counters)[]) sum[name] += counters[name];
    }
    return sum;
  }

  /** Whether an argument is bad. Asserts that the call then fails because of the first one. */
  #fails(args: unknown[], callee: (...args: any[]) => unknown): boolean {
    const problem = args.map(problemWith).find((found) => found !== undefined);
    if (problem === undefined) return false;
    const { code, message }: any = thrownBy(() => callee(...args.map(valueOf)));
    assert.match(code, /^ERR_/);
    assert(message.endsWith(problem), `${message}: does not report ${problem}`);
    this.failures++;
    return true;
  }

  #cacheAt(at: number): Cache | undefined {
    return this.#caches[at % this.#caches.length];
  }

  #imageAt(at: Argument<number>): Argument<Image> {
    return at instanceof Bad ? at : this.#images[at % this.#images.length]!;
  }
}

/** Why an argument is rejected, as the error message ends. */
function problemWith(argument: unknown): string | undefined {
  if (argument instanceof Bad) return argument.problem;
  if (!(argument instanceof Image)) return undefined;
  if (argument.isDetached) return ", got a detached one";
  return argument.byteLength % 2 === 0 ? undefined : `, got byteLength ${argument.byteLength}`;
}

/** The JavaScript value of an argument. */
function valueOf(argument: unknown): unknown {
  if (argument instanceof Bad) return argument.value;
  return argument instanceof Image ? argument.actual : argument;
}
