/** The cache in plain JavaScript, from the tables of README: slow, and too simple to be wrong. */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertedCopy } from "./model.ts";

/** What a call takes, or what it turns down and shows in its message. */
export type Argument<T> = { good: T } | { bad: unknown; shown: string };

/** A `Uint8Array`, and what it must hold. Several may share memory. */
export class Image {
  constructor(
    /** Without bytes once it was transferred away. */
    readonly memory: { bytes?: Buffer },
    readonly start: number,
    readonly byteLength: number,
  ) {}

  get bytes(): Buffer | undefined {
    return this.memory.bytes?.subarray(this.start, this.start + this.byteLength);
  }
}

/** The options: what each has to be, and what stands for one that is absent. */
const OPTIONS = {
  maxEntries: { check: limit, absent: Infinity },
  maxBytes: { check: limit, absent: 200 * 2 ** 20 },
  peakLuminance: { check: peak, absent: 1000 },
};

export type OptionArguments = { [name in keyof typeof OPTIONS]?: Argument<number | null | undefined> };
export type LimitsArgument = Argument<number | null | undefined> | { options: OptionArguments };

export class CacheModel {
  readonly #counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0 };
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #peakLuminance: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Image>();

  constructor(limits: LimitsArgument) {
    const name = "createHdrImageTransferCache";
    let given: OptionArguments = {};
    if ("options" in limits) {
      given = limits.options;
    } else if ("bad" in limits && typeof limits.bad !== "number") {
      throw typeError(`${name}: limits must be a number or an options object, got ${limits.shown}`);
    } else {
      given.maxEntries = "good" in limits ? { good: limits.good ?? 16 } : limits;
    }
    const option = (key: keyof typeof OPTIONS) =>
      OPTIONS[key].check(`${name}: ${key}`, given[key] ?? { good: undefined }) ?? OPTIONS[key].absent;
    this.#maxEntries = option("maxEntries");
    this.#maxBytes = option("maxBytes");
    this.#peakLuminance = option("peakLuminance");
  }

  getConverted(
    imageId: Argument<string>,
    sourceTransfer: Argument<HdrTransfer>,
    targetTransfer: Argument<HdrTransfer>,
    source: Argument<Image>,
  ): Image {
    const id = string("getConverted: imageId", imageId);
    const from = transfer("getConverted: sourceTransfer", sourceTransfer);
    const to = transfer("getConverted: targetTransfer", targetTransfer);
    const [image, bytes] = samples("getConverted: source", source);
    if (from === to) {
      this.#counters.passthroughs++;
      return image;
    }

    const key = JSON.stringify([id, to]);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept?.bytes && kept.byteLength === image.byteLength) {
      this.#counters.hits++;
      this.#kept.set(key, kept);
      return kept;
    }

    this.#counters.misses++;
    const result = convertedCopy(bytes, from, to, this.#peakLuminance);
    const converted = new Image({ bytes: result }, 0, image.byteLength);
    if (this.#maxEntries > 0 && this.#maxBytes > 0 && image.byteLength <= this.#maxBytes) {
      this.#kept.set(key, converted);
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= this.#maxEntries && this.bytesUsed() <= this.#maxBytes) break;
        this.#kept.delete(oldest);
        this.#counters.evictions++;
      }
    }
    return converted;
  }

  size(): number {
    return this.#kept.size;
  }

  bytesUsed(): number {
    return [...this.#kept.values()].reduce((sum, image) => sum + image.byteLength, 0);
  }

  /** All but `conversionMs`. */
  stats() {
    return {
      ...this.#counters,
      entries: this.size(),
      bytesUsed: this.bytesUsed(),
      maxEntries: this.#maxEntries,
      maxBytes: this.#maxBytes,
    };
  }

  delete(imageId: Argument<string>): boolean {
    const id = string("delete: imageId", imageId);
    const removed = (["pq", "hlg"] as const).map((to) => this.#kept.delete(JSON.stringify([id, to])));
    return removed.includes(true);
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** `convertTransfer`. */
export function convertTransferModel(
  buf: Argument<Image>,
  from: Argument<HdrTransfer>,
  to: Argument<HdrTransfer>,
): void {
  const [, bytes] = samples("convertTransfer: buf", buf);
  const transfers = [transfer("convertTransfer: from", from), transfer("convertTransfer: to", to)] as const;
  if (transfers[0] !== transfers[1]) bytes.set(convertedCopy(bytes, ...transfers));
}

function string(name: string, argument: Argument<string>): string {
  if ("bad" in argument) throw typeError(`${name} must be a string, got ${argument.shown}`);
  return argument.good;
}

function transfer(name: string, argument: Argument<HdrTransfer>): HdrTransfer {
  if ("bad" in argument) {
    throw typeError(`${name} must be "pq" or "hlg", got ${argument.shown}`, "ERR_INVALID_ARG_VALUE");
  }
  return argument.good;
}

function samples(name: string, argument: Argument<Image>): [Image, Buffer] {
  if ("bad" in argument) throw typeError(`${name} must be a Buffer or Uint8Array, got ${argument.shown}`);
  const { bytes, byteLength } = argument.good;
  if (!bytes) {
    const message = `${name} must be a Buffer that still has its memory, got one that was transferred away`;
    throw typeError(message, "ERR_INVALID_ARG_VALUE");
  }
  if (byteLength % 2 !== 0) {
    throw rangeError(`${name} must be of even byteLength (16-bit samples), got byteLength ${byteLength}`);
  }
  return [argument.good, bytes];
}

function limit(name: string, argument: Argument<number | null | undefined>): number | null | undefined {
  if ("bad" in argument) {
    const message = `${name} must be a non-negative integer, got ${argument.shown}`;
    throw typeof argument.bad === "number" ? rangeError(message) : typeError(message);
  }
  // What is more than the address space stands for all of it.
  return argument.good && Math.min(argument.good, 2 ** 64);
}

function peak(name: string, argument: Argument<number | null | undefined>): number | null | undefined {
  if ("good" in argument) return argument.good;
  const message = `${name} must be a number from 1 to 10000 (cd/m²), got ${argument.shown}`;
  throw typeof argument.bad === "number" ? rangeError(message) : typeError(message);
}

function typeError(message: string, code = "ERR_INVALID_ARG_TYPE"): TypeError {
  return Object.assign(new TypeError(message), { code });
}

function rangeError(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
}
