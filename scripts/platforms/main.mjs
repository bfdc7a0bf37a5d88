// The contract on other runtimes and platforms: `npm run test:platforms`, or some: `npm run test:platforms -- bun x64-musl`.

import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";

import { PLATFORMS } from "./platforms.mjs";
import { Unavailable } from "./tools.mjs";

const names = Object.keys(PLATFORMS);

const command = new Command("npm run test:platforms --")
  .description(
    "Builds the addon for other platforms and runs the contract there, under emulators where needed.\n" +
      "Fetches what it needs to target/. Debian packages that it installs with apt, as root, it names first.",
  )
  .argument("[platforms...]", "the platforms to test (default: all of those below)", parseNames)
  .addHelpText("after", () => `\nPlatforms ("node" means all that begin so):\n${listPlatforms()}`)
  .addHelpText(
    "after",
    "\nExit codes: 0 all passed, 1 a failure, 3 no failure but a platform was unavailable.",
  )
  .parse();
const selected = command.args.length > 0 ? [...new Set(command.processedArgs[0])] : names;

const table = new Table({
  head: ["platform", "built by", "ran on", "passed", "build, s", "run, s", "not shown"],
  colAligns: ["left", "left", "left", "right", "right", "right", "left"],
  colWidths: [null, 24, 25, null, null, null, 28],
  style: { head: [], border: [] },
  wordWrap: true,
});
let [failures, unavailable] = [0, 0];
for (const name of selected) for (const row of await test(name, PLATFORMS[name])) table.push(row);
console.log(table.toString());
process.exitCode = failures > 0 ? 1 : unavailable > 0 ? 3 : 0;

function parseNames(name, before = []) {
  const matching = names.filter((platform) => platform === name || platform.match(`^${name}[@-]`));
  if (matching.length === 0) throw new InvalidArgumentError("There is no such platform; see --help.");
  return [...before, ...matching];
}

function listPlatforms() {
  return names.map((name) => `  ${name.padEnd(25)}${PLATFORMS[name].needs}\n`).join("");
}

/** Returns the rows of a platform: one for each runtime. */
async function test(name, { needs, builtBy, notShown = "", run }) {
  console.log(`${name}: needs ${needs}`);
  try {
    const results = await run(name);
    return results.map(({ ranOn, passed, isComplete, buildSeconds, seconds }) => {
      if (!isComplete) failures++;
      return [name, builtBy, ranOn, passed, round(buildSeconds), round(seconds), notShown];
    });
  } catch (error) {
    if (error instanceof Unavailable) unavailable++;
    else failures++;
    const what = error instanceof Unavailable ? "unavailable" : "FAILED";
    console.error(`${name}: ${what}: ${error.message}`);
    const [reason] = error.message.split("\n");
    return [[name, builtBy, `${what}: ${reason}`, "0", "", "", ""]];
  }
}

function round(seconds) {
  return seconds === undefined ? "" : seconds.toFixed(0);
}
