// Generated from the doc comments in src/node by `npm run build`. Do not edit.

/** The transfer function of an image: PQ (BT.2100, SMPTE ST 2084) or HLG (BT.2100, ARIB STD-B67). */
export type HdrTransfer = "hlg" | "pq";


/**
 * Which binding artifact the generated loader actually loaded: `'native'` for
 * a native addon, otherwise the `platformArchABI` of the WASI flavor. Every
 * flavor napi-rs can build is listed, because `NAPI_RS_NATIVE_LIBRARY_PATH`
 * can point the loader at a WASI artifact this package does not build itself.
 */
export declare const __napiBindingTarget: 'native' | 'wasm32-wasi' | 'wasm32-wasip1'

/**
 * Converts an image in place. With equal transfers it stays as it is.
 *
 * @param buf `rgb48le`, full range: samples of 16 bits, little-endian, three a pixel, in memory of any
 * kind and alignment.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `buf` is not a Buffer or Uint8Array.
 * `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, or `buf` was transferred away.
 * @throws {RangeError} `ERR_OUT_OF_RANGE`: `buf` has an odd byteLength.
 */
export declare function convertTransfer(buf: Uint8Array, from: HdrTransfer, to: HdrTransfer): void

/**
 * Creates an empty cache of converted images.
 *
 * @param limits How much to keep: a number of images (and 200 MiB), or options. Without it, 16 images
 * and 200 MiB.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `limits`, or one of them, is of the wrong type.
 * @throws {RangeError} `ERR_OUT_OF_RANGE`: a limit is negative, fractional, infinite or NaN.
 */
export declare function createHdrImageTransferCache(limits?: number | HdrImageTransferCacheOptions | null): HdrImageTransferCache

/** A cache of converted images. Its functions need no `this`: `const { getConverted } = cache` works. */
export interface HdrImageTransferCache {
  /**
   * The image `source`, of the transfer function `sourceTransfer`, in `targetTransfer`.
   *
   * - Equal transfers: `source` itself, nothing done or kept.
   * - The first time for an `imageId` and a `targetTransfer`: a new Buffer, converted from `source`,
   *   which stays as it is. The Buffer is kept if the limits allow; the least recently used go for it.
   * - Later: that very Buffer. `source` is then not read, but for its length: another one means
   *   another image, which is converted and takes the place of the first. The same happens after
   *   the kept Buffer was transferred away.
   *
   * `source` is `rgb48le`, full range: samples of 16 bits, little-endian, three a pixel, in memory of
   * any kind and alignment. The Buffer returned is shared by all who ask for the same image: read it,
   * do not write to it.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string, or `source` not a Buffer or
   * Uint8Array. `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, or `source` was
   * transferred away.
   * @throws {RangeError} `ERR_OUT_OF_RANGE`: `source` has an odd byteLength.
   * @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: no memory for the converted image.
   */
  getConverted: (imageId: string, sourceTransfer: HdrTransfer, targetTransfer: HdrTransfer, source: Buffer) => Buffer
  /** How many converted images are kept. */
  size: () => number
  /** How many bytes the converted images that are kept have together. */
  bytesUsed: () => number
  /** What the cache did since it was created, what it holds and what it may hold. */
  stats: () => HdrImageTransferCacheStats
  /**
   * Lets the converted images of `imageId` go, for both targets. Returns whether there were any.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string.
   */
  delete: (imageId: string) => boolean
  /** Lets all converted images go. The counters of `stats()` go on. */
  clear: () => void
}

/** The limits of a cache. Both hold at every moment; a limit of 0 turns caching off. */
export interface HdrImageTransferCacheOptions {
  /**
   * The most converted images to keep: a non-negative integer.
   *
   * @default no limit on the number of images
   */
  maxEntries?: number | null
  /**
   * The most bytes of converted images to keep: a non-negative integer. An image larger than this is
   * converted and returned, but not kept.
   *
   * @default 209715200 (200 MiB: sixteen 1920x1080 images, or four 3840x2160 ones)
   */
  maxBytes?: number | null
}

/** What a cache did since it was created, what it holds and what it may hold. */
export interface HdrImageTransferCacheStats {
  /** Calls of `getConverted` answered with a kept image. */
  hits: number
  /** Calls of `getConverted` that converted an image, whether it was kept or not. */
  misses: number
  /** Images that went to make room for others. */
  evictions: number
  /** Calls of `getConverted` with equal transfers. */
  passthroughs: number
  /** Time the misses took to allocate and convert, in milliseconds. */
  conversionMs: number
  /** Converted images kept now. */
  entries: number
  /** Bytes of converted images kept now. */
  bytesUsed: number
  /** The limit on the number of images; `Infinity` when there is none. */
  maxEntries: number
  /** The limit on bytes. */
  maxBytes: number
}
