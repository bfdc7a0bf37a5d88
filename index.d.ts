/// <reference types="node" />

/** A transfer function: PQ (perceptual quantization, SMPTE ST 2084) or HLG (hybrid log-gamma), both as in BT.2100. */
export type HdrTransfer = "hlg" | "pq";

/** What the HLG OOTF depends on: each channel on its own, or the luminance of the pixel as specified in BT.2100. */
export type HlgOotf = "per-channel" | "luminance";

/**
 * Converts an image or video frame in place. Equal transfers leave it unchanged.
 *
 * @param buf Pixels in `rgb48le`, full range: R, G, B, 16 bits each, little-endian. Any alignment. The conversion of a
 * SharedArrayBuffer takes longer.
 * @param from The transfer function of `buf`.
 * @param to The transfer function to convert to.
 * @param options OOTF and display peak.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `buf` is not a Buffer or Uint8Array, or `options` or one of them has the
 * wrong type. `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, `ootf` is neither `"per-channel"` nor
 * `"luminance"`, an option does not exist, the ArrayBuffer of `buf` is detached or immutable, or there is a fifth
 * argument.
 * @throws {RangeError} `ERR_OUT_OF_RANGE`: the byteLength of `buf` is odd or, with `ootf: "luminance"`, not a multiple of
 * 6, or `peakLuminance` is not from 1 to 10000.
 * @example
 * ```ts
 * convertTransfer(frame, "hlg", "pq");
 * ```
 */
export declare function convertTransfer(
  buf: Uint8Array,
  from: HdrTransfer,
  to: HdrTransfer,
  options?: ConvertTransferOptions | null,
): void;

/** OOTF and display peak: how a conversion renders HLG. */
export interface ConvertTransferOptions {
  /**
   * What the HLG OOTF depends on: `"luminance"`, as specified in BT.2100 (reference surround, no black level lift), or
   * `"per-channel"`, which is the same for greys, within 1 code value, and changes the brightness, saturation and hue of
   * other colours. Choose `"luminance"` for new projects, and never use both in one chain.
   *
   * @default "per-channel"
   */
  ootf?: HlgOotf | null | undefined;
  /**
   * The nominal peak luminance of the HLG display in cd/m²: 1 to 10000. It determines the system gamma (BT.2100 table 5,
   * note 5f). Use one value in a chain, and 1000 for interchange (BT.2408).
   *
   * @default 1000
   */
  peakLuminance?: number | null | undefined;
}

/**
 * Creates an empty cache of converted images.
 *
 * @param limits The maximum number of images, with 200 MiB for their bytes, or an options object.
 * @default 16 images and 200 MiB
 * @returns The cache. Create one for each render job.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `limits` or an option has the wrong type. `ERR_INVALID_ARG_VALUE`: `ootf`
 * is neither `"per-channel"` nor `"luminance"`, an option does not exist, or there is a second argument.
 * @throws {RangeError} `ERR_OUT_OF_RANGE`: a limit is negative, fractional, infinite or NaN, or `peakLuminance` is not
 * from 1 to 10000.
 * @example
 * ```ts
 * const cache = createHdrImageTransferCache({ maxBytes: 400 * 2 ** 20 });
 * ```
 */
export declare function createHdrImageTransferCache(
  limits?: number | HdrImageTransferCacheOptions | null,
): HdrImageTransferCache;

/**
 * A cache of converted images, created by {@link createHdrImageTransferCache}.
 *
 * Its functions need no `this`: `const { getConverted } = cache` works. The garbage collector frees the images with the
 * cache.
 */
export interface HdrImageTransferCache {
  /**
   * Returns the image `source`, converted from `sourceTransfer` to `targetTransfer`.
   *
   * - Equal transfers: returns `source` itself. Nothing is converted or cached.
   * - Cache miss, the first call for an `imageId` and a `targetTransfer`: converts `source`, which is not modified,
   *   into a new Buffer, and caches it. The least recently used images are evicted if needed.
   * - Cache hit, a later call: returns the same Buffer object. `source` is not read, except for its length: with
   *   another length, or if the cached Buffer was detached, the call is a cache miss.
   *
   * All callers share one Buffer; treat it as read-only. It stays valid after it is evicted.
   *
   * @param imageId Identifies the image. Any string.
   * @param sourceTransfer The transfer function of `source`.
   * @param targetTransfer The transfer function to convert to.
   * @param source Pixels in `rgb48le`, full range: R, G, B, 16 bits each, little-endian. Any alignment, and any kind of
   * memory.
   * @returns The converted image, or `source` for equal transfers.
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string, or `source` is not a Buffer or Uint8Array.
   * `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, `source` is detached, or there is a fifth
   * argument.
   * @throws {RangeError} `ERR_OUT_OF_RANGE`: the byteLength of `source` is odd or, with `ootf: "luminance"`, not a
   * multiple of 6.
   * @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: there is no memory for the converted image or for `imageId`.
   * @example
   * ```ts
   * // For each image of each frame. Only the first call converts.
   * const pixels = cache.getConverted("hero", "hlg", "pq", source);
   * ```
   */
  getConverted: (
    imageId: string,
    sourceTransfer: HdrTransfer,
    targetTransfer: HdrTransfer,
    source: Buffer,
  ) => Buffer;
  /** The number of cached images. */
  size: () => number;
  /** The total bytes of the cached images. */
  bytesUsed: () => number;
  /**
   * Counters since the cache was created, its content, and its limits. A new object on each call.
   *
   * @example
   * ```ts
   * const { hits, misses, conversionMs } = cache.stats();
   * logger.info(`${hits} hits, ${misses} misses in ${conversionMs.toFixed(1)} ms`);
   * ```
   */
  stats: () => HdrImageTransferCacheStats;
  /**
   * Removes the images of `imageId`, for both target transfers.
   *
   * @param imageId Identifies the image.
   * @returns Whether an image was removed.
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string.
   * @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: there is no memory for `imageId`.
   */
  delete: (imageId: string) => boolean;
  /** Removes all images. The counters of `stats()` are not reset. */
  clear: () => void;
}

/**
 * The limits of a cache, and how it converts.
 *
 * Both limits hold at all times. A limit of 0 turns caching off.
 */
export interface HdrImageTransferCacheOptions extends ConvertTransferOptions {
  /**
   * The maximum number of cached images: a non-negative integer.
   *
   * @default no limit on the number of images (16 without `limits`)
   */
  maxEntries?: number | null | undefined;
  /**
   * The maximum total bytes of cached images: a non-negative integer. A larger image is converted and returned,
   * but not cached.
   *
   * @default 209715200 (200 MiB: sixteen 1920x1080 images, or four 3840x2160 ones)
   */
  maxBytes?: number | null | undefined;
}

/** Counters since a cache was created, its content, and its limits. */
export interface HdrImageTransferCacheStats {
  /** Calls of `getConverted` that returned a cached image. */
  hits: number;
  /** Calls of `getConverted` that converted an image, whether it was then cached or not. */
  misses: number;
  /** Images removed to make room for others. */
  evictions: number;
  /** Calls of `getConverted` with equal transfers. */
  passthroughs: number;
  /** The time that the misses took, to allocate and to convert, in milliseconds. */
  conversionMs: number;
  /** The number of cached images. */
  entries: number;
  /** The total bytes of the cached images. */
  bytesUsed: number;
  /** The limit on the number of images, as given; `Infinity` for no limit. */
  maxEntries: number;
  /** The limit on the bytes, as given. */
  maxBytes: number;
}
