// Hundreds of caches, used at random. They, and the Buffers they give, are counted until they are collected.

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
  place: nat(30),
};

/** A method of `Caches`, and its arguments. */
const call = oneof(
  weigh(80, "request", any.cache, any.id, any.transfers, any.byteLength, any.place),
  weigh(5, "transferAway", any.place),
  weigh(5, "delete", any.cache, any.id),
  weigh(1, "clear", any.cache),
  weigh(1, "drop", any.cache, any.limits),
);

function weigh(weight, method, ...args) {
  return { weight, arbitrary: tuple(constant(method), tuple(...args)) };
}

/** Random calls without end, the same for the same seed. */
function* calls(seed) {
  for (let chunk = seed; ; chunk++) yield* sample(call, { seed: chunk, numRuns: 1000 });
}

/**
 * How many caches and converted images are not collected yet. A native reference that is not dropped shows
 * here: it keeps its Buffer alive, and that of a cache those of all its images.
 */
export const alive = { caches: 0, images: 0 };

const registry = new FinalizationRegistry((kind) => alive[kind]--);

function count(kind, object) {
  alive[kind]++;
  registry.register(object, kind);
}

/** Uses caches at random, yielding the number of misses so far after each call; drops all at the end. */
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
  /** Images that JavaScript holds, whatever becomes of them in their caches. */
  #held = [];
  #known = new WeakSet();

  request(cache, id, transfers, byteLength, place) {
    const image = this.#caches[cache].getConverted(id, ...transfers, source.subarray(0, byteLength));
    if (!this.#known.has(image)) {
      this.#known.add(image);
      this.misses++;
      count("images", image);
    }
    this.#held[place] = image;
  }

  transferAway(place) {
    const image = this.#held[place];
    // An empty one may have been transferred away before.
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
