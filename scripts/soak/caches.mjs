// Random calls of hundreds of caches. Counts the caches and the converted images that are not collected.

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { constant, constantFrom, nat, oneof, sample, tuple } from "fast-check";

export const CACHES = 300;

const [SMALL, MEDIUM, LARGE] = [64 * 64, 640 * 360, 1920 * 1080].map((pixels) => 6 * pixels);
const source = Buffer.alloc(LARGE, 0x55);

const any = {
  cache: nat(CACHES - 1),
  limits: constantFrom(undefined, 0, 1, 4, { maxBytes: 2 * MEDIUM }),
  id: nat(20).map(String),
  transfers: constantFrom(["pq", "hlg"], ["hlg", "pq"]),
  byteLength: oneof(
    { weight: 70, arbitrary: constantFrom(0, 6, 600, SMALL) },
    { weight: 29, arbitrary: constantFrom(MEDIUM / 4, MEDIUM) },
    { weight: 1, arbitrary: constant(LARGE) },
  ),
  slot: nat(30),
};

/** A method of `Caches`, and its arguments. */
const call = oneof(
  weigh(80, "getConverted", any.cache, any.id, any.transfers, any.byteLength, any.slot),
  weigh(5, "detach", any.slot),
  weigh(5, "delete", any.cache, any.id),
  weigh(1, "clear", any.cache),
  weigh(1, "drop", any.cache, any.limits),
);

function weigh(weight, method, ...args) {
  return { weight, arbitrary: tuple(constant(method), tuple(...args)) };
}

/** An endless sequence of random calls, which the seed determines. */
function* calls(seed) {
  for (let chunk = seed; ; chunk++) yield* sample(call, { seed: chunk, numRuns: 1000 });
}

/** The caches and the converted images that are not collected yet. Each leaked native reference is one too many. */
export const alive = { caches: 0, images: 0 };

const registry = new FinalizationRegistry((kind) => alive[kind]--);

function count(kind, object) {
  alive[kind]++;
  registry.register(object, kind);
}

/** Makes random calls until there were `misses` cache misses. Yields their number after each call. */
export function* useCaches(misses, seed) {
  const caches = new Caches();
  for (const [method, args] of calls(seed)) {
    caches[method](...args);
    yield caches.misses;
    if (caches.misses === misses) return;
  }
}

class Caches {
  misses = 0;
  #caches = Array.from({ length: CACHES }, () => create(4));
  /** Images that JavaScript refers to, whether they are cached or not. */
  #held = [];
  #seen = new WeakSet();

  getConverted(cache, id, transfers, byteLength, slot) {
    const image = this.#caches[cache].getConverted(id, ...transfers, source.subarray(0, byteLength));
    if (!this.#seen.has(image)) {
      this.#seen.add(image);
      this.misses++;
      count("images", image);
    }
    this.#held[slot] = image;
  }

  detach(slot) {
    const image = this.#held[slot];
    // An empty image may be detached.
    if (image?.length) structuredClone(image.buffer, { transfer: [image.buffer] });
  }

  delete(cache, id) {
    this.#caches[cache].delete(id);
  }

  clear(cache) {
    this.#caches[cache].clear();
  }

  drop(cache, limits) {
    this.#caches[cache] = create(limits);
  }
}

function create(limits) {
  const cache = createHdrImageTransferCache(limits);
  count("caches", cache);
  return cache;
}
