/** Converts with hdr-image-transfer-cache where it can be loaded, otherwise with the host's own functions. */

import { createRequire } from "node:module";

type HdrTransfer = "hlg" | "pq";

export interface HdrImageTransferCache {
  getConverted(id: string, source: HdrTransfer, target: HdrTransfer, pixels: Buffer): Buffer;
  size(): number;
  bytesUsed(): number;
}

export interface HdrTransferFunctions {
  convertTransfer(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void;
  createHdrImageTransferCache(options?: { maxBytes?: number }): HdrImageTransferCache;
}

/** The first call of a function loads the addon, or warns once that the host's own functions convert, and why. */
export function withAddon(own: HdrTransferFunctions, warn: (message: string) => void): HdrTransferFunctions {
  let functions: HdrTransferFunctions | undefined;
  const load = () => {
    try {
      // Bundlers leave this call alone: they cannot bundle the binary, nor an optional package that is absent.
      functions = createRequire(import.meta.url)("hdr-image-transfer-cache") as HdrTransferFunctions;
    } catch (error) {
      warn(`HDR is converted without the addon, more slowly. ${String(error)}`);
      functions = own;
    }
    return functions;
  };
  return {
    convertTransfer: (buf, from, to) => (functions ?? load()).convertTransfer(buf, from, to),
    createHdrImageTransferCache: (options) => (functions ?? load()).createHdrImageTransferCache(options),
  };
}
