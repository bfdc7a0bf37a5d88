// Scripts of this folder in processes of their own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Whether a process can start another of its kind: an emulated one cannot. `npm run test:platforms` sets the variable. */
export const canRun = !process.env.HDR_TEST_EMULATED;

/** Runs a script without the flags of this process, and returns its output. */
export function run(script, ...args) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return promisify(execFile)(process.execPath, [path, ...args]);
}
