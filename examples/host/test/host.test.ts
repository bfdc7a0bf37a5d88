/** What the host relies on, with the addon and with the fallback. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import {
  captureSceneIntoBuffer,
  runCaptureHdrStage,
  type HdrCompositeContext,
  type HdrLayer,
} from "../callSites.js";
import { createHdrImageTransferCache } from "../hdrTransfer.js";

const expected = process.env["NAPI_RS_NATIVE_LIBRARY_PATH"] ? "fallback" : "addon";

/** An image of one pixel. */
const pixel = (...codes: [number, number, number]) => Buffer.from(Uint16Array.from(codes).buffer);
// HLG white is 1000 cd/m², which is PQ 49271. PQ above that clips.
const PQ_WHITE = pixel(49271, 49271, 49271);
const PQ_BRIGHTER = pixel(65535, 60000, 49272);
const HLG_WHITE = pixel(65535, 65535, 65535);
const BLACK = pixel(0, 0, 0);

function createLog() {
  const warnings: string[] = [];
  const infos: string[] = [];
  return {
    warnings,
    infos,
    warn: (message: string) => void warnings.push(message),
    info: (message: string) => void infos.push(message),
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("the check at start", () => {
  beforeEach(() => vi.resetModules());

  test("reports the implementation once, and a failure with its cause", async () => {
    const { checkHdrTransfer, convertTransfer } = await import("../hdrTransfer.js");
    convertTransfer(Buffer.alloc(6), "pq", "hlg");
    const log = createLog();
    expect([checkHdrTransfer(log), checkHdrTransfer(log)]).toEqual([expected, expected]);
    const failure = /TypeScript converts instead\. .*: no binary could be loaded for .* Cause: .*none/s;
    const logged = {
      addon: { warnings: [], infos: ["The HDR transfer addon is loaded."] },
      fallback: { warnings: [expect.stringMatching(failure)], infos: [] },
    };
    expect(log).toMatchObject(logged[expected]);
  });

  test("a logger without info is enough", async () => {
    const { checkHdrTransfer } = await import("../hdrTransfer.js");
    expect(checkHdrTransfer({ warn: () => {} })).toBe(expected);
  });

  test("without the package: the fallback", async () => {
    vi.doMock("node:module", () => ({
      createRequire: () => () => {
        throw new Error("Cannot find module 'hdr-image-transfer-cache'");
      },
    }));
    const { checkHdrTransfer } = await import("../hdrTransfer.js");
    vi.doUnmock("node:module");
    const log = createLog();
    expect(checkHdrTransfer(log)).toBe("fallback");
    expect(log.warnings).toEqual([expect.stringContaining("Cannot find module")]);
  });
});

/** Runs a job and returns its cache and what it logged. */
function run(frames: (context: HdrCompositeContext) => void) {
  const log = createLog();
  let cache: HdrCompositeContext["hdrImageTransferCache"] | undefined;
  runCaptureHdrStage(log, "hlg", (context) => {
    cache = context.hdrImageTransferCache;
    frames(context);
  });
  return { log, stats: cache!.stats() };
}

const image = (id: string, transfer: "pq" | "hlg", data: Buffer): HdrLayer => ({
  id,
  kind: "image",
  transfer,
  data,
});

describe("the call sites", () => {
  test("an image is converted once; highlights clip", () => {
    const canvas = Buffer.alloc(6);
    const bright = image("bright", "pq", Buffer.from(PQ_BRIGHTER));
    const { stats } = run((context) => {
      for (let frame = 0; frame < 3; frame++) captureSceneIntoBuffer(canvas, [bright], context);
    });
    expect(canvas).toEqual(HLG_WHITE);
    expect(bright.data).toEqual(PQ_BRIGHTER);
    expect(stats).toMatchObject({ misses: 1, hits: 2 });
  });

  test("an image with the job's transfer function is a passthrough", () => {
    const canvas = Buffer.alloc(6);
    const { stats } = run((context) =>
      captureSceneIntoBuffer(canvas, [image("hlg", "hlg", PQ_WHITE)], context),
    );
    expect(canvas).toEqual(PQ_WHITE);
    expect(stats).toMatchObject({ misses: 0, passthroughs: 1 });
  });

  test("the two scenes of a transition share the cache", () => {
    const [sceneA, sceneB] = [Buffer.alloc(6), Buffer.alloc(6, 1)];
    const { stats } = run((context) => {
      for (let frame = 0; frame < 2; frame++) {
        captureSceneIntoBuffer(sceneA, [image("white", "pq", PQ_WHITE)], context);
        captureSceneIntoBuffer(sceneB, [image("black", "pq", BLACK)], context);
      }
    });
    expect([sceneA, sceneB]).toEqual([HLG_WHITE, BLACK]);
    expect(stats).toMatchObject({ misses: 2, hits: 2 });
  });

  test("a video frame is converted in place and not cached", () => {
    const canvas = Buffer.alloc(6);
    const scratch = Buffer.from(PQ_WHITE);
    const { stats } = run((context) =>
      captureSceneIntoBuffer(canvas, [{ ...image("video", "pq", scratch), kind: "video" }], context),
    );
    expect([canvas, scratch]).toEqual([HLG_WHITE, HLG_WHITE]);
    expect(stats).toMatchObject({ misses: 0, entries: 0 });
  });

  test("a layer that cannot be converted is logged, and the others are drawn", () => {
    const canvas = Buffer.alloc(6);
    const { log } = run((context) =>
      captureSceneIntoBuffer(
        canvas,
        [
          image("white", "pq", PQ_WHITE),
          image("odd", "pq", Buffer.alloc(5)),
          { ...image("odd video", "pq", Buffer.alloc(7)), kind: "video" },
        ],
        context,
      ),
    );
    expect(canvas).toEqual(HLG_WHITE);
    expect(log.warnings.filter((message) => message.includes("blit failed"))).toEqual([
      "HDR image blit failed for odd: getConverted: source must be of even byteLength (16-bit samples), got byteLength 5",
      "HDR blit failed for odd video: convertTransfer: buf must be of even byteLength (16-bit samples), got byteLength 7",
    ]);
  });
});

describe("HDR_TRANSFER_CACHE_MAX_BYTES", () => {
  test.each([
    ["", 209_715_200],
    ["0", 0],
    ["600", 600],
  ])("%j: %d bytes", (value, maxBytes) => {
    vi.stubEnv("HDR_TRANSFER_CACHE_MAX_BYTES", value);
    expect(run(() => {}).stats).toMatchObject({ maxBytes, maxEntries: Infinity });
  });

  test("a value that is not a number of bytes ends the job", () => {
    vi.stubEnv("HDR_TRANSFER_CACHE_MAX_BYTES", "200MB");
    const message = "createHdrImageTransferCache: maxBytes must be a non-negative integer, got NaN";
    expect(() => run(() => {})).toThrow(message);
  });
});

test("conversionMs is the wall time of the misses, in milliseconds", () => {
  const source = Buffer.alloc(1920 * 1080 * 6, 0x55);
  const cache = createHdrImageTransferCache({ maxBytes: 0 });
  const convert = () => cache.getConverted("image", "pq", "hlg", source);
  convert();
  const before = cache.stats().conversionMs;
  const start = performance.now();
  for (let miss = 0; miss < 10; miss++) convert();
  const wall = performance.now() - start;
  const proportion = (cache.stats().conversionMs - before) / wall;
  expect(proportion).toBeGreaterThan(0.7);
  expect(proportion).toBeLessThanOrEqual(1.001);
});

// The addon takes the function when it is loaded, before a test can replace it.
test.runIf(expected === "fallback")("no memory for an image is an error, and the cache is as before", () => {
  const cache = createHdrImageTransferCache();
  const cached = cache.getConverted("cached", "pq", "hlg", PQ_WHITE);
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
  expect(cache.getConverted("cached", "pq", "hlg", PQ_WHITE)).toBe(cached);
});
