// The benchmark on other runtimes, fetched from the npm registry: `npm run bench:runtimes`.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNTIMES = {
  "node@22": "node_modules/node/bin/node",
  "node@24": "node_modules/node/bin/node",
  "bun@1": "node_modules/bun/bin/bun.exe",
};

const root = fileURLToPath(new URL("..", import.meta.url));

for (const [runtime, executable] of Object.entries(RUNTIMES)) {
  const folder = join(root, "target", "runtimes", runtime);
  if (!existsSync(join(folder, executable))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}\n");
    run("npm", ["install", "--no-save", "--foreground-scripts", runtime], folder);
  }
  run(join(folder, executable), [join(root, "benchmark", "bench.mjs"), "--no-charts"], root);
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) {
    console.error(`error: ${command} ${args.join(" ")}: ${error?.message ?? `exit code ${status}`}`);
    process.exit(1);
  }
}
