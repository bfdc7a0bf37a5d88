// Running a command that may take minutes.

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { SingleBar } from "cli-progress";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that is fetched or built for other platforms. */
export const scratch = join(root, "target", "platforms");

const MINUTES = 60_000;

/** What runs now. It is ended with this process. */
let child;

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    child?.kill();
    process.exit(1);
  });
}

/**
 * Runs a command to its end, and reports the last line of its output every four seconds. The output goes to a file,
 * because Node.js crashes under wine with pipes.
 */
export async function attempt(title, executable, args, { cwd = root, env = {} } = {}) {
  mkdirSync(join(scratch, "logs"), { recursive: true });
  const log = join(scratch, "logs", `${title.replaceAll(/[^\w.-]+/g, "-")}.txt`);
  const file = openSync(log, "w");
  const format = `${title}, {duration} s {line}`;
  const bar = new SingleBar({ format, noTTYOutput: true, notTTYSchedule: 4000 });
  const start = performance.now();
  bar.start(1, 0, { line: "" });
  const watch = setInterval(() => bar.update({ line: lastLine(readFileSync(log, "utf8")) }), 1000);
  child = spawn(executable, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", file, file],
    timeout: 30 * MINUTES,
  });
  const problem = await new Promise((done) => {
    child.on("error", ({ message }) => done(message));
    child.on("close", (code, signal) => done(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  clearInterval(watch);
  closeSync(file);
  const output = readFileSync(log, "utf8");
  bar.update(1, { line: problem ?? "" });
  bar.stop();
  return { problem, output, seconds: (performance.now() - start) / 1000 };
}

/** As `attempt`, for a command that has to succeed. */
export async function run(title, executable, args, options) {
  const result = await attempt(title, executable, args, options);
  if (result.problem) throw new Error(`${title}: ${result.problem}\n${result.output.slice(-4000)}`);
  return result;
}

function lastLine(text) {
  const [line = ""] = text
    .trimEnd()
    .split(/[\r\n]/)
    .slice(-1);
  return line.trim().slice(0, 80);
}
