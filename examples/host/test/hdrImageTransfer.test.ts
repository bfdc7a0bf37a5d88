/** What the host relies on, with the addon and with the fallback. */

import { beforeEach, describe, expect, test, vi } from "vitest";

import { createHdrImageTransferCache } from "../src/hdrImageTransfer.ts";
import { createJobCache, recordCounters } from "../src/jobCache.ts";
import { compositeImage, compositeTransition, compositeVideoFrame, type Job } from "../src/orchestrator.ts";

const expected = process.env["NAPI_RS_NATIVE_LIBRARY_PATH"] ? "fallback" : "addon";

/** An image of one pixel. */
const pixel = (...codes: [number, number, number]) => Buffer.from(Uint16Array.from(codes).buffer);
// HLG white is 1000 cd/m², which is PQ 49271. Brighter PQ saturates.
const PQ_WHITE = pixel(49271, 49271, 49271);
const PQ_BRIGHTER = pixel(65535, 60000, 49272);
const HLG_WHITE = pixel(65535, 65535, 65535);
const BLACK = pixel(0, 0, 0);

describe("loading", () => {
  test("falls back only without a binary, and says why, once", async () => {
    vi.resetModules();
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const { implementation } = await import("../src/hdrImageTransfer.ts");
    await import("../src/jobCache.ts");
    expect(implementation).toBe(expected);
    const reasons =
      expected === "addon" ? [] : [/in TypeScript.*: no binary could be loaded for .*linux-gnu/];
    expect(warn.mock.calls.flat()).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });

  test("without the package, too", async () => {
    vi.resetModules();
    vi.doMock("node:module", () => ({
      createRequire: () => () => {
        throw new Error("Cannot find module 'hdr-image-transfer-cache'");
      },
    }));
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const { implementation } = await import("../src/hdrImageTransfer.ts");
    vi.doUnmock("node:module");
    expect(implementation).toBe("fallback");
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("Cannot find module"));
  });
});

describe("an orchestrator", () => {
  let job: Job;
  beforeEach(() => {
    job = { transfer: "hlg", cache: createJobCache({}) };
  });

  test("composites an image, converted once; highlights saturate", () => {
    const canvas = Buffer.alloc(6);
    const image = { imageId: "bright", transfer: "pq", pixels: Buffer.from(PQ_BRIGHTER) } as const;
    for (let frame = 0; frame < 3; frame++) compositeImage(canvas, image, job);
    expect(canvas).toEqual(HLG_WHITE);
    expect(image.pixels).toEqual(PQ_BRIGHTER);
    expect(job.cache.stats()).toMatchObject({ misses: 1, hits: 2 });
  });

  test("composites an image that has the job's transfer function as it is", () => {
    const canvas = Buffer.alloc(6);
    compositeImage(canvas, { imageId: "hlg", transfer: "hlg", pixels: PQ_WHITE }, job);
    expect(canvas).toEqual(PQ_WHITE);
    expect(job.cache.stats()).toMatchObject({ misses: 0, passthroughs: 1 });
  });

  test("takes the images of a transition from the same cache", () => {
    const canvas = Buffer.alloc(6);
    const white = { imageId: "white", transfer: "pq", pixels: PQ_WHITE } as const;
    const black = { imageId: "black", transfer: "pq", pixels: BLACK } as const;
    compositeImage(canvas, white, job);
    compositeTransition(canvas, white, black, 0.25, job);
    expect(canvas).toEqual(pixel(49151, 49151, 49151));
    compositeTransition(canvas, white, black, 1, job);
    expect(canvas).toEqual(BLACK);
    expect(job.cache.stats()).toMatchObject({ misses: 2, hits: 3 });
  });

  test("converts a video frame in place", () => {
    const canvas = Buffer.alloc(6);
    const frame = { transfer: "pq", pixels: Buffer.from(PQ_WHITE) } as const;
    compositeVideoFrame(canvas, frame, job);
    expect(canvas).toEqual(HLG_WHITE);
    expect(frame).toEqual({ transfer: "hlg", pixels: HLG_WHITE });
    expect(job.cache.size()).toBe(0);
  });
});

describe("HDR_TRANSFER_CACHE_MAX_BYTES", () => {
  test.each([
    [undefined, 209_715_200],
    ["", 209_715_200],
    ["0", 0],
    ["12", 12],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("%j: %d bytes", (value, maxBytes) => {
    const cache = createJobCache({ HDR_TRANSFER_CACHE_MAX_BYTES: value });
    expect(cache.stats()).toMatchObject({ maxBytes, maxEntries: Infinity });
  });

  test.each(["200MB", "-1", "1.5", "1e9", "0x10", " 12", "NaN", "Infinity", "9007199254740992"])(
    "%j is turned down",
    (value) => {
      expect(() => createJobCache({ HDR_TRANSFER_CACHE_MAX_BYTES: value })).toThrow(
        new RangeError(
          `HDR_TRANSFER_CACHE_MAX_BYTES must be a number of bytes in digits, such as 209715200, got "${value}"`,
        ),
      );
    },
  );

  test("is read from the environment", () => {
    vi.stubEnv("HDR_TRANSFER_CACHE_MAX_BYTES", "600");
    expect(createJobCache().stats().maxBytes).toBe(600);
    vi.unstubAllEnvs();
  });
});

test("the host's counters get what the cache did", () => {
  const cache = createJobCache({ HDR_TRANSFER_CACHE_MAX_BYTES: "6" });
  for (const imageId of ["a", "a", "b"]) cache.getConverted(imageId, "pq", "hlg", PQ_WHITE);
  cache.getConverted("a", "hlg", "hlg", HLG_WHITE);
  const counters: Record<string, number> = {};
  recordCounters(cache, (name, value) => (counters[name] = value));
  expect(counters).toEqual({
    "hdrTransfer.isAddon": expected === "addon" ? 1 : 0,
    "hdrTransfer.hits": 1,
    "hdrTransfer.misses": 2,
    "hdrTransfer.evictions": 1,
    "hdrTransfer.passthroughs": 1,
    "hdrTransfer.conversionMs": expect.any(Number),
    "hdrTransfer.bytesUsed": 6,
  });
});

test("no memory for an image is an error, and the cache is as before", () => {
  const cache = createHdrImageTransferCache();
  const kept = cache.getConverted("kept", "pq", "hlg", PQ_WHITE);
  const before = cache.stats();
  vi.spyOn(Buffer, "allocUnsafeSlow").mockImplementationOnce(() => {
    throw new RangeError("Array buffer allocation failed");
  });
  const error = {
    code: "ERR_MEMORY_ALLOCATION_FAILED",
    message: expect.stringMatching(/^getConverted: .* 6 bytes$/),
  };
  expect(() => cache.getConverted("new", "pq", "hlg", PQ_WHITE)).toThrow(expect.objectContaining(error));
  expect(cache.stats()).toEqual(before);
  expect(cache.getConverted("kept", "pq", "hlg", PQ_WHITE)).toBe(kept);
});
