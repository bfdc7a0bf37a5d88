/**
 * Converts HDR images and video frames between PQ and HLG: with the native addon, or in TypeScript where the addon
 * cannot be loaded. The rest of the host imports this module only.
 */

import { createRequire } from "node:module";

import * as fallback from "./fallback.js";

export type { HdrImageTransferCache, HdrTransfer } from "hdr-image-transfer-cache";

type HdrTransferImplementation = Pick<
  typeof import("hdr-image-transfer-cache"),
  "convertTransfer" | "createHdrImageTransferCache"
>;

/** What this module needs of the host's logger. A `ProducerLogger` has it. */
export interface HdrTransferLogger {
  warn(message: string): void;
  info?(message: string): void;
}

interface Loaded {
  implementation: HdrTransferImplementation;
  /** Why the addon could not be loaded. */
  error?: unknown;
}

let loaded: Loaded | undefined;
let isReported = false;

/** Loads the addon on the first call. A failure is final for this thread. */
function load(): Loaded {
  loaded ??= tryAddon();
  return loaded;
}

function tryAddon(): Loaded {
  try {
    // Bundlers do not follow this call: the binary cannot be bundled, and a static import of an absent package throws.
    return { implementation: createRequire(import.meta.url)("hdr-image-transfer-cache") };
  } catch (error) {
    return { implementation: fallback, error };
  }
}

/**
 * Loads the addon and returns which implementation converts. Call it when the host starts, or at the start of each job:
 * the first call logs the result, as a warning with the cause if it is the fallback.
 */
export function checkHdrTransfer(log: HdrTransferLogger): "addon" | "fallback" {
  const { implementation, error } = load();
  const isFallback = implementation === fallback;
  if (!isReported) {
    isReported = true;
    if (isFallback) {
      log.warn(`The HDR transfer addon could not be loaded. TypeScript converts instead. ${describe(error)}`);
    } else {
      log.info?.("The HDR transfer addon is loaded.");
    }
  }
  return isFallback ? "fallback" : "addon";
}

/** The message of an error, and that of its cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} Cause: ${error.cause.message}` : error.message;
}

export const convertTransfer: HdrTransferImplementation["convertTransfer"] = (...args) =>
  load().implementation.convertTransfer(...args);

export const createHdrImageTransferCache: HdrTransferImplementation["createHdrImageTransferCache"] = (
  ...args
) => load().implementation.createHdrImageTransferCache(...args);
