// The contract on other runtimes and platforms: `npm run test:platforms`, or some: `npm run test:platforms -- bun x64-musl`.

import { Command, InvalidArgumentError } from "commander";

import { PLATFORMS } from "./platforms.mjs";
import { Unavailable } from "./tools.mjs";

const names = Object.keys(PLATFORMS);
const list = names.map((name) => `  ${name.padEnd(14)}${PLATFORMS[name].needs}\n`).join("");

const command = new Command("npm run test:platforms --")
  .description(
    "Builds the addon for other platforms and runs the contract there, under emulators where needed.\n" +
      "Fetches what it needs to target/. Debian packages that it installs with apt, as root, it names first.",
  )
  .argument("[platforms...]", "the platforms to test (default: all of those below)", parseNames)
  .addHelpText("after", `\nPlatforms ("node" means all that begin so), and what they need:\n${list}`)
  .addHelpText("after", "Exit codes: 0 all passed, 1 a failure, 3 only that a platform was unavailable.")
  .parse();
const selected = command.args.length > 0 ? [...new Set(command.processedArgs[0])] : names;

const results = [];
for (const name of selected) {
  console.log(`${name}: needs ${PLATFORMS[name].needs}`);
  try {
    for (const result of await PLATFORMS[name].run(name)) results.push(`${name}: ${result}`);
  } catch (error) {
    const what = error instanceof Unavailable ? "unavailable" : "FAILED";
    console.error(`${name}: ${what}: ${error.message}`);
    results.push(`${name}: ${what}`);
  }
}
console.log(results.join("\n"));
const hasEnded = (how) => results.some((result) => result.endsWith(how));
process.exitCode = hasEnded("FAILED") ? 1 : hasEnded("unavailable") ? 3 : 0;

function parseNames(name, before = []) {
  const matching = names.filter((platform) => platform === name || platform.match(`^${name}[@-]`));
  if (matching.length === 0) throw new InvalidArgumentError("There is no such platform; see --help.");
  return [...before, ...matching];
}
