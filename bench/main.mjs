// Measures the addon beside its peers: `npm run bench`. Prints tables, and writes benchmark/results/ (JSON)
// and, unless told `--no-charts`, docs/charts/ (SVG). With the name of a case, it runs that case alone and
// prints JSON: each case has a process of its own, to have memory and threads of its own.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import Table from "cli-table3";

import { median } from "./measure.mjs";

const [name, ...args] = process.argv.slice(2);
if (name && !name.startsWith("--")) {
  const cases = await import("./cases.mjs");
  console.log(JSON.stringify(cases[name](...args)));
} else {
  await runAll();
}

/** Runs a case in a process of its own. */
function run(caseName, caseArgs = [], env = {}) {
  const expose = process.versions.bun ? [] : ["--expose-gc"];
  const command = [...expose, fileURLToPath(import.meta.url), caseName, ...caseArgs];
  const options = { env: { ...process.env, ...env }, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  const { status, stdout } = spawnSync(process.execPath, command, options);
  if (status !== 0) throw new Error(`${caseName} failed`);
  return JSON.parse(stdout);
}

async function runAll() {
  const runtime = process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.versions.node}`;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const binary = readdirSync(root).find((file) => file.endsWith(".node"));
  const portable = { HDR_IMAGE_TRANSFER_KERNEL: "portable" };
  const oneThread = { RAYON_NUM_THREADS: "1" };
  const kernels = {
    "best kernel, all threads": {},
    "best kernel, one thread": oneThread,
    "portable kernel, all threads": portable,
    "portable kernel, one thread": { ...portable, ...oneThread },
  };
  const results = {
    runtime,
    binaryKiB: statSync(root + binary).size / 1024,
    loadMs: median(Array.from({ length: 11 }, timeToLoad)),
    misses: mapValues({ "1080p": 0, "4K": 0, "8K": 0 }, (_, size) => run("misses", [size])),
    inPlace: mapValues(kernels, (env) => run("inPlace", ["4K"], env)),
    luminance: mapValues(
      {
        "AVX-512, one thread": { HDR_IMAGE_TRANSFER_KERNEL: "avx512", ...oneThread },
        "AVX2, one thread": { HDR_IMAGE_TRANSFER_KERNEL: "avx2", ...oneThread },
        "portable, one thread": { ...portable, ...oneThread },
        "all threads": {},
      },
      (env) => run("luminance", [], env),
    ),
    hits: run("hits"),
    jobs: run("jobs"),
    first: mapValues({ "best kernel": {}, "portable kernel": portable }, (env) => {
      const runs = Array.from({ length: 7 }, () => run("first", [], env));
      return mapValues(runs[0], (_, which) => median(runs.map((times) => times[which])));
    }),
    memory: Array.from({ length: 5 }, () => run("memory").peakMiB),
    scale: { "all threads": run("scale"), "one thread": run("scale", [], oneThread) },
  };
  show(results);
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = fileURLToPath(new URL(`${runtime.toLowerCase().replace(/ (\d+).*/, "-$1")}.json`, folder));
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`written: ${file}`);
  if (!process.argv.includes("--no-charts")) {
    const { writeCharts } = await import("./charts.mjs");
    writeCharts(results);
    console.log("written: docs/charts/");
  }
}

/** How long a new process takes to load the addon: the generated loader, and the binary. */
function timeToLoad() {
  const script = `
    const start = performance.now();
    require("hdr-image-transfer-cache");
    console.log(performance.now() - start);
  `;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, ["-e", script], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error("the addon cannot be loaded");
  return Number(stdout);
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

/** Prints the results; a ratio is that of a time to the one it stands beside. */
function show(results) {
  const ms = (value) => (value < 0.01 ? `${(value * 1e6).toFixed(0)} ns` : `${value.toFixed(2)} ms`);
  const ratio = (value, base) => `${(value / base).toFixed(2)} x`;
  const table = (title, head, rows) => {
    const style = { head: [], border: [] };
    const printed = new Table({ head, style, colAligns: ["left", "right", "right", "right"] });
    printed.push(...rows);
    console.log(`\n${title}\n${printed}`);
  };
  const compare = (title, base, times) => {
    const rows = Object.entries(times).map(([way, time]) => [way, ms(time), ratio(time, times[base])]);
    table(title, ["", "median", `to ${base}`], rows);
  };
  const { runtime, binaryKiB, loadMs } = results;
  console.log(`\n${runtime}; a binary of ${binaryKiB.toFixed(0)} KiB, loaded in ${ms(loadMs)}`);
  for (const [size, times] of Object.entries(results.misses)) {
    compare(`A miss, ${size}`, "Buffer.from", times);
  }
  for (const [kernel, times] of Object.entries(results.inPlace)) {
    compare(`In place, 4K, ${kernel}`, "warm copy", times);
  }
  for (const [kernel, times] of Object.entries(results.luminance)) {
    for (const way of ["PQ to HLG", "HLG to PQ"]) {
      const compared = { "by luminance": times[way], "per channel": times[`${way}, per channel`] };
      const zscale = times[`${way}, zscale`];
      // There may be no ffmpeg.
      if (zscale) compared["zscale, one thread"] = zscale;
      compare(`By luminance, in place, 4K, ${way}, ${kernel}`, "by luminance", compared);
    }
  }
  const { passthrough, ...hits } = results.hits;
  for (const ids of ["short ids", "long ids"]) {
    const [map, hit] = [`Map hit, ${ids}`, `hit, ${ids}`];
    compare(`A hit, ${ids}`, map, { [map]: hits[map], [hit]: hits[hit] });
  }
  compare("A passthrough", "hit, short ids", { "hit, short ids": hits["hit, short ids"], passthrough });
  compare("A job: 300 frames of 5 layers at 1080p, 2 of them to convert", "addon", results.jobs);
  for (const [kernel, times] of Object.entries(results.first)) {
    compare(`The first conversions of a process, 1080p, ${kernel}`, "third", times);
  }
  for (const [threads, rows] of Object.entries(results.scale)) {
    table(
      `Milliseconds a megapixel, ${threads}`,
      ["megapixels", "warm copy", "in place", "Buffer.from", "miss"],
      rows.map((row) => [
        row.megapixels,
        ...[row.copy, row.inPlace, row.newCopy, row.miss].map((time) => time.toFixed(3)),
      ]),
    );
  }
  const [middle, highest] = [median(results.memory), Math.max(...results.memory)];
  console.log(
    `\n100 misses at 4K with maxBytes 200 MiB: a peak of ${middle.toFixed(0)} MiB of RSS, in the worst of ` +
      `${results.memory.length} runs ${highest.toFixed(0)} MiB`,
  );
}
