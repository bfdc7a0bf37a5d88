// What is measured. Each case first asserts that the variants it compares give the same bytes.

import assert from "node:assert/strict";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertByLoop, convertByView, MapCache } from "./baselines.mjs";
import { measure } from "./measure.mjs";
import { compareWithZscale, hasZscale, timeZscale } from "./zscale.mjs";

const SIZES = { "1080p": [1920, 1080], "4K": [3840, 2160] };

/** The pause after garbage is collected. Node.js frees Buffers on another thread. */
const SETTLE_MS = 20;

/** Smooth shades with some noise, as photographs have. */
function createImage(width, height) {
  const samples = new Uint16Array(width * height * 3);
  let noise = 1;
  for (let at = 0; at < samples.length; at++) {
    noise = (noise * 48271) % 2147483647;
    samples[at] = 20000 + 16000 * Math.sin(at / 5000) + (noise % 2048);
  }
  return Buffer.from(samples.buffer);
}

function convertedBy(convert, source, to) {
  const converted = Buffer.from(source);
  convert(converted, to);
  return converted;
}

/** Cache misses, HLG to PQ, each `restSeconds` after the memory of the one before was freed. */
export async function misses(size, restSeconds) {
  const source = createImage(...SIZES[size]);
  const cache = createHdrImageTransferCache({ maxEntries: 1 });
  let id = 0;
  const variants = {
    addon: () => cache.getConverted(`${id++}`, "hlg", "pq", source),
    "Buffer.from(source)": () => Buffer.from(source),
    "Uint16Array loop": () => convertedBy(convertByView, source, "pq"),
  };
  const expected = convertedBy(convertByLoop, source, "pq");
  for (const name of ["addon", "Uint16Array loop"]) assert(variants[name]().equals(expected));
  const rest = Number(restSeconds);
  return measure(`miss, ${size}, ${rest > 0 ? `after ${rest} s of rest` : "back to back"}`, variants, {
    rounds: rest > 0 ? 7 : 21,
    restMs: rest > 0 ? 1000 * rest : SETTLE_MS,
  });
}

/** Conversion in place of a 4K image, in memory that is in use. */
export async function inPlace(title) {
  const source = createImage(...SIZES["4K"]);
  const buf = Buffer.from(source);
  assertEqualToLoop(source, buf);
  const convert = (from, to, options) => () => convertTransfer(buf, from, to, options);
  const variants = {
    "copy by buf.set(source)": () => buf.set(source),
    "PQ to HLG, per channel": convert("pq", "hlg"),
    "HLG to PQ, per channel": convert("hlg", "pq"),
    "PQ to HLG, luminance": convert("pq", "hlg", { ootf: "luminance" }),
    "HLG to PQ, luminance": convert("hlg", "pq", { ootf: "luminance" }),
  };
  return measure(`in place, ${title}`, variants, { prepare: () => buf.set(source) });
}

/** The baselines of a conversion in place. */
export async function inPlaceLoops() {
  const source = createImage(...SIZES["4K"]);
  const buf = Buffer.from(source);
  const variants = {
    "Uint16Array loop": () => convertByView(buf, "pq"),
    "TypeScript loop": () => convertByLoop(buf, "pq"),
  };
  return measure("in place, loops", variants, { rounds: 5, prepare: () => buf.set(source) });
}

/** Conversion in place in a SharedArrayBuffer. */
export async function shared() {
  const source = createImage(...SIZES["4K"]);
  const buf = Buffer.from(new SharedArrayBuffer(source.byteLength));
  assertEqualToLoop(source, buf);
  const variants = {
    "HLG to PQ, per channel": () => convertTransfer(buf, "hlg", "pq"),
    "HLG to PQ, luminance": () => convertTransfer(buf, "hlg", "pq", { ootf: "luminance" }),
  };
  return measure("in place, SharedArrayBuffer", variants, { prepare: () => buf.set(source) });
}

function assertEqualToLoop(source, buf) {
  for (const [from, to] of [
    ["pq", "hlg"],
    ["hlg", "pq"],
  ]) {
    buf.set(source);
    convertTransfer(buf, from, to);
    assert(buf.equals(convertedBy(convertByLoop, source, to)));
  }
}

/** Calls that convert no image or a small one. The cache hits alternate between two images. */
export async function hits() {
  const source = createImage(64, 36);
  const pixel = Buffer.from(source.subarray(0, 6));
  const cache = createHdrImageTransferCache();
  const map = new MapCache();
  const ids = {
    short: ["hero", "logo"],
    long: ["https://example.com/assets/2026/hero.png", "https://example.com/assets/2026/logo.png"],
  };
  let turn = 0;
  const variants = {};
  for (const [length, pair] of Object.entries(ids)) {
    for (const id of pair) {
      const expected = map.getConverted(id, "pq", "hlg", source);
      assert(cache.getConverted(id, "pq", "hlg", source).equals(expected));
    }
    variants[`addon, ${length} ids`] = () => cache.getConverted(pair[++turn & 1], "pq", "hlg", source);
    variants[`Map, ${length} ids`] = () => map.getConverted(pair[++turn & 1], "pq", "hlg", source);
  }
  variants["addon, passthrough"] = () => cache.getConverted(ids.short[++turn & 1], "pq", "pq", source);
  variants["addon, convertTransfer of one pixel"] = () => convertTransfer(pixel, "hlg", "pq");
  return measure("hits", variants, { repeats: 100_000 });
}

/** Images from 0.1 to 64 megapixels, in place and as misses. */
export async function scale(title) {
  const rows = [];
  const tile = createImage(1000, 100);
  for (const megapixels of [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]) {
    const source = Buffer.alloc(6e6 * megapixels, tile);
    const buf = Buffer.from(source);
    const cache = createHdrImageTransferCache({ maxBytes: 0 });
    const variants = {
      copy: () => buf.set(source),
      inPlace: () => convertTransfer(buf, "hlg", "pq"),
      newCopy: () => Buffer.from(source),
      miss: () => cache.getConverted("image", "hlg", "pq", source),
    };
    const options = { rounds: 9, repeats: Math.ceil(4 / megapixels) };
    rows.push({ megapixels, ...(await measure(`${megapixels} megapixels, ${title}`, variants, options)) });
  }
  return rows;
}

/** Milliseconds of a process's first steps: loading the addon, and its first conversions, in place. */
export async function first(loadMs) {
  const buf = createImage(...SIZES["1080p"]);
  const timeOf = () => {
    const start = performance.now();
    convertTransfer(buf, "hlg", "pq");
    return performance.now() - start;
  };
  return { "loading the addon": loadMs, "first conversion": timeOf(), "second conversion": timeOf() };
}

/** The peak memory of a process for 100 misses at 4K within 200 MiB. */
export async function memory(implementation) {
  const cache = implementation === "addon" ? createHdrImageTransferCache({}) : new MapCache(convertByView);
  const source = createImage(...SIZES["4K"]);
  for (let id = 0; id < 100; id++) cache.getConverted(`${id}`, "hlg", "pq", source);
  return process.resourceUsage().maxRSS / 1024;
}

/** ffmpeg's zscale, another implementation of the luminance OOTF: its time for a 4K image, and how its codes differ. */
export async function zscale() {
  if (!hasZscale()) return null;
  const [width, height] = SIZES["4K"];
  const image = { width, height, samples: createImage(width, height) };
  return {
    times: {
      "PQ to HLG, luminance": timeZscale(image, "pq", "hlg"),
      "HLG to PQ, luminance": timeZscale(image, "hlg", "pq"),
    },
    differences: compareWithZscale(),
  };
}
