/** Runs the commands of `examples/` as a user does. */

import { execFile, spawn, type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";

import { onTestFinished, vi } from "vitest";

export const SUNSET = "examples/images/sunset-pq-512x256.png";
export const VENICE = "examples/images/venice-hlg-512x256.png";

const SCRIPTS = {
  convert: "examples/png/convert.mts",
  demo: "examples/demo/main.mts",
  inspect: "examples/png/inspect.mts",
};
type Name = keyof typeof SCRIPTS;

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export function argumentsOf(name: Name, args: string[]): string[] {
  return ["--import", "tsx", SCRIPTS[name], ...args];
}

export function run(name: Name, args: string[], env = process.env): Promise<Result> {
  return new Promise((done) => {
    const options = { env, timeout: 120_000, killSignal: "SIGKILL" } as const;
    execFile(process.execPath, argumentsOf(name, args), options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** Starts a command, and kills it at the end of the test if it still runs. */
export function start(name: Name, args: string[]): ChildProcess {
  const child = spawn(process.execPath, argumentsOf(name, args), { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Interrupts a command and waits until it ends: `[exit code, signal]`. */
export async function interrupt(child: ChildProcess): Promise<unknown[]> {
  const exit = once(child, "exit", { signal: AbortSignal.timeout(30_000) });
  child.kill("SIGINT");
  return exit;
}

/** Waits until `condition` returns true, for at most a minute. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error("timed out");
    },
    { timeout: 60_000, interval: 10 },
  );
}

/** Why a test that needs a program is skipped, to append to its name: empty if the program is there. */
export function missing(program: string): string {
  if (!spawnSync(program, ["-version"]).error) return "";
  const reason = `skipped: ${program} is not on the PATH`;
  console.warn(`Tests with ${program} are ${reason}`);
  return ` (${reason})`;
}
