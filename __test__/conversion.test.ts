import { createHash } from "node:crypto";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { everyCode, image } from "./contract/images.mjs";
import { copyByFormulas } from "./model.ts";
import { runScript } from "./processes.ts";

// `contract/conversion.mjs` compares the luminance OOTF with independent values.
test.each(
  [399, 400, 1000, 2000, 2001].flatMap((peakLuminance) => [
    { from: "pq", to: "hlg", peakLuminance } as const,
    { from: "hlg", to: "pq", peakLuminance } as const,
  ]),
)("$from to $to at $peakLuminance cd/m², per channel, equals the formulas", ({ from, to, peakLuminance }) => {
  const converted = everyCode();
  convertTransfer(converted, from, to, { peakLuminance });
  expect(converted.equals(copyByFormulas(everyCode(), from, to, peakLuminance))).toBe(true);
  const cache = createHdrImageTransferCache({ peakLuminance });
  expect(cache.getConverted("codes", from, to, everyCode()).equals(converted)).toBe(true);
});

test("the defaults can be given explicitly", () => {
  const expected = copyByFormulas(everyCode(), "pq", "hlg");
  for (const options of [
    undefined,
    null,
    {},
    { ootf: "per-channel" },
    { peakLuminance: 1000 },
    { ootf: null, peakLuminance: null },
    { ootf: undefined, peakLuminance: undefined },
  ] as const) {
    const converted = everyCode();
    convertTransfer(converted, "pq", "hlg", options);
    expect(converted.equals(expected)).toBe(true);
  }
});

describe("the result depends neither on the kernel nor on the threads", () => {
  // All code values. Large enough to be split across threads, with a tail.
  const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const perChannel = sha256(copyByFormulas(large, "pq", "hlg"));
  const byLuminance = Buffer.from(large);
  convertTransfer(byLuminance, "hlg", "pq", { ootf: "luminance" });
  const hashes = [perChannel, perChannel, sha256(byLuminance)];
  const script = `
    const { createHash } = require("node:crypto");
    const { readFileSync } = require("node:fs");
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const source = readFileSync(0);
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    const luminance = Buffer.from(source);
    convertTransfer(luminance, "hlg", "pq", { ootf: "luminance" });
    convertTransfer(source, "pq", "hlg");
    const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
    console.log(JSON.stringify([converted, source, luminance].map(hash)));
  `;

  test.each([
    {},
    { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
    { HDR_IMAGE_TRANSFER_KERNEL: "portable", HDR_IMAGE_TRANSFER_THREADS: "3" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
    { HDR_IMAGE_TRANSFER_KERNEL: "unknown" },
    { HDR_IMAGE_TRANSFER_THREADS: "1" },
    { HDR_IMAGE_TRANSFER_THREADS: "7" },
    // A stack as large as the address space: on Linux, no thread can be started.
    { HDR_IMAGE_TRANSFER_THREADS: "3", RUST_MIN_STACK: `${2 ** 47}` },
  ])("%j", async (environment) => {
    const options = { env: { ...process.env, ...environment }, input: large, timeout: 60_000 };
    expect(JSON.parse(await runScript(script, options))).toEqual(hashes);
  });
});
