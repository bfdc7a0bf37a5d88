/** The packages of a release, and the package of a clone, as a user installs them, here from files. */

import { exec, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { parseTriple } from "@napi-rs/cli";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import manifest from "../package.json";
import { type Output, run } from "./processes.ts";

const NAME = manifest.name;
const platforms = manifest.napi.targets.map((triple) => parseTriple(triple).platformArchABI);

/** The file that `npm run build` made for this platform. */
const binary = readdirSync("native").find((file) => file.endsWith(".node"))!;
const platform = binary.slice(`${NAME}.`.length, -".node".length);

/** Node.js, and Bun where it is on the PATH. */
const runtimes = [["Node.js", process.execPath]];
if (!spawnSync("bun", ["--version"]).error) runtimes.push(["Bun", "bun"]);

const USE = `
  const cache = createHdrImageTransferCache();
  const converted = cache.getConverted("white", "hlg", "pq", Buffer.from([0xff, 0xff]));
  convertTransfer(converted, "pq", "hlg");
  console.log(converted.readUInt16LE());
`;

let folder: string;
/** A host with the package and the one of this platform, and a host with the package alone. */
let host: string;
let hostWithoutBinary: string;
/** A host with the package that a clone packs. */
let hostOfClone: string;
beforeAll(async () => {
  // The real path, since Node.js checks permissions for it.
  folder = await realpath(await mkdtemp(join(tmpdir(), "hdr-install-")));
  await makePackages();
  const main = tarball(NAME);
  host = await makeHost("host", main, tarball(`${NAME}-${platform}`));
  hostWithoutBinary = await makeHost("without", main);
  await inShell(`npm pack --ignore-scripts --pack-destination "${folder}"`, ".");
  hostOfClone = await makeHost("clone", join(folder, `${NAME}-${manifest.version}.tgz`));
});
afterAll(() => rm(folder, { recursive: true }));

/** Makes the packages of a release. The binaries of other platforms are empty files. */
async function makePackages(): Promise<void> {
  const binaries = join(folder, "binaries");
  await mkdir(binaries);
  for (const other of platforms) await writeFile(join(binaries, `${NAME}.${other}.node`), "");
  await copyFile(join("native", binary), join(binaries, binary));
  await node(".", "scripts/packages.mjs", binaries, "--to", join(folder, "packages"));
}

function tarball(name: string): string {
  return join(folder, "packages", `${name}-${manifest.version}.tgz`);
}

async function makeHost(name: string, ...tarballs: string[]): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, "package.json"), "{}");
  const files = tarballs.map((file) => `"${file}"`).join(" ");
  await inShell(`npm install --offline --no-audit --no-fund ${files}`, path);
  return path;
}

/** Runs a command in a shell, since npm is a script on Windows. */
function inShell(command: string, cwd: string): Promise<Output> {
  return promisify(exec)(command, { cwd });
}

function node(cwd: string, ...args: string[]): Promise<Output> {
  return run(process.execPath, args, { cwd });
}

function filesOf(path: string, name: string): string[] {
  return readdirSync(join(path, "node_modules", name)).toSorted();
}

async function manifestOf(path: string, name: string) {
  return JSON.parse(await readFile(join(path, "node_modules", name, "package.json"), "utf8"));
}

const SHIPPED = ["CHANGELOG.md", "LICENSE", "README.md", "docs", "index.d.ts", "index.js", "package.json"];

describe("what is packed", () => {
  test("for a release: a package for each platform, of the same version", async () => {
    expect(filesOf(host, NAME)).toEqual(SHIPPED);
    expect(filesOf(host, `${NAME}-${platform}`)).toEqual(["LICENSE", "README.md", binary, "package.json"]);
    const { version, engines, optionalDependencies } = await manifestOf(host, NAME);
    const names = platforms.map((each) => `${NAME}-${each}`);
    expect(optionalDependencies).toEqual(Object.fromEntries(names.map((each) => [each, version])));
    expect(await manifestOf(host, `${NAME}-${platform}`)).toMatchObject({
      version,
      engines,
      os: [process.platform],
      cpu: [process.arch],
    });
    const files = names.map((each) => `${each}-${version}.tgz`);
    expect(readdirSync(join(folder, "packages"))).toEqual(expect.arrayContaining(files));
  });

  test("in a clone: the binary of this platform as well", () => {
    expect(filesOf(hostOfClone, NAME)).toEqual([...SHIPPED, "native"].toSorted());
  });

  test("the crate has the same version", async () => {
    const [, version] = (await readFile("Cargo.toml", "utf8")).match(/^version = "(.*)"$/m)!;
    expect(version).toBe(manifest.version);
  });
});

describe.each(runtimes)("installed, on %s", (_, runtime) => {
  test.each([
    ["require", "use.cjs", `const { convertTransfer, createHdrImageTransferCache } = require("${NAME}");`],
    ["import", "use.mjs", `import { convertTransfer, createHdrImageTransferCache } from "${NAME}";`],
  ])("%s", async (_way, file, load) => {
    for (const path of [host, hostOfClone]) {
      await writeFile(join(path, file), load + USE);
      expect(await run(runtime!, [file], { cwd: path })).toEqual({ stdout: "65535\n", stderr: "" });
    }
  });

  test("it exports its functions, and nothing else", async () => {
    await writeFile(join(host, "keys.cjs"), `console.log(Object.keys(require("${NAME}")).join())`);
    const { stdout } = await run(runtime!, ["keys.cjs"], { cwd: host });
    expect(stdout).toBe("convertTransfer,createHdrImageTransferCache\n");
  });

  test("a bundle with the package external", async () => {
    const contents = `import { convertTransfer, createHdrImageTransferCache } from "${NAME}"; ${USE}`;
    await bundle(host, "static.mjs", { stdin: { contents }, external: [NAME] });
    expect((await run(runtime!, ["static.mjs"], { cwd: host })).stdout).toBe("65535\n");
  });

  test("a missing binary: the error says what to do", async () => {
    const { name, code, message, cause } = await loadingError(runtime!, hostWithoutBinary);
    expect([name, code]).toEqual(["Error", "ERR_BINARY_NOT_LOADED"]);
    expect(message).toBe(
      `${NAME}: no binary could be loaded for ${platform}. Install the package again on the platform that runs it, with ` +
        "optional dependencies, or, in a clone, run `npm run build`. " +
        `There are binaries for ${manifest.napi.targets.join(", ")}.`,
    );
    // Each attempt.
    expect(cause).toContain(`./native/${binary}`);
    expect(cause).toContain(`${NAME}-${platform}`);
  });

  test("a broken binary: the cause of the error says so", async () => {
    const broken = join(hostWithoutBinary, "node_modules", NAME, binary);
    await writeFile(broken, "not a binary");
    const { code, cause } = await loadingError(runtime!, hostWithoutBinary);
    await rm(broken);
    expect(code).toBe("ERR_BINARY_NOT_LOADED");
    expect(cause).toContain(binary);
  });
});

describe("installed, on Node.js", () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";

  test.each([
    ["without __proto__", () => ["--disable-proto=delete"]],
    ["with permissions", () => [permission, "--allow-addons", `--allow-fs-read=${join(host, "*")}`]],
  ])("%s", async (_, flags) => {
    const use = `const { convertTransfer, createHdrImageTransferCache } = require("${NAME}"); ${USE}`;
    await writeFile(join(host, "flags.cjs"), use);
    expect((await node(host, ...flags(), join(host, "flags.cjs"))).stdout).toBe("65535\n");
  });

  test.each([
    ["--no-addons", () => ["--no-addons"]],
    ["permissions without --allow-addons", () => [permission, `--allow-fs-read=${join(host, "*")}`]],
  ])("%s: the error says how to allow addons", async (_, flags) => {
    const { code, message, cause } = await loadingError(process.execPath, host, ...flags());
    expect(code).toBe("ERR_BINARY_NOT_LOADED");
    expect(message).toBe(
      `${NAME}: no binary could be loaded for ${platform}. Loading addons is disabled: start Node.js without --no-addons ` +
        "and, if with --permission, also with --allow-addons.",
    );
    expect(cause).toMatch(/^AggregateError: /);
  });

  test("TypeScript", async () => {
    await copyFile("__test__/types/usage.ts", join(host, "usage.ts"));
    const options = "--noEmit --skipLibCheck --strict --module nodenext --target es2022 --types node".split(
      " ",
    );
    const tsc = [resolve("node_modules/typescript/bin/tsc"), "--typeRoots", resolve("node_modules/@types")];
    const { stdout } = await node(host, ...tsc, ...options, "usage.ts").catch((error) => error);
    expect(stdout).toBe("");
  });
});

async function bundle(path: string, file: string, options: object): Promise<void> {
  await build({ bundle: true, platform: "node", format: "esm", outfile: join(path, file), ...options });
}

/** What loading throws, with the cause as text. */
async function loadingError(runtime: string, path: string, ...flags: string[]) {
  const script = `
    try {
      require("${NAME}");
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: cause.name + ": " + cause.message }));
    }
  `;
  await writeFile(join(path, "error.cjs"), script);
  const { stdout } = await run(runtime, [...flags, join(path, "error.cjs")], { cwd: path });
  return JSON.parse(stdout);
}
