// Compiled, not run: what a user of the types may write, and what must not compile.

import {
  convertTransfer,
  createHdrImageTransferCache,
  type ConvertTransferOptions,
  type HdrImageTransferCache,
  type HdrImageTransferCacheOptions,
  type HdrImageTransferCacheStats,
  type HdrTransfer,
  type HlgOotf,
} from "hdr-image-transfer-cache";

type HostTransfer = "hlg" | "pq";
declare const hostTransfer: HostTransfer;
declare const source: Buffer;
declare const limits: number | HdrImageTransferCacheOptions | undefined;
declare const options: ConvertTransferOptions | undefined;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const isTransferOfHost: Same<HdrTransfer, HostTransfer> = true;

createHdrImageTransferCache(16);
createHdrImageTransferCache(null);
createHdrImageTransferCache({});
createHdrImageTransferCache({ maxEntries: 16, maxBytes: 2 ** 30 });
createHdrImageTransferCache({ maxEntries: undefined, maxBytes: null });
createHdrImageTransferCache({ ootf: "luminance", peakLuminance: 600 });
const cache: HdrImageTransferCache = createHdrImageTransferCache(limits);

const { getConverted, stats } = cache;
export const converted: Buffer = getConverted("image", hostTransfer, "pq", source);
export const { hits, misses, evictions, passthroughs, conversionMs }: HdrImageTransferCacheStats = stats();
export const numbers: number[] = Object.values(stats());
export const deleted: boolean = cache.delete("image");
export const nothing: void = cache.clear();
convertTransfer(source, "pq", "hlg");
convertTransfer(new Uint8Array(6), hostTransfer, "hlg");
convertTransfer(source, "pq", "hlg", { ootf: "luminance", peakLuminance: 600 });
convertTransfer(source, "pq", "hlg", options);
createHdrImageTransferCache({ maxBytes: 0, ...options });
convertTransfer(source, "pq", "hlg", { ootf: "per-channel" satisfies HlgOotf });

// @ts-expect-error: limits are numbers
createHdrImageTransferCache("16");
// @ts-expect-error: limits are numbers
createHdrImageTransferCache({ maxBytes: "16" });
// @ts-expect-error: there is no such option
createHdrImageTransferCache({ maxByte: 16 });
// @ts-expect-error: there is no such OOTF
createHdrImageTransferCache({ ootf: "bt2100" });
// @ts-expect-error: a conversion has no limits
convertTransfer(source, "pq", "hlg", { maxBytes: 16 });
// @ts-expect-error: the peak is in the options
convertTransfer(source, "pq", "hlg", 600);
// @ts-expect-error: there are no more arguments
createHdrImageTransferCache(16, 2 ** 30);
// @ts-expect-error: the source is missing
cache.getConverted("image", "pq", "hlg");
// @ts-expect-error: an id is a string
cache.getConverted(1, "pq", "hlg", source);
// @ts-expect-error: there is no such transfer function
cache.getConverted("image", "sdr", "hlg", source);
// @ts-expect-error: a transfer function is not any string
cache.getConverted("image", "pq", "hlg" as string, source);
// @ts-expect-error: samples are given as bytes
cache.getConverted("image", "pq", "hlg", new Uint16Array(3));
// @ts-expect-error: what comes back is a Buffer
export const text: string = cache.getConverted("image", "pq", "hlg", source);
// @ts-expect-error: an id is needed
cache.delete();
// @ts-expect-error: the target is missing
convertTransfer(source, "pq");
// @ts-expect-error: there is no such transfer function
convertTransfer(source, "pq", "PQ");
// @ts-expect-error: samples are given as bytes
convertTransfer(new Uint16Array(3), "pq", "hlg");
// @ts-expect-error: it converts in place
export const copy: Buffer = convertTransfer(source, "pq", "hlg");
