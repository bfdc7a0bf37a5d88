/**
 * Displays of other nominal peak luminances, and the difference of the two OOTFs. `contract/conversion.mjs` and
 * `tests/precision.rs` compare the luminance OOTF with independent values.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  convertTransfer,
  type ConvertTransferOptions,
  createHdrImageTransferCache,
  type HdrTransfer,
} from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { everyCode } from "./contract/images.mjs";
import { convertedCopy } from "./model.ts";

type Colour = [number, number, number];

interface Vectors {
  colours: Colour[];
  converted: { from: HdrTransfer; to: HdrTransfer; peakLuminance: number }[];
}

const vectors: Vectors = JSON.parse(readFileSync(join(__dirname, "contract", "colour-science.json"), "utf8"));

function imageOf(colours: Colour[]): Buffer {
  return Buffer.from(Uint16Array.from(colours.flat()).buffer);
}

function codesOf(image: Buffer): Uint16Array {
  return new Uint16Array(Uint8Array.from(image).buffer);
}

function convertedInPlace(
  source: Buffer,
  from: HdrTransfer,
  to: HdrTransfer,
  options?: ConvertTransferOptions | null,
): Buffer {
  const copy = Buffer.from(source);
  convertTransfer(copy, from, to, options);
  return copy;
}

test.each(vectors.converted)(
  "$from to $to at $peakLuminance cd/m², per channel, equals the formulas",
  ({ from, to, peakLuminance }) => {
    const converted = convertedInPlace(everyCode(), from, to, { peakLuminance });
    expect(converted.equals(convertedCopy(everyCode(), from, to, peakLuminance))).toBe(true);
    const cache = createHdrImageTransferCache({ peakLuminance });
    expect(cache.getConverted("codes", from, to, everyCode()).equals(converted)).toBe(true);
  },
);

test("the luminance OOTF differs for saturated colours", () => {
  const red = imageOf([[40000, 0, 0]]);
  const luminance = codesOf(convertedInPlace(red, "hlg", "pq", { ootf: "luminance" }));
  const perChannel = codesOf(convertedInPlace(red, "hlg", "pq"));
  // Red has a quarter of the luminance of white, so it is scaled less than by its own channel.
  expect(perChannel[0]! - luminance[0]!).toBeGreaterThan(1000);
  expect(luminance.slice(1)).toEqual(Uint16Array.of(0, 0));
});

test("the defaults can be given explicitly", () => {
  const options: ConvertTransferOptions[] = [
    {},
    { ootf: "per-channel" },
    { peakLuminance: 1000 },
    { ootf: null, peakLuminance: null },
    { ootf: undefined, peakLuminance: undefined },
  ];
  const expected = convertedCopy(everyCode(), "pq", "hlg");
  for (const given of [undefined, null, ...options]) {
    expect(convertedInPlace(everyCode(), "pq", "hlg", given).equals(expected)).toBe(true);
  }
});

test("caches with different options are independent", () => {
  const source = imageOf(vectors.colours);
  const settings = [
    {},
    { peakLuminance: 600 },
    { ootf: "luminance" },
    { ootf: "luminance", peakLuminance: 600 },
  ];
  const caches = settings.map((options) => createHdrImageTransferCache(options as ConvertTransferOptions));
  const images = caches.map((cache) => cache.getConverted("image", "hlg", "pq", source));
  expect(new Set(images.map((image) => image.toString("hex"))).size).toBe(settings.length);
  for (const [at, cache] of caches.entries()) {
    expect(cache.getConverted("image", "hlg", "pq", source)).toBe(images[at]);
  }
});

test("more peaks than tables are cached at a time", () => {
  const peaks = Array.from({ length: 30 }, (_, at) => 100 + 50 * at);
  for (const peakLuminance of [...peaks, ...peaks]) {
    const buf = imageOf(vectors.colours);
    convertTransfer(buf, "hlg", "pq", { peakLuminance });
    expect(buf).toEqual(convertedCopy(imageOf(vectors.colours), "hlg", "pq", peakLuminance));
  }
});
