/** The addon's API in TypeScript, for platforms without a binary: the same results, errors and counters. */

import type {
  ConvertTransferOptions,
  HdrImageTransferCache,
  HdrImageTransferCacheOptions,
  HdrTransfer,
} from "hdr-image-transfer-cache";

import { Arguments, isDetached } from "./arguments.js";
import { convert } from "./conversion.js";

const convertTransferArguments = new Arguments("convertTransfer");
const createArguments = new Arguments("createHdrImageTransferCache");
const getConvertedArguments = new Arguments("getConverted");
const deleteArguments = new Arguments("delete");

export function convertTransfer(
  buf: Uint8Array,
  from: HdrTransfer,
  to: HdrTransfer,
  options?: ConvertTransferOptions | null,
): void {
  const rendering = convertTransferArguments.convertOptions(options);
  convertTransferArguments.image("buf", buf, rendering.ootf);
  convertTransferArguments.transfer("from", from);
  convertTransferArguments.transfer("to", to);
  if (from !== to) convert(buf, from, rendering);
}

/** `byteLength` is stored, since that of a detached Buffer is 0. */
interface Entry {
  buffer: Buffer;
  byteLength: number;
}

export function createHdrImageTransferCache(
  limits?: number | HdrImageTransferCacheOptions | null,
): HdrImageTransferCache {
  const { maxEntries, maxBytes, rendering } = createArguments.cacheOptions(limits);
  /** From least to most recently used. */
  const entries = new Map<string, Entry>();
  let bytesUsed = 0;
  const counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0, conversionMs: 0 };

  const remove = (key: string): boolean => {
    bytesUsed -= entries.get(key)?.byteLength ?? 0;
    return entries.delete(key);
  };

  const store = (key: string, buffer: Buffer): void => {
    const { byteLength } = buffer;
    remove(key);
    if (maxEntries === 0 || maxBytes === 0 || byteLength > maxBytes) return;
    for (const leastRecentlyUsed of entries.keys()) {
      if (entries.size < maxEntries && bytesUsed + byteLength <= maxBytes) break;
      remove(leastRecentlyUsed);
      counters.evictions++;
    }
    entries.set(key, { buffer, byteLength });
    bytesUsed += byteLength;
  };

  return {
    getConverted: (imageId, sourceTransfer, targetTransfer, source) => {
      getConvertedArguments.imageId(imageId);
      getConvertedArguments.transfer("sourceTransfer", sourceTransfer);
      getConvertedArguments.transfer("targetTransfer", targetTransfer);
      getConvertedArguments.image("source", source, rendering.ootf);
      if (sourceTransfer === targetTransfer) {
        counters.passthroughs++;
        return source;
      }

      const key = keyOf(imageId, targetTransfer);
      const entry = entries.get(key);
      if (entry?.byteLength === source.byteLength && !isDetached(entry.buffer)) {
        counters.hits++;
        entries.delete(key);
        entries.set(key, entry);
        return entry.buffer;
      }

      const start = performance.now();
      const converted = allocate(source.byteLength);
      // Copying first is as fast as converting into new memory, and keeps one loop.
      converted.set(source);
      convert(converted, sourceTransfer, rendering);
      counters.misses++;
      counters.conversionMs += performance.now() - start;
      store(key, converted);
      return converted;
    },
    size: () => entries.size,
    bytesUsed: () => bytesUsed,
    stats: () => ({ ...counters, entries: entries.size, bytesUsed, maxEntries, maxBytes }),
    delete: (imageId) => {
      deleteArguments.imageId(imageId);
      const [hadPq, hadHlg] = [remove(keyOf(imageId, "pq")), remove(keyOf(imageId, "hlg"))];
      return hadPq || hadHlg;
    },
    clear: () => {
      entries.clear();
      bytesUsed = 0;
    },
  };
}

function keyOf(imageId: string, target: HdrTransfer): string {
  return `${target} ${imageId}`;
}

function allocate(byteLength: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(byteLength);
  } catch (cause) {
    // A stack overflow is a RangeError, too.
    if (!(cause instanceof RangeError) || cause.message.includes("call stack")) throw cause;
    const message = `getConverted: no memory for the converted image of ${byteLength} bytes`;
    throw Object.assign(new Error(message, { cause }), { code: "ERR_MEMORY_ALLOCATION_FAILED" });
  }
}
