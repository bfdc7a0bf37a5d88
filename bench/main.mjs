// `npm run bench`: measures the addon and its baselines, prints tables, and writes target/bench/<runtime>.json, from which
// `npm run generate` draws the charts.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";

import { npmRuntime } from "../scripts/platforms/tools.mjs";
import { describeMachine, INSTRUCTION_SETS, machineInWords } from "./machine.mjs";
import { BAR, summaryOf } from "./measure.mjs";
import { REPORTS } from "./report.mjs";

const REST_SECONDS = 3;
const ONE_THREAD = { RAYON_NUM_THREADS: "1" };
/** With this, glibc recycles no memory of images, so that each miss is into new memory, whatever the size. */
const NEW_MEMORY = { MALLOC_MMAP_THRESHOLD_: "65536" };

const machine = describeMachine();

/** How each case is run, by `run(name, args, environment)`. */
const CASES = {
  misses: (run) => ({
    "4K, back to back": run("misses", ["4K", "0"]),
    [`4K, each after ${REST_SECONDS} s of rest`]: run("misses", ["4K", `${REST_SECONDS}`]),
    "1080p, back to back": run("misses", ["1080p", "0"]),
  }),
  inPlace: (run) => ({
    addon: [
      ...machine.instructionSets.toReversed().map((set) => {
        const environment = { ...ONE_THREAD, HDR_IMAGE_TRANSFER_KERNEL: INSTRUCTION_SETS[set] };
        return { set, threads: 1, times: run("inPlace", [`${set}, 1 thread`], environment) };
      }),
      {
        set: machine.instructionSets.at(-1),
        threads: machine.cores,
        times: run("inPlace", [`${machine.instructionSets.at(-1)}, ${machine.cores} threads`]),
      },
    ],
    shared: run("shared"),
    loops: run("inPlaceLoops"),
    zscale: run("zscale"),
  }),
  hits: (run) => run("hits"),
  first: (run) => {
    const runs = repeat("first", 9, () => run("first"));
    return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, summaryOf(runs.map((ms) => ms[key]))]));
  },
  memory: (run) => {
    const peaks = (implementation) =>
      repeat(`memory, ${implementation}`, 3, () => run("memory", [implementation]));
    return { addon: summaryOf(peaks("addon")), Map: summaryOf(peaks("Map")) };
  },
  scale: (run) => ({
    oneThread: run("scale", ["1 thread"], { ...ONE_THREAD, ...NEW_MEMORY }),
    allThreads: run("scale", [`${machine.cores} threads`], NEW_MEMORY),
  }),
};

const { processedArgs } = new Command("npm run bench --")
  .description("Measures the addon and its baselines in about 5 minutes.")
  .argument(
    "[names...]",
    `cases to measure, of ${Object.keys(CASES).join(", ")}; runtimes to measure on, such as node@22 or bun@1, which are fetched from npm. By default all cases, on this Node.js`,
    parseNames,
  )
  .parse();
const { cases = [], runtimes = [] } = processedArgs[0];

console.log(machineInWords(machine));
for (const runtime of runtimes.length > 0 ? runtimes : [undefined]) await measureOn(runtime);

function parseNames(name, named = { cases: [], runtimes: [] }) {
  if (/^(node|bun)(@|$)/.test(name)) named.runtimes.push(name);
  else if (name in CASES) named.cases.push(name);
  else throw new InvalidArgumentError("It is neither a case nor a runtime; see --help.");
  return named;
}

async function measureOn(name) {
  const executable = name ? await npmRuntime(name) : process.execPath;
  const isBun = name?.startsWith("bun") ?? false;
  const { stdout } = spawnSync(executable, ["--version"], { encoding: "utf8" });
  const version = stdout.trim().replace(/^v/, "");
  const runtime = `${isBun ? "Bun" : "Node.js"} ${version}`;
  const folder = new URL("../target/bench/", import.meta.url);
  const file = new URL(`${isBun ? "bun" : "node"}-${version.split(".")[0]}.json`, folder);
  const results = { runtime, machine, ...earlierCases(file, runtime) };
  mkdirSync(folder, { recursive: true });
  for (const each of cases.length > 0 ? cases : Object.keys(CASES)) {
    console.log(`\n${runtime}: ${each}`);
    results.cases[each] = CASES[each]((...call) => runCase(executable, isBun, ...call));
    console.log(REPORTS[each](results.cases[each]));
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
  console.log(`\nwritten: ${fileURLToPath(file)}`);
}

/** The cases measured before, if it was on the same machine and runtime. */
function earlierCases(file, runtime) {
  if (cases.length === 0 || !existsSync(file)) return { cases: {} };
  const earlier = JSON.parse(readFileSync(file, "utf8"));
  const isSame = earlier.runtime === runtime && machineInWords(earlier.machine) === machineInWords(machine);
  return { cases: isSame ? earlier.cases : {} };
}

/** Runs a case some times, in a new process each. */
function repeat(title, count, runOnce) {
  const bar = new SingleBar(BAR);
  bar.start(count, 0, { title: title.padEnd(BAR.titleLength) });
  const runs = Array.from({ length: count }, () => {
    const result = runOnce();
    bar.increment();
    return result;
  });
  bar.stop();
  return runs;
}

function runCase(executable, isBun, caseName, caseArgs = [], environment = {}) {
  const script = fileURLToPath(new URL("run-case.mjs", import.meta.url));
  const command = [...(isBun ? [] : ["--expose-gc"]), script, caseName, ...caseArgs];
  const { status, stdout } = spawnSync(executable, command, {
    env: { ...process.env, ...environment },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${caseName} failed`);
  return JSON.parse(stdout);
}
