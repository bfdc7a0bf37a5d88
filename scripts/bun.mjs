// Runs on Bun what is tested on Node.js otherwise: the installed package, and bundles. On Deno, loading with few permissions.
// Fetches both to target/. Exit codes as those of `npm run test:platforms`: 3 where they are unavailable.

import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";

import { npmRuntime, Unavailable } from "./platforms/tools.mjs";

try {
  const runtimes = [await npmRuntime("bun"), await npmRuntime("deno")];
  const PATH = [...runtimes.map((runtime) => dirname(runtime)), process.env.PATH].join(delimiter);
  const args = ["node_modules/vitest/vitest.mjs", "run", "install", "bundles", "host"];
  process.exitCode =
    spawnSync(process.execPath, args, { env: { ...process.env, PATH }, stdio: "inherit" }).status ?? 1;
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(error.message);
  process.exitCode = 3;
}
