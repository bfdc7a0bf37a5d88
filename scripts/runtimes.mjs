// The contract on other runtimes: `npm run test:runtimes`, or on some: `npm run test:runtimes -- bun deno`.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";

import { fetchRuntime } from "./fetch-runtime.mjs";

/** How each runs a script, with a garbage collector that can be called. */
const RUNTIMES = {
  "node@20": ["--expose-gc"],
  "node@22": ["--expose-gc"],
  "node@24": ["--expose-gc"],
  "node@26": ["--expose-gc"],
  "bun@1": [],
  "deno@2": ["run", "--allow-all", "--v8-flags=--expose-gc"],
};

const command = new Command("npm run test:runtimes --")
  .description("Runs the contract suite on other runtimes, fetched from the npm registry.")
  .argument(
    "[runtimes...]",
    `some of ${Object.keys(RUNTIMES).join(", ")}; "node" is all of Node.js`,
    parseNames,
  )
  .parse();
const [named] = command.processedArgs;

const suite = fileURLToPath(new URL("../__test__/contract/main.mjs", import.meta.url));
const table = new Table({ head: ["runtime", "version", "cases passed"], style: { head: [], border: [] } });
for (const runtime of named.length > 0 ? named : Object.keys(RUNTIMES)) table.push(test(runtime));
console.log(table.toString());

function parseNames(name, before = []) {
  const matching = Object.keys(RUNTIMES).filter(
    (runtime) => runtime === name || runtime.startsWith(`${name}@`),
  );
  if (matching.length === 0) throw new InvalidArgumentError("There is no such runtime; see --help.");
  return [...before, ...matching];
}

/** Gives a row of the table. The exit code tells of a failure. */
function test(runtime) {
  let executable;
  try {
    executable = fetchRuntime(runtime);
  } catch (error) {
    console.error(`${runtime} cannot be had: ${error.message}`);
    process.exitCode = 1;
    return [runtime, "", "cannot be had"];
  }
  const options = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  const { status, signal, stdout } = spawnSync(executable, [...RUNTIMES[runtime], suite], options);
  console.log(stdout.trim());
  if (status !== 0) process.exitCode = 1;
  const [, name, version, passed] = stdout.match(/^(.*) (.*): (.*) cases passed$/m) ?? [];
  return passed ? [name, version, passed] : [runtime, "", `ended by ${signal ?? `exit code ${status}`}`];
}
