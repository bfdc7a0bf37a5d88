/** What the addon does, in TypeScript, for platforms without a binary: the same but for its speed. */

import type {
  ConvertTransferOptions,
  HdrImageTransferCache,
  HdrImageTransferCacheOptions,
  HdrTransfer,
} from "hdr-image-transfer-cache";

import { Call, isDetached } from "./arguments.ts";
import { convert } from "./conversion.ts";

export function convertTransfer(
  buf: Uint8Array,
  from: HdrTransfer,
  to: HdrTransfer,
  options?: ConvertTransferOptions | null,
): void {
  const call = new Call("convertTransfer");
  const rendering = call.convertOptions(options);
  call.image("buf", buf, rendering.ootf);
  call.transfer("from", from);
  call.transfer("to", to);
  if (from !== to) convert(buf, buf, from, rendering);
}

export function createHdrImageTransferCache(
  limits?: number | HdrImageTransferCacheOptions | null,
): HdrImageTransferCache {
  const { maxEntries, maxBytes, rendering } = new Call("createHdrImageTransferCache").cacheOptions(limits);
  /** The least recently used is the first. A Buffer that was transferred away does not know its length any more. */
  const images = new Map<string, { buffer: Buffer; byteLength: number }>();
  let bytesUsed = 0;
  const counters = { hits: 0, misses: 0, evictions: 0, passthroughs: 0, conversionMs: 0 };

  const remove = (key: string): boolean => {
    bytesUsed -= images.get(key)?.byteLength ?? 0;
    return images.delete(key);
  };

  const keep = (key: string, buffer: Buffer): void => {
    const { byteLength } = buffer;
    remove(key);
    if (maxEntries === 0 || maxBytes === 0 || byteLength > maxBytes) return;
    for (const oldest of images.keys()) {
      if (images.size < maxEntries && bytesUsed + byteLength <= maxBytes) break;
      remove(oldest);
      counters.evictions++;
    }
    images.set(key, { buffer, byteLength });
    bytesUsed += byteLength;
  };

  return {
    getConverted: (imageId, sourceTransfer, targetTransfer, source) => {
      const call = new Call("getConverted");
      call.imageId(imageId);
      call.transfer("sourceTransfer", sourceTransfer);
      call.transfer("targetTransfer", targetTransfer);
      call.image("source", source, rendering.ootf);
      if (sourceTransfer === targetTransfer) {
        counters.passthroughs++;
        return source;
      }

      const key = keyOf(imageId, targetTransfer);
      const image = images.get(key);
      if (image?.byteLength === source.byteLength && !isDetached(image.buffer)) {
        counters.hits++;
        images.delete(key);
        images.set(key, image);
        return image.buffer;
      }

      const start = performance.now();
      const converted = allocate(source.byteLength);
      convert(source, converted, sourceTransfer, rendering);
      counters.misses++;
      counters.conversionMs += performance.now() - start;
      keep(key, converted);
      return converted;
    },
    size: () => images.size,
    bytesUsed: () => bytesUsed,
    stats: () => ({ ...counters, entries: images.size, bytesUsed, maxEntries, maxBytes }),
    delete: (imageId) => {
      new Call("delete").imageId(imageId);
      const [hadPq, hadHlg] = [remove(keyOf(imageId, "pq")), remove(keyOf(imageId, "hlg"))];
      return hadPq || hadHlg;
    },
    clear: () => {
      images.clear();
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
    const message = `getConverted: no memory for the converted image of ${byteLength} bytes`;
    throw Object.assign(new Error(message, { cause }), { code: "ERR_MEMORY_ALLOCATION_FAILED" });
  }
}
