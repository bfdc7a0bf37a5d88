import { createHash } from "node:crypto";
import { cpus } from "node:os";

import { convertTransfer } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { everyCode, image } from "./contract/images.mjs";
import { convertedCopy } from "./model.ts";
import { runScript } from "./processes.ts";

test.each([
  ["18 % grey", 38.0, 37.86],
  ["83 % grey", 55.72, 71.26],
  ["90 % grey", 56.76, 72.92],
  ["HDR reference white", 58.07, 74.99],
])("BT.2408: %s is %f % in PQ and %f % in HLG", (_, pqPercent, hlgPercent) => {
  const pixel = Buffer.alloc(2);
  pixel.writeUInt16LE(Math.round((pqPercent / 100) * 65535));
  convertTransfer(pixel, "pq", "hlg");
  // Two rounded percentages are compared, hence the tolerance of 0.05.
  expect(pixel.readUInt16LE() / 655.35).toBeCloseTo(hlgPercent, 1);
});

describe("the result depends neither on the kernel nor on the threads", () => {
  // All code values. Large enough to be split across threads, with a tail.
  const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const perChannel = sha256(convertedCopy(large, "pq", "hlg"));
  const copy = Buffer.from(large);
  convertTransfer(copy, "hlg", "pq", { ootf: "luminance" });
  const luminance = sha256(copy);
  const script = `
    const { createHash } = require("node:crypto");
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const source = require("node:fs").readFileSync(0);
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    const luminance = Buffer.from(source);
    convertTransfer(luminance, "hlg", "pq", { ootf: "luminance" });
    convertTransfer(source, "pq", "hlg");
    const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
    console.log([converted, source, luminance].map(hash).join(" "));
  `;

  test.each([
    {},
    { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
    { HDR_IMAGE_TRANSFER_KERNEL: "portable", RAYON_NUM_THREADS: "3" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
    { HDR_IMAGE_TRANSFER_KERNEL: "unknown" },
    { RAYON_NUM_THREADS: "1" },
    { RAYON_NUM_THREADS: "7" },
    { RAYON_NUM_THREADS: "many" },
  ])("%j", async (environment) => {
    const env = { ...process.env, ...environment };
    expect(await runScript(script, { env, input: large })).toBe(`${perChannel} ${perChannel} ${luminance}\n`);
  });
});

// Linux shows the threads of a process, and fails to map stacks as large as the address space.
describe.runIf(process.platform === "linux")("the threads for a large image", () => {
  const script = `
    const { createHash } = require("node:crypto");
    const { readdirSync } = require("node:fs");
    const { convertTransfer } = require("hdr-image-transfer-cache");
    const threads = () => readdirSync("/proc/self/task").length;
    const image = Buffer.from(Uint16Array.from({ length: 64 * 65536 }, (_, code) => code).buffer);
    const before = threads();
    convertTransfer(image, "pq", "hlg");
    const started = threads() - before;
    console.log(JSON.stringify({ started, sha256: createHash("sha256").update(image).digest("hex") }));
  `;
  const sha256 = createHash("sha256");
  const converted = convertedCopy(everyCode(), "pq", "hlg");
  for (let time = 0; time < 64; time++) sha256.update(converted);
  const expected = sha256.digest("hex");

  /** Converts a large image, and returns the number of threads that were started for it. */
  async function threadsStarted(env: NodeJS.ProcessEnv): Promise<number> {
    const options = { env: { ...process.env, ...env }, flags: ["--single-threaded"], timeout: 60_000 };
    const { started, ...result } = JSON.parse(await runScript(script, options));
    expect(result).toEqual({ sha256: expected });
    return started;
  }

  test("RAYON_NUM_THREADS is their number", async () => {
    expect(await threadsStarted({ RAYON_NUM_THREADS: "3" })).toBe(3);
  });

  test("at most four for each processor", async () => {
    const started = await threadsStarted({ RAYON_NUM_THREADS: "20000" });
    expect(started).toBeGreaterThan(0);
    expect(started).toBeLessThanOrEqual(4 * cpus().length);
  });

  test("none if they cannot be started", async () => {
    expect(await threadsStarted({ RAYON_NUM_THREADS: "3", RUST_MIN_STACK: `${2 ** 47}` })).toBe(0);
  });
});
