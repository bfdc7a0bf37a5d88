// `npm run bench`: measures the addon and its baselines, and prints tables. With --record it also writes
// docs/measurements.json, from which `npm run generate:figures` fills in the tables and draws the charts of the
// documentation.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Command, Option } from "commander";

import { npmRuntime } from "../scripts/platforms/tools.mjs";
import { summaryOf } from "./measure.mjs";
import { tableOf, toConsole } from "./report.mjs";

const RECORD = new URL("../docs/measurements.json", import.meta.url);
const REST_SECONDS = 3;
const ONE_THREAD = { HDR_IMAGE_TRANSFER_THREADS: "1" };
/** With this, glibc recycles no memory of images, so that each miss is into new memory, whatever the size. */
const NEW_MEMORY = { MALLOC_MMAP_THRESHOLD_: "65536" };

// Only Linux lists the instruction sets.
const cpuInfo = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
const instructionSets = [
  ...(/\bavx512bw\b/.test(cpuInfo) ? ["AVX-512"] : []),
  ...(/\bavx2\b/.test(cpuInfo) ? ["AVX2"] : []),
  "portable",
];

/** How each case is run, by `run(name, options, environment)`. */
const CASES = {
  frame: (run) => ({ ...run("frame", { size: "1080p" }), ...run("frame", { size: "4K" }) }),
  hits: (run) => run("hits"),
  misses: (run) => ({
    ...run("misses", { size: "4K", restSeconds: 0 }),
    ...run("misses", { size: "4K", restSeconds: REST_SECONDS }),
    ...run("misses", { size: "1080p", restSeconds: 0 }),
    ...run("misses", { size: "4K", restSeconds: 0, isShared: true }),
  }),
  memory: (run) => {
    const peaks = ["addon", "`Uint16Array` loop"].map((implementation) => {
      console.error(`  memory, ${implementation}, 3 processes`);
      return [implementation, summaryOf([1, 2, 3].map(() => run("memory", { implementation })))];
    });
    return { "100 misses": Object.fromEntries(peaks) };
  },
  inPlace,
  workers: (run) => run("workers"),
  zscale: (run) => run("zscale", {}, ONE_THREAD),
  scale: (run) => run("scale", {}, NEW_MEMORY),
};

/** Cases of native code alone, which is the same on all runtimes. */
const NATIVE = ["inPlace", "workers", "zscale", "scale"];

function inPlace(run) {
  const all = `${availableParallelism()} processors`;
  const rows = {};
  for (const ootf of ["per-channel", "luminance"]) {
    for (const set of instructionSets) {
      // Per channel, AVX2 is the portable code.
      if (ootf === "per-channel" && set === "AVX2") continue;
      const environment = { ...ONE_THREAD, HDR_IMAGE_TRANSFER_KERNEL: set.toLowerCase().replace("-", "") };
      Object.assign(rows, run("inPlace", { ootf, title: `${set}, 1 thread` }, environment));
    }
    Object.assign(rows, run("inPlace", { ootf, title: all }));
    Object.assign(rows, run("inPlace", { ootf, title: `${all}, SharedArrayBuffer`, isShared: true }));
  }
  return rows;
}

const command = new Command("npm run bench --")
  .description("Measures the addon and its baselines in about 5 minutes.")
  .argument("[cases...]", `what to measure, of ${Object.keys(CASES).join(", ")}; by default all`)
  .option("--runtime <names...>", "such as node@24 or bun@1, which are fetched from npm", [
    "node@22",
    "bun@1",
  ])
  .option(
    "--against <file>",
    "another build's .node file, measured in turn as `before` in hits, misses, inPlace, workers",
  )
  .addOption(new Option("--record", "writes docs/measurements.json").conflicts("against"))
  .parse();
const { runtime: runtimes, against, record } = command.opts();
const unknown = command.args.filter((name) => !(name in CASES));
if (unknown.length > 0) command.error(`There is no case ${unknown.join(", ")}; see --help.`);

const machine = [
  cpus()[0]?.model.trim() ?? process.arch,
  `${availableParallelism()} processors`,
  ...(cpuInfo ? [instructionSets[0]] : []),
  ...(reportsFreePages() ? ["free page reporting"] : []),
].join(", ");
console.log(machine);
const recorded = readRecorded();
for (const name of runtimes) await measureOn(name);

/** As `host_takes_memory_back` of the addon. */
function reportsFreePages() {
  const file = "/sys/module/page_reporting/parameters/page_reporting_order";
  return existsSync(file) && /^(\d|10)$/.test(readFileSync(file, "utf8").trim());
}

/** What was measured before, unless all cases are measured anew. */
function readRecorded() {
  if (!record || command.args.length === 0) return { machine, runtimes: {} };
  const earlier = JSON.parse(readFileSync(RECORD, "utf8"));
  if (earlier.machine !== machine) command.error(`Record all cases: they are of ${earlier.machine}.`);
  return earlier;
}

async function measureOn(name) {
  const executable = await npmRuntime(name);
  const isBun = name.startsWith("bun");
  const { stdout } = spawnSync(executable, ["--version"], { encoding: "utf8" });
  const runtime = `${isBun ? "Bun" : "Node.js"} ${stdout.trim().replace(/^v/, "")}`;
  const all = Object.keys(CASES).filter((each) => !isBun || !NATIVE.includes(each));
  for (const each of command.args.length > 0 ? command.args : all) {
    console.log(`\n${runtime}: ${each}`);
    const rows = CASES[each]((...call) => runCase(executable, isBun, ...call));
    console.log(toConsole(tableOf(each, { [runtime]: rows })));
    if (record && Object.keys(rows).length > 0) recordCase(runtime, each, rows);
  }
}

/** Adds the rows of a case to those of the other cases. */
function recordCase(runtime, name, rows) {
  recorded.machine = machine;
  recorded.runtimes[runtime] = { ...recorded.runtimes[runtime], [name]: rows };
  // Each summary on one line.
  const json = JSON.stringify(recorded, null, 1).replace(/\{\s+("minimum": .*)\s+(.*)\s+\}/g, "{ $1 $2 }");
  writeFileSync(RECORD, `${json}\n`);
  console.log(`written: docs/measurements.json, ${runtime}, ${name}`);
}

function runCase(executable, isBun, name, options = {}, environment = {}) {
  const script = fileURLToPath(new URL("cases.mjs", import.meta.url));
  const json = JSON.stringify({ ...options, against: against && resolve(against) });
  const { status, stdout } = spawnSync(executable, [...(isBun ? [] : ["--expose-gc"]), script, name, json], {
    env: { ...process.env, ...environment },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${name} failed`);
  return JSON.parse(stdout);
}
