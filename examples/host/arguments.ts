/** Checks arguments and throws the addon's errors. Its messages escape unusual characters differently. */

import { types } from "node:util";

import type { HlgOotf } from "hdr-image-transfer-cache";

import type { Rendering } from "./conversion.js";

type Code = "ERR_INVALID_ARG_TYPE" | "ERR_INVALID_ARG_VALUE" | "ERR_OUT_OF_RANGE";

/** Checks the arguments of one function; errors name it. */
export class Arguments {
  readonly #functionName: string;

  constructor(functionName: string) {
    this.#functionName = functionName;
  }

  cacheOptions(limits: unknown): { maxEntries: number; maxBytes: number; rendering: Rendering } {
    if (limits === undefined || limits === null) limits = 16;
    if (typeof limits === "number") limits = { maxEntries: limits };
    const options = this.#options("limits", limits, "a number or an options object");
    return {
      maxEntries: this.#limit("maxEntries", options.maxEntries) ?? Infinity,
      maxBytes: this.#limit("maxBytes", options.maxBytes) ?? 200 * 2 ** 20,
      rendering: this.#rendering(options),
    };
  }

  convertOptions(options: unknown): Rendering {
    return this.#rendering(this.#options("options", options ?? {}, "an options object"));
  }

  imageId(imageId: unknown): void {
    if (typeof imageId === "string") return;
    this.#reject("ERR_INVALID_ARG_TYPE", "imageId", "a string", describe(imageId));
  }

  transfer(argument: string, transfer: unknown): void {
    if (transfer === "pq" || transfer === "hlg") return;
    this.#reject("ERR_INVALID_ARG_VALUE", argument, '"pq" or "hlg"', describe(transfer));
  }

  image(argument: string, image: unknown, ootf: HlgOotf): void {
    if (!types.isUint8Array(image)) {
      this.#reject("ERR_INVALID_ARG_TYPE", argument, "a Buffer or Uint8Array", describe(image));
    }
    if (isDetached(image)) {
      const expected = "a Buffer whose ArrayBuffer is not detached";
      this.#reject("ERR_INVALID_ARG_VALUE", argument, expected, "a detached one");
    }
    if (image.byteLength % (ootf === "luminance" ? 6 : 2) !== 0) {
      const expected =
        ootf === "luminance"
          ? "of a byteLength that is a multiple of 6 (whole pixels)"
          : "of even byteLength (16-bit samples)";
      this.#reject("ERR_OUT_OF_RANGE", argument, expected, `byteLength ${image.byteLength}`);
    }
  }

  #options(argument: string, options: unknown, expected: string): Record<string, unknown> {
    if (typeof options === "object" && options !== null && !builtInType(options)) {
      // Inherited options are honoured. Each is read once, before any is checked.
      const { maxEntries, maxBytes, ootf, peakLuminance } = options as Record<string, unknown>;
      return { maxEntries, maxBytes, ootf, peakLuminance };
    }
    return this.#reject("ERR_INVALID_ARG_TYPE", argument, expected, describe(options));
  }

  #limit(argument: string, limit: unknown): number | undefined {
    if (limit === undefined || limit === null) return undefined;
    const expected = "a non-negative integer";
    if (typeof limit !== "number") {
      return this.#reject("ERR_INVALID_ARG_TYPE", argument, expected, describe(limit));
    }
    if (!Number.isInteger(limit) || limit < 0) {
      return this.#reject("ERR_OUT_OF_RANGE", argument, expected, describe(limit));
    }
    return limit;
  }

  #rendering({ ootf, peakLuminance }: Record<string, unknown>): Rendering {
    return { ootf: this.#ootf(ootf ?? "per-channel"), peakLuminance: this.#peak(peakLuminance ?? 1000) };
  }

  #ootf(ootf: unknown): HlgOotf {
    if (ootf === "per-channel" || ootf === "luminance") return ootf;
    const code = typeof ootf === "string" ? "ERR_INVALID_ARG_VALUE" : "ERR_INVALID_ARG_TYPE";
    return this.#reject(code, "ootf", '"per-channel" or "luminance"', describe(ootf));
  }

  #peak(peak: unknown): number {
    if (typeof peak === "number" && peak >= 1 && peak <= 10_000) return peak;
    const code = typeof peak === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_TYPE";
    return this.#reject(code, "peakLuminance", "a number from 1 to 10000 (cd/m²)", describe(peak));
  }

  #reject(code: Code, argument: string, expected: string, received: string): never {
    const ErrorClass = code === "ERR_OUT_OF_RANGE" ? RangeError : TypeError;
    const message = `${this.#functionName}: ${argument} must be ${expected}, got ${received}`;
    throw Object.assign(new ErrorClass(message), { code });
  }
}

/** Whether the ArrayBuffer was detached, which a transfer does. */
export function isDetached(bytes: Uint8Array): boolean {
  if (bytes.byteLength > 0) return false;
  try {
    // Throws if it was. Node.js 20 does not have `buffer.detached`.
    bytes.buffer.slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "symbol":
    case "function":
    case "bigint":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : (builtInType(value) ?? "an object");
    default:
      return String(value);
  }
}

/** The beginning of a string, in quotes. */
function quote(text: string): string {
  const shown = JSON.stringify(text.slice(0, 40)).replaceAll("\\u0000", "\\0");
  return text.length > 40 ? `${shown}…` : shown;
}

/** The name of a built-in object type that cannot be options. */
function builtInType(value: object): string | undefined {
  if (types.isUint8Array(value)) return "a Uint8Array";
  if (types.isUint16Array(value)) return "a Uint16Array";
  if (types.isTypedArray(value)) return "a typed array";
  if (Array.isArray(value)) return "an array";
  if (types.isArrayBuffer(value)) return "an ArrayBuffer";
  if (types.isDataView(value)) return "a DataView";
  if (types.isDate(value)) return "a Date";
  return undefined;
}
