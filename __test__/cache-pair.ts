/** Calls the addon and its model, and asserts that both give the same result. */

import assert from "node:assert/strict";

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
  type HdrTransfer,
} from "hdr-image-transfer-cache";

import {
  type Argument,
  CacheModel,
  convertTransferModel,
  Image,
  type LimitsArgument,
} from "./cache-model.ts";
import { image } from "./model.ts";

/** The JavaScript value of an argument. */
function valueOf(argument: Argument<unknown>): any {
  return "bad" in argument ? argument.bad : argument.good;
}

/** The result of a call. */
type Outcome<Result> = { returned: Result } | { thrown: unknown[] };

function outcomeOf<Result>(call: () => Result): Outcome<Result> {
  try {
    return { returned: call() };
  } catch (error) {
    const { constructor, code, message } = error as Error & { code?: string };
    return { thrown: [constructor, code, message] };
  }
}

/** Numbers select caches and images, modulo their count. */
export class Pair {
  readonly #caches: { actual: HdrImageTransferCache; model: CacheModel; misses: number; ms: number }[] = [];
  /** All images, including evicted ones. */
  readonly #images = new Map<Image, Uint8Array>();
  #failures = 0;

  createCache(limits: LimitsArgument): void {
    const model = outcomeOf(() => new CacheModel(limits));
    const value =
      "options" in limits
        ? Object.fromEntries(Object.entries(limits.options).map(([name, it]) => [name, valueOf(it)]))
        : valueOf(limits);
    const actual = outcomeOf(() => createHdrImageTransferCache(value));
    if ("returned" in actual && "returned" in model) {
      this.#caches.push({ actual: actual.returned, model: model.returned, misses: 0, ms: 0 });
    } else {
      this.#expectSame(actual, model);
    }
  }

  getConverted(
    at: number,
    imageId: Argument<string>,
    from: Argument<HdrTransfer>,
    to: Argument<HdrTransfer>,
    source: Argument<number>,
  ): void {
    const cache = this.#caches[at % this.#caches.length];
    if (!cache) return;
    const [sourceModel, sourceValue] = this.#imageOf(source);
    const model = outcomeOf(() => cache.model.getConverted(imageId, from, to, sourceModel));
    const actual = outcomeOf(() =>
      cache.actual.getConverted(valueOf(imageId), valueOf(from), valueOf(to), sourceValue),
    );
    if (!("returned" in actual && "returned" in model)) {
      this.#expectSame(actual, model);
    } else if (this.#images.has(model.returned)) {
      assert(actual.returned === this.#images.get(model.returned), "another Buffer than the cached one");
    } else {
      assert(Buffer.isBuffer(actual.returned));
      const buffers = [...this.#images.values()].map(({ buffer }) => buffer);
      assert(!buffers.includes(actual.returned.buffer), "not a new Buffer");
      this.#images.set(model.returned, actual.returned);
    }
  }

  delete(at: number, imageId: Argument<string>): void {
    const cache = this.#caches[at % this.#caches.length];
    const actual = outcomeOf(() => cache?.actual.delete(valueOf(imageId)));
    const expected = outcomeOf(() => cache?.model.delete(imageId));
    this.#expectSame(actual, expected);
  }

  clear(at: number): void {
    const cache = this.#caches[at % this.#caches.length];
    assert.equal(cache?.actual.clear(), cache?.model.clear());
  }

  convertTransfer(buf: Argument<number>, from: Argument<HdrTransfer>, to: Argument<HdrTransfer>): void {
    const [model, value] = this.#imageOf(buf);
    const actual = outcomeOf(() => convertTransfer(value, valueOf(from), valueOf(to)));
    const expected = outcomeOf(() => convertTransferModel(model, from, to));
    this.#expectSame(actual, expected);
  }

  makeSource(kind: string, byteLength: number, seed: number): void {
    const memory = kind === "shared" ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
    const actual = kind === "Buffer" ? Buffer.from(memory) : new Uint8Array(memory);
    actual.set(image(byteLength, seed));
    this.#images.set(new Image({ bytes: image(byteLength, seed) }, 0, byteLength), actual);
  }

  /** A part of an image, in the same memory. */
  makeView(at: number, start: number, length: number): void {
    const [model, actual] = this.#imageAt(at);
    if (!model.bytes || start + length > model.byteLength) return;
    this.#images.set(
      new Image(model.memory, model.start + start, length),
      actual.subarray(start, start + length),
    );
  }

  write(at: number, seed: number): void {
    const [model, actual] = this.#imageAt(at);
    model.bytes?.set(image(model.byteLength, seed));
    if (model.bytes) actual.set(image(model.byteLength, seed));
  }

  detach(at: number): void {
    const [model, { buffer }] = this.#imageAt(at);
    if (!model.bytes || buffer instanceof SharedArrayBuffer) return;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    delete model.memory.bytes;
  }

  expectSameState(): void {
    for (const cache of this.#caches) {
      const { conversionMs, ...stats } = cache.actual.stats();
      assert.deepEqual(stats, cache.model.stats());
      assert.equal(cache.actual.size(), cache.model.size());
      assert.equal(cache.actual.bytesUsed(), cache.model.bytesUsed());
      assert(stats.misses > cache.misses ? conversionMs >= cache.ms : conversionMs === cache.ms);
      Object.assign(cache, { misses: stats.misses, ms: conversionMs });
    }
    for (const [model, actual] of this.#images) {
      assert((model.bytes ?? Buffer.alloc(0)).equals(actual), "other bytes than in the model");
    }
  }

  /** The counters of all caches. */
  counters() {
    const counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0, failures: this.#failures };
    for (const { model } of this.#caches) {
      const { hits, misses, evictions, passthroughs } = model.stats();
      counters.hits += hits;
      counters.misses += misses;
      counters.evictions += evictions;
      counters.passthroughs += passthroughs;
    }
    return counters;
  }

  #expectSame(actual: Outcome<unknown>, model: Outcome<unknown>): void {
    assert.deepEqual(actual, model);
    if ("thrown" in actual) this.#failures++;
  }

  #imageAt(at: number): [Image, Uint8Array] {
    return [...this.#images][at % this.#images.size]!;
  }

  #imageOf(argument: Argument<number>): [Argument<Image>, any] {
    if ("bad" in argument) return [argument, argument.bad];
    const [model, actual] = this.#imageAt(argument.good);
    return [{ good: model }, actual];
  }
}
