// The benchmark on other runtimes, fetched from the npm registry: `npm run bench:runtimes`.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { fetchRuntime } from "../runtimes/fetch.mjs";

const benchmark = fileURLToPath(new URL("bench.mjs", import.meta.url));

for (const runtime of ["node@22", "node@24", "bun@1"]) {
  const { status } = spawnSync(fetchRuntime(runtime), [benchmark, "--no-charts"], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`error: the benchmark failed on ${runtime}`);
    process.exit(1);
  }
}
