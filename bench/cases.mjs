// What is measured. The ways of a case are first seen to give the same bytes.

import assert from "node:assert/strict";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { measure } from "./measure.mjs";
import { convertByLoop, convertByView, MapCache, noCache } from "./baselines.mjs";
import { isZscaleThere, timeZscale } from "./zscale.mjs";

export const SIZES = { "1080p": [1920, 1080], "4K": [3840, 2160], "8K": [7680, 4320] };

/** An image of smooth shades with some noise, as photographs have. */
export function createImage(width, height) {
  const samples = new Uint16Array(width * height * 3);
  let noise = 1;
  for (let at = 0; at < samples.length; at++) {
    noise = (noise * 48271) % 2147483647;
    samples[at] = 20000 + 16000 * Math.sin(at / 5000) + (noise % 2048);
  }
  return Buffer.from(samples.buffer);
}

function converted(source, to) {
  const copy = Buffer.from(source);
  convertByLoop(copy, to);
  return copy;
}

/** A miss: a new Buffer for each image, whose memory is new, too; not kept, or kept where others go for it. */
export function misses(size) {
  const source = createImage(...SIZES[size]);
  const cache = createHdrImageTransferCache({ maxBytes: 0 });
  const keeping = createHdrImageTransferCache();
  let id = 0;
  const ways = {
    "Buffer.from": () => Buffer.from(source),
    "PQ to HLG": () => cache.getConverted("image", "pq", "hlg", source),
    "HLG to PQ": () => cache.getConverted("image", "hlg", "pq", source),
    "PQ to HLG, kept": () => keeping.getConverted(`${id++}`, "pq", "hlg", source),
  };
  assert(ways["PQ to HLG"]().equals(converted(source, "hlg")));
  assert(ways["HLG to PQ"]().equals(converted(source, "pq")));
  // Apart, since what a loop leaves in the processor would be measured with the others.
  const loop = { "loop, with its copy": () => converted(source, "hlg") };
  return {
    ...measure(`miss, ${size}`, ways, { rounds: 21 }),
    ...measure(`miss by loop, ${size}`, loop, { rounds: 3 }),
  };
}

/** In place, in warm memory. */
export function inPlace(size) {
  const source = createImage(...SIZES[size]);
  const buf = Buffer.from(source);
  convertTransfer(buf, "pq", "hlg");
  assert(buf.equals(converted(source, "hlg")));
  buf.set(source);
  convertByView(buf, "hlg");
  assert(buf.equals(converted(source, "hlg")));
  buf.set(source);
  convertTransfer(buf, "hlg", "pq");
  assert(buf.equals(converted(source, "pq")));
  const ways = {
    "warm copy": () => buf.set(source),
    "PQ to HLG": () => convertTransfer(buf, "pq", "hlg"),
    "HLG to PQ": () => convertTransfer(buf, "hlg", "pq"),
    "Uint16Array loop": () => convertByView(buf, "hlg"),
    loop: () => convertByLoop(buf, "hlg"),
  };
  return measure(`in place, ${size}`, ways, { rounds: 15, prepare: () => buf.set(source) });
}

/** In place by luminance, in warm memory, beside the conversion per channel and, if it is there, zscale. */
export function luminance() {
  const [width, height] = SIZES["4K"];
  const source = createImage(width, height);
  const buf = Buffer.from(source);
  const convert = (from, to, options) => () => convertTransfer(buf, from, to, options);
  const times = measure(
    "by luminance, 4K",
    {
      "PQ to HLG, per channel": convert("pq", "hlg"),
      "PQ to HLG": convert("pq", "hlg", { ootf: "luminance" }),
      "HLG to PQ, per channel": convert("hlg", "pq"),
      "HLG to PQ": convert("hlg", "pq", { ootf: "luminance" }),
    },
    { rounds: 15, prepare: () => buf.set(source) },
  );
  if (!isZscaleThere()) return times;
  const image = { width, height, samples: source };
  return {
    ...times,
    "PQ to HLG, zscale": timeZscale(image, "pq", "hlg"),
    "HLG to PQ, zscale": timeZscale(image, "hlg", "pq"),
  };
}

/** What an image costs once it is converted: two images in turn, as a frame has several. */
export function hits() {
  const source = createImage(64, 36);
  const cache = createHdrImageTransferCache();
  const map = new MapCache();
  const names = {
    short: ["hero", "logo"],
    long: ["https://example.com/assets/2026/hero.png", "https://example.com/assets/2026/logo.png"],
  };
  let turn = 0;
  const ways = {};
  for (const [length, ids] of Object.entries(names)) {
    for (const id of ids) {
      const expected = map.getConverted(id, "pq", "hlg", source);
      assert(cache.getConverted(id, "pq", "hlg", source).equals(expected));
    }
    ways[`Map hit, ${length} ids`] = () => map.getConverted(ids[++turn & 1], "pq", "hlg", source);
    ways[`hit, ${length} ids`] = () => cache.getConverted(ids[++turn & 1], "pq", "hlg", source);
  }
  ways.passthrough = () => cache.getConverted(names.short[++turn & 1], "pq", "pq", source);
  return measure("hits", ways, { rounds: 31, repeats: 100_000 });
}

/** A job of 1080p layers: 5 on each of 300 frames, 2 of them of the other transfer function. */
export function jobs() {
  const FRAMES = 300;
  const source = createImage(...SIZES["1080p"]);
  const layers = ["hlg", "pq", "hlg", "pq", "hlg"].map((transfer, at) => ({ id: `layer ${at}`, transfer }));
  const render = (cache, frames) => {
    for (let frame = 0; frame < frames; frame++) {
      for (const { id, transfer } of layers) cache.getConverted(id, transfer, "hlg", source);
    }
  };
  const times = measure(
    "job",
    {
      addon: () => render(createHdrImageTransferCache(), FRAMES),
      "loop with a Map": () => render(new MapCache(), FRAMES),
      "loop, 3 frames": () => render(noCache, 3),
    },
    { rounds: 7 },
  );
  return {
    addon: times.addon,
    "loop with a Map": times["loop with a Map"],
    "loop (from 3 frames)": (times["loop, 3 frames"] / 3) * FRAMES,
  };
}

/** In place and as a miss, for images from 0.1 to 64 megapixels: milliseconds a megapixel. */
export function scale() {
  return [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64].map((megapixels) => {
    const source = createImage(1000, megapixels * 1000);
    const buf = Buffer.from(source);
    const cache = createHdrImageTransferCache({ maxBytes: 0 });
    let turn = 0;
    const times = measure(
      `scale, ${megapixels} MP`,
      {
        copy: () => buf.set(source),
        inPlace: () => convertTransfer(buf, ...(++turn & 1 ? ["pq", "hlg"] : ["hlg", "pq"])),
        miss: () => cache.getConverted("image", "pq", "hlg", source),
        newCopy: () => Buffer.from(source),
      },
      { rounds: 9, repeats: Math.ceil(4 / megapixels) },
    );
    return {
      megapixels,
      ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, ms / megapixels])),
    };
  });
}

/** The first conversions of a process, and what loading the addon takes. */
export function first() {
  const source = createImage(...SIZES["1080p"]);
  const cache = createHdrImageTransferCache();
  const timeOf = (id) => {
    const start = performance.now();
    cache.getConverted(id, "pq", "hlg", source);
    return performance.now() - start;
  };
  return { first: timeOf("first"), second: timeOf("second"), third: timeOf("third") };
}

/** The most memory that a process takes for 100 misses at 4K, with the default limit of 200 MiB. */
export function memory() {
  const cache = createHdrImageTransferCache({});
  const source = createImage(...SIZES["4K"]);
  for (let id = 0; id < 100; id++) cache.getConverted(`${id}`, "pq", "hlg", source);
  return { peakMiB: process.resourceUsage().maxRSS / 1024 };
}
