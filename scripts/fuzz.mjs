// Fuzzes the cache and the conversion with libFuzzer and AddressSanitizer: `npm run test:fuzz -- 60`.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";

const TARGETS = ["cache", "convert"];

// As `cargo fuzz` sets them: AddressSanitizer, and the coverage that libFuzzer looks at.
const RUSTFLAGS = [
  "-Zsanitizer=address",
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
].join(" ");

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = join(root, "target", "fuzz");

const command = new Command("npm run test:fuzz --")
  .description("Fuzzes the cache and the conversion.")
  .argument("[seconds]", "how long each is fuzzed", parseSeconds, 60)
  .option(
    "--keep",
    "replace the corpus by a minimal one that reaches all code found; `cargo test` replays it",
  )
  .parse();
const [seconds] = command.processedArgs;

const folder = build();
for (const target of TARGETS) {
  const found = join(scratch, "corpus", target);
  const executable = join(folder, target);
  unpack(target, found);
  await fuzz(target, executable, found);
  if (command.opts().keep) {
    const minimal = join(scratch, "minimal", target);
    rmSync(minimal, { recursive: true, force: true });
    mkdirSync(minimal, { recursive: true });
    // By the code that they reach, not by how often: that would keep hundreds of inputs.
    run(executable, ["-merge=1", "-use_counters=0", "-verbosity=0", minimal, found]);
    pack(target, minimal);
  }
}

function corpusFile(target) {
  return join(root, "fuzz", "corpus", `${target}.hex`);
}

/** Adds the inputs of the corpus, one on each line, to a folder. */
function unpack(target, to) {
  mkdirSync(to, { recursive: true });
  const lines = readFileSync(corpusFile(target), "utf8").split("\n").slice(0, -1);
  for (const [at, line] of lines.entries()) writeFileSync(join(to, `corpus-${at}`), Buffer.from(line, "hex"));
}

/** Makes the inputs of a folder the corpus. */
function pack(target, from) {
  const lines = readdirSync(from).map((file) => readFileSync(join(from, file), "hex"));
  const sorted = lines.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(corpusFile(target), sorted.map((line) => `${line}\n`).join(""));
}

function parseSeconds(text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("Expected whole seconds.");
  return number;
}

/** Builds the targets, and returns their folder. */
function build() {
  const host = spawnSync("rustc", ["--print", "host-tuple"], { encoding: "utf8" }).stdout.trim();
  // Allows `-Z` options in stable Rust. With a target, the flags do not apply to build scripts.
  const env = { ...process.env, RUSTC_BOOTSTRAP: "1", RUSTFLAGS, CARGO_TARGET_DIR: scratch };
  const manifest = join(root, "fuzz", "Cargo.toml");
  run("cargo", ["build", "--release", "--target", host, "--manifest-path", manifest], env);
  return join(scratch, host, "release");
}

function run(executable, args, env = process.env) {
  const { status, error } = spawnSync(executable, args, { env, stdio: "inherit" });
  if (status !== 0) fail(`${executable}: ${error?.message ?? `exit code ${status}`}`);
}

/** Runs a target on inputs made from those of a folder, and adds those that reach new code. */
async function fuzz(target, executable, corpus) {
  const args = [
    `-max_total_time=${seconds}`,
    "-timeout=10",
    // A hundred calls, or some vectors of samples. Longer inputs only take longer.
    "-max_len=512",
    `-artifact_prefix=${join(scratch, target)}-`,
    corpus,
  ];
  const child = spawn(executable, args, { stdio: ["ignore", "ignore", "pipe"] });
  const format = `${target.padEnd(7)} [{bar}] {value} of {total} s, {executions} executions`;
  const bar = new SingleBar({ format, noTTYOutput: true, notTTYSchedule: 10_000 });
  const start = performance.now();
  let log = "";
  bar.start(seconds, 0, { executions: 0 });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-20_000);
    // Lines begin with the number of executions; the last one is "Done 1000 runs in 60 second(s)".
    const executions = log.match(/.*^(?:#|Done )(\d+)/ms)?.[1] ?? 0;
    const elapsed = Math.round((performance.now() - start) / 1000);
    bar.update(Math.min(elapsed, seconds), { executions });
  });
  const status = await new Promise((done) => child.on("close", done).on("error", done));
  bar.stop();
  if (status !== 0) {
    console.error(log);
    const input = log.match(/Test unit written to (.*)/)?.[1];
    if (input) writeFileSync(corpusFile(target), `${readFileSync(input, "hex")}\n`, { flag: "a" });
    fail(`${target} failed on ${input}; added to the corpus, which \`cargo test\` replays`);
  }
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
