// What a host's frame costs: `npm run bench:host`. HLG to PQ, at 1080p and 4K, on Node.js 22 and Bun, which are
// fetched: one video layer converted in place, and two images, in the first frame and as cache hits after. Prints a
// table and writes target/bench/host.json. With a size, measures on this runtime and prints JSON.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

import { SingleBar } from "cli-progress";
import Table from "cli-table3";

import { median } from "./measure.mjs";

const SIZES = { "1080p": [1920, 1080], "4K": [3840, 2160] };
const ROUNDS = { "1080p": 21, "4K": 11 };
const HIT_FRAMES = 20_000;
/** What the rest of a frame is taken to cost: screenshots, decoding, blitting, encoding. */
const OTHER_MS = 400;

const folder = new URL("../target/bench/", import.meta.url);
const fallbackModule = new URL("host-fallback.mjs", folder);

const [size] = process.argv.slice(2);
if (size) console.log(JSON.stringify(await measureFrames(size)));
else await main();

async function main() {
  const { build } = await import("esbuild");
  const { npmRuntime } = await import("../scripts/platforms/tools.mjs");
  const root = fileURLToPath(new URL("..", import.meta.url));
  await build({
    absWorkingDir: root,
    entryPoints: ["examples/host/fallback.ts"],
    outfile: fileURLToPath(fallbackModule),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const frames = [];
  for (const [runtime, ...options] of [["node@22", "--expose-gc"], ["bun@1"]]) {
    const executable = await npmRuntime(runtime);
    for (const each of Object.keys(SIZES)) frames.push(...runOn(executable, options, each));
  }
  const machine = `${cpus().length} x ${cpus()[0].model}`;
  mkdirSync(folder, { recursive: true });
  const results = { machine, otherMs: OTHER_MS, frames };
  writeFileSync(new URL("host.json", folder), `${JSON.stringify(results, null, 2)}\n`);
  show(results);
}

function runOn(executable, options, each) {
  const { status, stdout } = spawnSync(executable, [...options, fileURLToPath(import.meta.url), each], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${executable} failed`);
  return JSON.parse(stdout);
}

/** Measures each implementation's frames on this runtime. */
async function measureFrames(each) {
  const implementations = await loadImplementations();
  const [width, height] = SIZES[each];
  const source = createImage(width, height);
  // The host reads each video frame into the same Buffer.
  const scratch = Buffer.from(source);
  assertEqualBytes(implementations, source, scratch);

  const times = implementations.map(() => ({ video: [], firstFrame: [], hits: [] }));
  const { bun, node } = process.versions;
  const runtime = bun ? `Bun ${bun}` : `Node.js ${node}`;
  const bar = new SingleBar({ format: `${`${runtime}, ${each}`.padEnd(24)} [{bar}] {percentage} %` });
  bar.start(ROUNDS[each], 0);
  for (let round = 0; round < ROUNDS[each]; round++) {
    // In another order each round: an implementation finds the caches and the free memory as the last one left them.
    const order = implementations.map((_, at) => (at + round) % implementations.length);
    for (const at of round % 2 ? order.toReversed() : order) {
      const { convert, createCache } = implementations[at];
      scratch.set(source);
      collectGarbage();
      times[at].video.push(timeOf(() => convert(scratch)));
      collectGarbage();
      const cache = createCache();
      const images = () => {
        for (const id of ["image-1", "image-2"]) cache.getConverted(id, "hlg", "pq", source);
      };
      times[at].firstFrame.push(timeOf(images));
      const hits = timeOf(() => {
        for (let frame = 0; frame < HIT_FRAMES; frame++) images();
      });
      times[at].hits.push(hits / HIT_FRAMES);
    }
    bar.increment();
  }
  bar.stop();

  return implementations.map(({ name }, at) => ({
    runtime,
    size: each,
    name,
    ...Object.fromEntries(Object.entries(times[at]).map(([what, ms]) => [what, summaryOf(ms)])),
  }));
}

async function loadImplementations() {
  const { convertByLoop, convertByView, MapCache } = await import("./baselines.mjs");
  const addon = await import("hdr-image-transfer-cache");
  const fallback = await import(fallbackModule.href);
  const baseline = (name, convert) => ({
    name,
    convert: (buf) => convert(buf, "pq"),
    createCache: () => new MapCache(convert),
  });
  const module = (name, { convertTransfer, createHdrImageTransferCache }) => ({
    name,
    convert: (buf) => convertTransfer(buf, "hlg", "pq"),
    createCache: () => createHdrImageTransferCache({}),
  });
  return [
    baseline("host's loop", convertByLoop),
    baseline("Uint16Array loop", convertByView),
    module("fallback", fallback),
    module("addon", addon),
  ];
}

function assertEqualBytes(implementations, source, scratch) {
  const converted = implementations.map(({ convert, createCache }) => {
    scratch.set(source);
    convert(scratch);
    assert(createCache().getConverted("image", "hlg", "pq", source).equals(scratch));
    return Buffer.from(scratch);
  });
  for (const each of converted) assert(each.equals(converted[0]));
}

/** Every code, and then smooth shades with some noise, as photographs have. */
function createImage(width, height) {
  const samples = new Uint16Array(width * height * 3);
  let noise = 1;
  for (let at = 0; at < samples.length; at++) {
    noise = (noise * 48271) % 2147483647;
    samples[at] = at < 65536 ? at : 20000 + 16000 * Math.sin(at / 5000) + (noise % 2048);
  }
  return Buffer.from(samples.buffer);
}

function collectGarbage() {
  if (globalThis.Bun) globalThis.Bun.gc(true);
  else globalThis.gc();
}

function timeOf(body) {
  const start = performance.now();
  body();
  return performance.now() - start;
}

function summaryOf(ms) {
  return { minimum: Math.min(...ms), median: median(ms) };
}

function show({ machine, frames }) {
  const style = { head: [], border: [] };
  const head = [
    "HLG to PQ",
    "",
    "",
    "video layer,\nms a frame",
    `share of it\nplus ${OTHER_MS} ms`,
    "2 images, first\nframe, ms",
    `share of them\nplus ${OTHER_MS} ms`,
    "2 images, hits,\nµs a frame",
  ];
  const table = new Table({ head, style });
  for (const { runtime, size: of, name, video, firstFrame, hits } of frames) {
    table.push([
      runtime,
      of,
      name,
      range(video),
      share(video),
      range(firstFrame),
      share(firstFrame),
      range({ minimum: 1000 * hits.minimum, median: 1000 * hits.median }),
    ]);
  }
  console.log(`\n${machine}. Minimum / median.`);
  console.log(table.toString());
}

function range({ minimum, median: middle }) {
  return `${digits(minimum)} / ${digits(middle)}`;
}

function digits(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}

function share({ median: middle }) {
  return `${((100 * middle) / (OTHER_MS + middle)).toFixed(1)} %`;
}
