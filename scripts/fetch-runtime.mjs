// Runtimes from the npm registry, kept in target/runtimes/.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Gives the executable of a runtime, such as `node@22`, and fetches it first if it is not there. */
export function fetchRuntime(runtime) {
  const folder = join(root, "target", "runtimes", runtime);
  const executable = join(folder, "node_modules", ".bin", runtime.split("@")[0]);
  if (!existsSync(executable)) {
    console.log(`fetching ${runtime}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}\n");
    run("npm", ["install", "--no-save", "--loglevel=error", runtime], folder);
  }
  // What was fetched may be for another system.
  run(executable, ["--version"], folder);
  return executable;
}

function run(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(error?.message ?? stderr);
}
