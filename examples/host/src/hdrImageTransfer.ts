/**
 * HDR images and video frames between PQ and HLG: by the addon, or, where there is no binary for the platform, in
 * TypeScript. The rest of the host imports this module only.
 */

import { createRequire } from "node:module";

import * as fallback from "./fallback.ts";

export type { HdrImageTransferCache, HdrTransfer } from "hdr-image-transfer-cache";

type HdrImageTransfer = Pick<
  typeof import("hdr-image-transfer-cache"),
  "convertTransfer" | "createHdrImageTransferCache"
>;

/** Runs once in each thread, and says then what it falls back for. */
function load(): HdrImageTransfer {
  try {
    // Neither an `import`, which would fail where there is no binary, nor a `require` that a bundler resolves.
    return createRequire(import.meta.url)("hdr-image-transfer-cache");
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    console.warn(`HDR images are converted in TypeScript, which is slow: ${reason}`);
    return fallback;
  }
}

const loaded = load();

/** Which of the two it is: for logs and counters. */
export const implementation = loaded === fallback ? "fallback" : "addon";

export const { convertTransfer, createHdrImageTransferCache } = loaded;
