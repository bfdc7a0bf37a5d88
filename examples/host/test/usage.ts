/** Compiled under a host's settings, not run: the host's types, and what must fit them. */

import type { HdrImageTransferCache } from "hdr-image-transfer-cache";

import { checkHdrTransfer, convertTransfer, createHdrImageTransferCache } from "../hdrTransfer.js";

interface ProducerLogger {
  error(message: string, meta?: Record<string, unknown>): void;
  warn(message: string, meta?: Record<string, unknown>): void;
  info(message: string, meta?: Record<string, unknown>): void;
  debug(message: string, meta?: Record<string, unknown>): void;
}

type HostTransfer = "hlg" | "pq";

interface HostCache {
  getConverted(
    imageId: string,
    sourceTransfer: HostTransfer,
    targetTransfer: HostTransfer,
    source: Buffer,
  ): Buffer;
  size(): number;
  bytesUsed(): number;
}

declare const log: ProducerLogger;
declare const hdrCacheMaxBytes: number | undefined;

export const implementation: "addon" | "fallback" = checkHdrTransfer(log);
export const cache: HostCache = createHdrImageTransferCache(
  hdrCacheMaxBytes !== undefined ? { maxBytes: hdrCacheMaxBytes } : {},
);
export const convertVideoFrame: (buf: Buffer, from: HostTransfer, to: HostTransfer) => void = convertTransfer;

/** A test double has the functions that the host calls, and no more. */
export const double: Pick<HdrImageTransferCache, "getConverted" | "size" | "bytesUsed"> = {
  getConverted: (_imageId, _sourceTransfer, _targetTransfer, source) => source,
  size: () => 0,
  bytesUsed: () => 0,
};
