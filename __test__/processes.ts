/** Child processes. */

import { execFile, type ExecFileOptions } from "node:child_process";
import { promisify } from "node:util";

export interface Output {
  stdout: string;
  stderr: string;
}

interface Options extends ExecFileOptions {
  input?: string | Buffer;
  /** Flags for Node.js. */
  flags?: string[];
}

/** Runs a program until it ends. */
export function run(program: string, args: string[], { input, ...options }: Options = {}): Promise<Output> {
  const promise = promisify(execFile)(program, args, options);
  promise.child.stdin!.end(input);
  return promise as Promise<Output>;
}

/** Runs a program that may fail. */
export function outcomeOf(...args: Parameters<typeof run>): Promise<Output & { code: number }> {
  return run(...args).then(
    (output) => ({ code: 0, ...output }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

/** Runs a CommonJS script on Node.js, and returns what it prints. */
export async function runScript(script: string, { flags = [], ...options }: Options = {}): Promise<string> {
  return (await run(process.execPath, [...flags, "-e", script], options)).stdout;
}
