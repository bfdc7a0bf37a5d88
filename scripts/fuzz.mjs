// Fuzzes the cache and the conversion with libFuzzer, under AddressSanitizer: `npm run fuzz -- 60`.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
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

const command = new Command("npm run fuzz --")
  .description("Fuzzes the cache and the conversion.")
  .argument("[seconds]", "how long each is fuzzed", parseSeconds, 60)
  .option("--keep", "add inputs that reach new code to fuzz/corpus, which `cargo test` replays")
  .parse();
const [seconds] = command.processedArgs;

const folder = build();
for (const target of TARGETS) {
  const found = join(scratch, "corpus", target);
  const kept = join(root, "fuzz", "corpus", target);
  for (const corpus of [found, kept]) mkdirSync(corpus, { recursive: true });
  const executable = join(folder, target);
  await fuzz(target, executable, [found, kept]);
  // By the code alone: how often it ran would keep hundreds of inputs.
  if (command.opts().keep) run(executable, ["-merge=1", "-use_counters=0", "-verbosity=0", kept, found]);
}

function parseSeconds(text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("Expected whole seconds.");
  return number;
}

/** Builds the targets; gives the folder they are in. */
function build() {
  const host = spawnSync("rustc", ["--print", "host-tuple"], { encoding: "utf8" }).stdout.trim();
  // Stable Rust takes `-Z` only so. A named target keeps the flags from build scripts.
  const env = { ...process.env, RUSTC_BOOTSTRAP: "1", RUSTFLAGS, CARGO_TARGET_DIR: scratch };
  const manifest = join(root, "fuzz", "Cargo.toml");
  run("cargo", ["build", "--release", "--target", host, "--manifest-path", manifest], env);
  return join(scratch, host, "release");
}

function run(executable, args, env = process.env) {
  const { status, error } = spawnSync(executable, args, { env, stdio: "inherit" });
  if (status !== 0) fail(`${executable}: ${error?.message ?? `exit code ${status}`}`);
}

/** Runs a target on inputs made from those of `corpora`, the first of which gets the new ones. */
async function fuzz(target, executable, corpora) {
  const args = [
    `-max_total_time=${seconds}`,
    "-timeout=10",
    // A hundred calls or some vectors of samples: what is longer only takes longer.
    "-max_len=512",
    `-artifact_prefix=${join(scratch, target)}-`,
    ...corpora,
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
    fail(`${target} failed on ${input}; copied to fuzz/corpus/${target}/, \`cargo test\` replays it`);
  }
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
