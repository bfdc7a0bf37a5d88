/** What only the fallback has to show: the contract covers the rest. */

import { afterEach, expect, test, vi } from "vitest";

import { convertTransfer, createHdrImageTransferCache } from "../fallback.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Converts a pixel and returns how many tables that built. */
function tablesBuilt(peakLuminance: number): number {
  const build = vi.spyOn(Uint16Array, "from");
  convertTransfer(Buffer.alloc(6), "pq", "hlg", { peakLuminance });
  const built = build.mock.calls.length;
  build.mockRestore();
  return built;
}

test("eight tables are held, and the least recently used is dropped", () => {
  const peaks = [300, 400, 500, 600, 700, 800, 900, 1000];
  expect(peaks.map(tablesBuilt)).toEqual(peaks.map(() => 1));
  expect(peaks.map(tablesBuilt)).toEqual(peaks.map(() => 0));
  expect(tablesBuilt(1100)).toBe(1);
  expect(tablesBuilt(400)).toBe(0);
  expect(tablesBuilt(300)).toBe(1);
  expect(tablesBuilt(400)).toBe(0);
  expect(tablesBuilt(500)).toBe(1);
});

test("the error for no memory keeps its cause", () => {
  const cause = new RangeError("Array buffer allocation failed");
  vi.spyOn(Buffer, "allocUnsafeSlow").mockImplementationOnce(() => {
    throw cause;
  });
  const convert = () => createHdrImageTransferCache().getConverted("image", "pq", "hlg", Buffer.alloc(6));
  expect(convert).toThrow(expect.objectContaining({ code: "ERR_MEMORY_ALLOCATION_FAILED", cause }));
});

test("stats() reports the limits as given", () => {
  for (const limit of [0, 1, 2 ** 53, 1e300]) {
    const cache = createHdrImageTransferCache({ maxEntries: limit, maxBytes: limit });
    expect(cache.stats()).toMatchObject({ maxEntries: limit, maxBytes: limit });
  }
});

test("aligned and unaligned memory give the same bytes, for every code", () => {
  const codes = Buffer.from(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
  for (const [from, to] of [
    ["pq", "hlg"],
    ["hlg", "pq"],
  ] as const) {
    const aligned = Buffer.from(codes);
    const unaligned = Buffer.concat([Buffer.alloc(1), codes]).subarray(1);
    expect([aligned.byteOffset % 2, unaligned.byteOffset % 2]).toEqual([0, 1]);
    convertTransfer(aligned, from, to);
    convertTransfer(unaligned, from, to);
    expect(aligned.equals(unaligned)).toBe(true);
  }
});
