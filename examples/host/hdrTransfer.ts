import { createRequire } from "node:module";

/** What the host has. `T` is its type of "hlg" and "pq", `O` that of its cache's options. */
interface Own<T, O> {
  convertTransfer(pixels: Buffer, from: T, to: T): void;
  createHdrImageTransferCache(options?: O): {
    getConverted(id: string, from: T, to: T, pixels: Buffer): Buffer;
    size(): number;
    bytesUsed(): number;
  };
}

/** Converts by hdr-image-transfer-cache, unseen by bundlers, or else by the host's own functions. */
export function withAddon<T, O>(own: Own<T, O>, log: Pick<Console, "info" | "warn">): Own<T, O> {
  let chosen: typeof own | undefined;
  const choose = () => {
    try {
      chosen = createRequire(import.meta.url)("hdr-image-transfer-cache") as typeof own;
      log.info("HDR is converted by hdr-image-transfer-cache.");
    } catch (error) {
      log.warn(`HDR is converted without the addon. ${String(error).split("\n")[0]}`);
    }
    return (chosen ??= own);
  };
  return {
    convertTransfer: (pixels, from, to) =>
      (from === to ? own : (chosen ?? choose())).convertTransfer(pixels, from, to),
    createHdrImageTransferCache(options) {
      let cache: ReturnType<typeof own.createHdrImageTransferCache> | undefined;
      return {
        getConverted(id, from, to, pixels) {
          if (from !== to) cache ??= (chosen ?? choose()).createHdrImageTransferCache(options);
          return cache?.getConverted(id, from, to, pixels) ?? pixels;
        },
        size: () => cache?.size() ?? 0,
        bytesUsed: () => cache?.bytesUsed() ?? 0,
      };
    },
  };
}
