/**
 * Displays of other peaks than 1000 cd/m², and what tells the two OOTFs apart. That the conversion by luminance
 * is right, `contract/conversion.mjs` and `tests/precision.rs` see.
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

import { convertedCopy, everyCode } from "./model.ts";

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
  "$from to $to at $peakLuminance cd/m², per channel, is what the formulas give",
  ({ from, to, peakLuminance }) => {
    const converted = convertedInPlace(everyCode(), from, to, { peakLuminance });
    expect(converted).toEqual(convertedCopy(everyCode(), from, to, peakLuminance));
    const cache = createHdrImageTransferCache({ peakLuminance });
    expect(cache.getConverted("codes", from, to, everyCode())).toEqual(converted);
  },
);

test("the conversion by luminance is another one", () => {
  const red = imageOf([[40000, 0, 0]]);
  const byLuminance = codesOf(convertedInPlace(red, "hlg", "pq", { ootf: "luminance" }));
  const perChannel = codesOf(convertedInPlace(red, "hlg", "pq"));
  // Red makes a quarter of the luminance of white, so that its light is scaled less than its own power says.
  expect(perChannel[0]! - byLuminance[0]!).toBeGreaterThan(1000);
  expect(byLuminance.slice(1)).toEqual(Uint16Array.of(0, 0));
});

test("options that say the default change nothing", () => {
  const options: ConvertTransferOptions[] = [
    {},
    { ootf: "per-channel" },
    { peakLuminance: 1000 },
    { ootf: null, peakLuminance: null },
    { ootf: undefined, peakLuminance: undefined },
  ];
  const expected = convertedCopy(everyCode(), "pq", "hlg");
  for (const given of [undefined, null, ...options]) {
    expect(convertedInPlace(everyCode(), "pq", "hlg", given)).toEqual(expected);
  }
});

test("caches of other options do not disturb each other", () => {
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

test("more peaks than tables are kept at a time", () => {
  const peaks = Array.from({ length: 30 }, (_, at) => 100 + 50 * at);
  for (const peakLuminance of [...peaks, ...peaks]) {
    const buf = imageOf(vectors.colours);
    convertTransfer(buf, "hlg", "pq", { peakLuminance });
    expect(buf).toEqual(convertedCopy(imageOf(vectors.colours), "hlg", "pq", peakLuminance));
  }
});
