/** A model of the addon in plain TypeScript: slow, but simple. */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertedCopy } from "./model.ts";

/** A valid argument, or a rejected one as an error message shows it. */
export type Argument<T> = { good: T } | { bad: unknown; shown: string };

/** A `Uint8Array`, of which several may share memory. */
export class Image {
  constructor(
    /** Without bytes if it is detached. */
    readonly memory: { bytes?: Buffer },
    readonly start: number,
    readonly byteLength: number,
  ) {}

  get bytes(): Buffer | undefined {
    return this.memory.bytes?.subarray(this.start, this.start + this.byteLength);
  }
}

/** The validation and the default of each option. */
const OPTIONS = {
  maxEntries: { check: limit, default: Infinity },
  maxBytes: { check: limit, default: 200 * 2 ** 20 },
  peakLuminance: { check: peak, default: 1000 },
};

export type OptionArguments = { [name in keyof typeof OPTIONS]?: Argument<number | null | undefined> };
export type LimitsArgument = Argument<number | null | undefined> | { options: OptionArguments };

export class CacheModel {
  readonly #counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0 };
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #peakLuminance: number;
  /** The least recently used image first. */
  readonly #cached = new Map<string, Image>();

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
      OPTIONS[key].check(`${name}: ${key}`, given[key] ?? { good: undefined }) ?? OPTIONS[key].default;
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
    const cached = this.#cached.get(key);
    this.#cached.delete(key);
    if (cached?.bytes && cached.byteLength === image.byteLength) {
      this.#counters.hits++;
      this.#cached.set(key, cached);
      return cached;
    }

    this.#counters.misses++;
    const result = convertedCopy(bytes, from, to, this.#peakLuminance);
    const converted = new Image({ bytes: result }, 0, image.byteLength);
    if (this.#maxEntries > 0 && this.#maxBytes > 0 && image.byteLength <= this.#maxBytes) {
      this.#cached.set(key, converted);
      for (const oldest of this.#cached.keys()) {
        if (this.#cached.size <= this.#maxEntries && this.bytesUsed() <= this.#maxBytes) break;
        this.#cached.delete(oldest);
        this.#counters.evictions++;
      }
    }
    return converted;
  }

  size(): number {
    return this.#cached.size;
  }

  bytesUsed(): number {
    return [...this.#cached.values()].reduce((sum, image) => sum + image.byteLength, 0);
  }

  /** Without `conversionMs`. */
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
    const removed = (["pq", "hlg"] as const).map((to) => this.#cached.delete(JSON.stringify([id, to])));
    return removed.includes(true);
  }

  clear(): void {
    this.#cached.clear();
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
    const message = `${name} must be a Buffer whose ArrayBuffer is not detached, got a detached one`;
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
  return argument.good;
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
