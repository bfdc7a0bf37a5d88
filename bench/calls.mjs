// The short calls that are timed, for one implementation. Each implementation imports this module anew, so that the
// runtime optimizes its calls as in a program that has no other implementation.

// The ids are not literals in the calls, where a runtime would compute the keys of a `Map` once.
const SHORT_IDS = ["hero", "logo"];
const LONG_IDS = SHORT_IDS.map((id) => `https://example.com/assets/2026/${id}.png`);

let turn = 0;

/** Cache hits, which alternate between two images, and calls that convert one pixel or nothing. */
export function smallCalls({ convertTransfer, createHdrImageTransferCache }, source) {
  const pixel = Buffer.from(source.subarray(0, 6));
  const cache = createHdrImageTransferCache({});
  const onePixelCache = createHdrImageTransferCache({ maxBytes: pixel.byteLength });
  return {
    "cache hit, short id": () => cache.getConverted(SHORT_IDS[++turn & 1], "hlg", "pq", source),
    "cache hit, long id": () => cache.getConverted(LONG_IDS[++turn & 1], "hlg", "pq", source),
    passthrough: () => cache.getConverted(SHORT_IDS[++turn & 1], "pq", "pq", source),
    "one pixel, in place": () => convertTransfer(pixel, "hlg", "pq"),
    "one pixel, cache miss": () => onePixelCache.getConverted(SHORT_IDS[++turn & 1], "hlg", "pq", pixel),
  };
}

/** The conversions of a host's frame: a video layer in place, and two images that the cache does not have. */
export function frameCalls({ convertTransfer, createHdrImageTransferCache }, source, frame) {
  return {
    "video layer": () => convertTransfer(frame, "hlg", "pq"),
    "2 images, first frame": () => {
      const cache = createHdrImageTransferCache({});
      return SHORT_IDS.map((id) => cache.getConverted(id, "hlg", "pq", source)).at(-1);
    },
  };
}
