// Runs one case, and prints its result as JSON: summaries by row and column of a table, in milliseconds or MiB. The variants
// of a row run in turn, and first have to give the same bytes. A case has a process of its own, to have memory and threads
// of its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import * as addon from "hdr-image-transfer-cache";

import { BASELINES } from "./baselines.mjs";
import { createImage, DIRECTIONS, measure, SIZES, summaryOf } from "./measure.mjs";
import { zscale } from "./zscale.mjs";

/** The faster baseline. */
const VIEW = "`Uint16Array` loop";

/** The pause after garbage is collected. Node.js frees Buffers on another thread. */
const SETTLE_MS = 20;

/** How calls of less than a microsecond are timed: often, and each time for less than a time slice of the system. */
const SHORT_CALLS = { rounds: 75, repeats: 5000 };

const require = createRequire(import.meta.url);

/** The addon and, to compare builds, the binary `against`. */
function buildsOf(against) {
  return { addon, ...(against && { before: require(against) }) };
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

/** Asserts that the variants return the same code values, or ones that differ by at most `tolerance`. */
function assertEqual(variants, tolerance = 0) {
  const codes = ({ buffer, byteOffset, length }) => new Uint16Array(buffer, byteOffset, length / 2);
  const [one, ...others] = Object.values(variants).map((variant) => codes(variant()));
  for (const other of others) assert(one.every((code, at) => Math.abs(code - other[at]) <= tolerance));
}

function assertEqualInPlace(variants, buf, source, tolerance) {
  const converted = (convert) => () => {
    buf.set(source);
    convert();
    return Buffer.from(buf);
  };
  assertEqual(mapValues(variants, converted), tolerance);
}

/** The calls of several implementations, by row and implementation. */
async function callsOf(kind, implementations, ...args) {
  const calls = {};
  for (const [name, implementation] of Object.entries(implementations)) {
    const module = await import(`./calls.mjs?${encodeURIComponent(name)}`);
    calls[name] = module[kind](implementation, ...args);
  }
  return mapValues(calls.addon, (_, row) => mapValues(calls, (rows) => rows[row]));
}

/** What a host's frame costs: a video layer in place, and two images in the first frame. */
async function frame({ size }) {
  const source = createImage(...SIZES[size]);
  const scratch = Buffer.from(source);
  const calls = await callsOf("frameCalls", { ...BASELINES, addon }, source, scratch);
  assertEqual(calls["2 images, first frame"]);
  assertEqualInPlace(calls["video layer"], scratch, source);
  const rounds = { rounds: size === "4K" ? 9 : 15 };
  const options = {
    "video layer": { ...rounds, prepare: () => scratch.set(source) },
    "2 images, first frame": { ...rounds, restMs: SETTLE_MS },
  };
  const rows = {};
  for (const [row, variants] of Object.entries(calls)) {
    const title = `${size}, ${row}`;
    rows[title] = await measure(title, variants, options[row]);
  }
  return rows;
}

/** Cache misses from ordinary or shared memory, each `restSeconds` after the memory of the one before was freed. */
async function misses({ size, restSeconds, isShared, against }) {
  const image = createImage(...SIZES[size]);
  const source = isShared ? Buffer.from(new SharedArrayBuffer(image.byteLength)) : image;
  source.set(image);
  let id = 0;
  const implementations = { ...buildsOf(against), [VIEW]: BASELINES[VIEW] };
  const converting = mapValues(implementations, ({ createHdrImageTransferCache }) => {
    const cache = createHdrImageTransferCache({ maxBytes: source.byteLength });
    return () => cache.getConverted(`${id++}`, "hlg", "pq", source);
  });
  assertEqual(converting);
  const rest = restSeconds > 0 ? `after ${restSeconds} s of rest` : "back to back";
  const title = `${size}, ${rest}${isShared ? ", SharedArrayBuffer" : ""}`;
  const variants = { ...converting, "`Buffer.from(source)`": () => Buffer.from(source) };
  const options =
    restSeconds > 0 ? { rounds: 5, restMs: 1000 * restSeconds } : { rounds: 21, restMs: SETTLE_MS };
  return { [title]: await measure(title, variants, options) };
}

/** Conversion in place of a 4K image, in memory that is in use, and a copy of that size. */
async function inPlace({ title, ootf, isShared, against }) {
  const source = createImage(...SIZES["4K"]);
  const buf = isShared ? Buffer.from(new SharedArrayBuffer(source.byteLength)) : Buffer.from(source);
  const copy = () => buf.set(source);
  const rows = {};
  for (const [from, to, direction] of DIRECTIONS) {
    const converting = mapValues(buildsOf(against), ({ convertTransfer }) => () => {
      convertTransfer(buf, from, to, { ootf });
    });
    const byLoop = ootf === "per-channel" && {
      loop: () => BASELINES[VIEW].convertTransfer(buf, from, to),
    };
    // By luminance, another build may round to a neighbour.
    assertEqualInPlace({ ...converting, ...byLoop }, buf, source, ootf === "luminance" ? 1 : 0);
    const row = `${ootf}, ${direction}, ${title}`;
    rows[row] = await measure(row, { ...converting, copy }, { prepare: copy });
  }
  return rows;
}

/** What a worker does without end: large images by luminance, of the build at `workerData`. */
const BUSY = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { convertTransfer } = require(workerData);
  const image = Buffer.alloc(72e6);
  parentPort.postMessage("ready");
  for (;;) convertTransfer(image, "hlg", "pq", { ootf: "luminance" });
`;

/** Conversions in place of 2.2 MB, with pauses, alone and while two workers convert large images. */
async function workers({ against }) {
  const TURNS = 5;
  const CALLS = 60;
  const shares = { median: 0.5, "90th percentile": 0.9, worst: 1 };
  const paths = { addon: require.resolve("hdr-image-transfer-cache"), ...(against && { before: against }) };
  const buf = Buffer.alloc(2.2e6);
  const rows = {};
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [name, path] of Object.entries(paths)) {
      console.error(`  workers, turn ${turn + 1} of ${TURNS}, ${name}`);
      const { convertTransfer } = require(path);
      for (const count of [0, 2]) {
        const busy = Array.from({ length: count }, () => new Worker(BUSY, { eval: true, workerData: path }));
        await Promise.all(busy.map((worker) => once(worker, "message")));
        const times = [];
        for (let call = 0; call < CALLS; call++) {
          await setTimeout(5);
          const start = performance.now();
          convertTransfer(buf, "hlg", "pq");
          times.push(performance.now() - start);
        }
        await Promise.all(busy.map((worker) => worker.terminate()));
        times.sort((a, b) => a - b);
        for (const [statistic, share] of Object.entries(shares)) {
          const row = (rows[`${count === 0 ? "alone" : "beside them"}, ${statistic}`] ??= {});
          (row[name] ??= []).push(times[Math.ceil(share * CALLS) - 1]);
        }
      }
    }
  }
  return mapValues(rows, (byBuild) => mapValues(byBuild, summaryOf));
}

/** Calls that convert no image or one pixel. */
async function hits({ against }) {
  const implementations = { ...buildsOf(against), [VIEW]: BASELINES[VIEW] };
  const calls = await callsOf("smallCalls", implementations, createImage(64, 36));
  const rows = {};
  for (const [row, variants] of Object.entries(calls)) {
    if (row !== "one pixel, in place") assertEqual(variants);
    rows[row] = await measure(row, variants, SHORT_CALLS);
  }
  return rows;
}

/** Images from 0.1 to 64 megapixels, in place and as misses: milliseconds for each megapixel. */
async function scale() {
  const rows = {};
  const tile = createImage(1000, 100);
  for (const megapixels of [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]) {
    const source = Buffer.alloc(6e6 * megapixels, tile);
    const buf = Buffer.from(source);
    const cache = addon.createHdrImageTransferCache({ maxBytes: 0 });
    const variants = {
      copy: () => buf.set(source),
      "in place": () => addon.convertTransfer(buf, "hlg", "pq"),
      "`Buffer.from(source)`": () => Buffer.from(source),
      miss: () => cache.getConverted("image", "hlg", "pq", source),
    };
    const rounds = Math.min(Math.max(7, Math.ceil(40 / megapixels)), 60);
    const row = `${megapixels} megapixels`;
    const times = await measure(row, variants, { rounds });
    rows[row] = mapValues(times, (summary) => mapValues(summary, (ms) => ms / megapixels));
  }
  return rows;
}

/** The peak memory of a process for 100 misses at 4K within 200 MiB. */
async function memory({ implementation }) {
  const { createHdrImageTransferCache } = { ...BASELINES, addon }[implementation];
  const cache = createHdrImageTransferCache({});
  const source = createImage(...SIZES["4K"]);
  for (let id = 0; id < 100; id++) cache.getConverted(`${id}`, "hlg", "pq", source);
  return process.resourceUsage().maxRSS / 1024;
}

const cases = { frame, misses, inPlace, workers, hits, scale, memory, zscale };
const [name = "", options = "{}"] = process.argv.slice(2);
console.log(JSON.stringify(await cases[name](JSON.parse(options))));
