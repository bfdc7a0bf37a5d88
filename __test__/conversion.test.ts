import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";

import { convertTransfer, createHdrImageTransferCache, type HdrTransfer } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertedCopy, everyCode, image } from "./model.ts";

function converted(source: Buffer, from: HdrTransfer, to: HdrTransfer): Buffer {
  return createHdrImageTransferCache().getConverted("image", from, to, source);
}

test.each<[HdrTransfer, HdrTransfer]>([
  ["pq", "hlg"],
  ["hlg", "pq"],
])("%s to %s: every length up to 100 samples", (from, to) => {
  for (let samples = 0; samples <= 100; samples++) {
    const source = image(2 * samples, samples);
    const expected = convertedCopy(source, from, to);
    expect(converted(source, from, to)).toEqual(expected);
    convertTransfer(source, from, to);
    expect(source).toEqual(expected);
  }
});

test.each([
  ["18 % grey", 38.0, 37.86],
  ["83 % grey", 55.72, 71.26],
  ["90 % grey", 56.76, 72.92],
  ["HDR reference white", 58.07, 74.99],
])("BT.2408: %s is %f % in PQ and %f % in HLG", (_, pqPercent, hlgPercent) => {
  const pq = Buffer.alloc(2);
  pq.writeUInt16LE(Math.round((pqPercent / 100) * 65535));
  // Two rounded percentages are compared, hence the tolerance of 0.05.
  expect(converted(pq, "pq", "hlg").readUInt16LE() / 655.35).toBeCloseTo(hlgPercent, 1);
});

describe("whatever kernel and threads the environment asks for", () => {
  // Large enough to be split, with samples left over; every code is in it.
  const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const perChannel = sha256(convertedCopy(large, "pq", "hlg"));
  const copy = Buffer.from(large);
  convertTransfer(copy, "hlg", "pq", { ootf: "luminance" });
  const byLuminance = sha256(copy);
  const script = `
    const { createHash } = require("node:crypto");
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const source = require("node:fs").readFileSync(0);
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    const byLuminance = Buffer.from(source);
    convertTransfer(byLuminance, "hlg", "pq", { ootf: "luminance" });
    convertTransfer(source, "pq", "hlg");
    const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
    console.log([converted, source, byLuminance].map(hash).join(" "));
  `;

  test.each([
    {},
    { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
    { HDR_IMAGE_TRANSFER_KERNEL: "portable", RAYON_NUM_THREADS: "3" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
    { HDR_IMAGE_TRANSFER_KERNEL: "no such kernel" },
    { RAYON_NUM_THREADS: "1" },
    { RAYON_NUM_THREADS: "7" },
    { RAYON_NUM_THREADS: "many" },
  ])("%j", (environment) => {
    const env = { ...process.env, ...environment };
    const child = spawnSync(process.execPath, ["-e", script], { env, input: large, encoding: "utf8" });
    expect(child.stdout).toBe(`${perChannel} ${perChannel} ${byLuminance}\n`);
  });
});
