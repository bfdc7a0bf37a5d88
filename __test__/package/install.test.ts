/** The packages, as a user installs them, here from files. */

import { readdirSync } from "node:fs";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, inject, test } from "vitest";

import manifest from "../../package.json";
import { run } from "../processes.ts";
import {
  binary,
  IMPORT,
  makeHost,
  NAME,
  ofPlatform,
  platform,
  platforms,
  REQUIRE,
  runtimes,
  tarball,
  USE,
} from "./packages.ts";

const packages = inject("packages");
const main = tarball(packages);

let host: string;
let hostWithoutBinary: string;
/** A host with the package that a clone packs. */
let hostOfClone: string;
beforeAll(async () => {
  host = await makeHost(packages, main, tarball(packages, ofPlatform));
  hostWithoutBinary = await makeHost(packages, main);
  hostOfClone = await makeHost(packages, tarball(join(packages, "clone")));
});

function filesOf(path: string, name: string): string[] {
  const entries = readdirSync(join(path, "node_modules", name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name).split(join("/", name, "/"))[1]!).toSorted();
}

async function manifestOf(path: string, name: string) {
  return JSON.parse(await readFile(join(path, "node_modules", name, "package.json"), "utf8"));
}

const SHIPPED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "THIRD-PARTY-NOTICES",
  ...["api", "colour", "integration", "performance"].map((page) => join("docs", `${page}.md`)),
  "index.d.ts",
  "index.js",
  "package.json",
];

describe("what is packed", () => {
  test("for a release: a package for each platform, of the same version", async () => {
    expect(filesOf(host, NAME)).toEqual(SHIPPED);
    expect(filesOf(host, ofPlatform)).toEqual([
      "LICENSE",
      "README.md",
      "THIRD-PARTY-NOTICES",
      binary,
      "package.json",
    ]);
    const { version, engines, optionalDependencies } = await manifestOf(host, NAME);
    const names = platforms.map((each) => `${NAME}-${each}`);
    expect(optionalDependencies).toEqual(Object.fromEntries(names.map((each) => [each, version])));
    expect(await manifestOf(host, ofPlatform)).toMatchObject({
      version,
      engines,
      os: [process.platform],
      cpu: [process.arch],
    });
    const files = names.map((each) => `${each}-${version}.tgz`);
    expect(readdirSync(packages)).toEqual(expect.arrayContaining(files));
  });

  test("for a release: at most 450 kB to download", async () => {
    const [first, second] = [await stat(main), await stat(tarball(packages, ofPlatform))];
    expect(first.size + second.size).toBeLessThan(450_000);
  });

  test("in a clone: the binary of this platform as well", () => {
    expect(filesOf(hostOfClone, NAME)).toEqual([...SHIPPED, join("native", binary)].toSorted());
  });

  test("the loader names the package of each platform", async () => {
    const names = (await readFile("index.js", "utf8")).matchAll(
      /target === "(.*)"\) return require\("(.*)"\)/g,
    );
    const expected = platforms.map((each) => [each, `${NAME}-${each}`]);
    expect([...names].map(([, ...pair]) => pair).toSorted()).toEqual(expected.toSorted());
  });

  test("the crate has the same version", async () => {
    const [, version] = (await readFile("Cargo.toml", "utf8")).match(/^version = "(.*)"$/m)!;
    expect(version).toBe(manifest.version);
  });
});

const pathOf = (path: string) => join(path, "node_modules", ofPlatform, binary);

describe.each(runtimes)("installed, on %s", (_, runtime) => {
  test.each([
    ["require", "use.cjs", REQUIRE],
    ["import", "use.mjs", IMPORT],
  ])("%s", async (_way, file, load) => {
    for (const path of [host, hostOfClone]) {
      await writeFile(join(path, file), load + USE);
      expect(await run(runtime, [file], { cwd: path })).toEqual({ stdout: "65535\n", stderr: "" });
    }
  });

  test("NAPI_RS_NATIVE_LIBRARY_PATH names the binary to load", async () => {
    const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: pathOf(host) };
    await writeFile(join(hostWithoutBinary, "use.cjs"), REQUIRE + USE);
    expect((await run(runtime, ["use.cjs"], { cwd: hostWithoutBinary, env })).stdout).toBe("65535\n");
  });

  test("NAPI_RS_NATIVE_LIBRARY_PATH names no binary: the error says so", async () => {
    const path = join(host, "none.node");
    const { advice, cause } = await loadingError(runtime, host, [], { NAPI_RS_NATIVE_LIBRARY_PATH: path });
    expect(advice).toBe(
      `NAPI_RS_NATIVE_LIBRARY_PATH is ${path}: set it to the path of a binary for this platform, or unset it.`,
    );
    expect(cause).toContain(path);
  });

  test("a missing binary: the error says what to do", async () => {
    const { advice, cause } = await loadingError(runtime, hostWithoutBinary);
    expect(advice).toBe(
      "Install the package again on the platform that runs it, with optional dependencies, or, in a clone, run " +
        "`npm run build`. There are binaries for Linux (glibc and musl), macOS and Windows, on x64 and arm64.",
    );
    // Each attempt.
    expect(cause).toContain(join("native", binary));
    expect(cause).toContain(ofPlatform);
  });

  test("a broken binary: the cause of the error says so", async () => {
    const broken = await makeHost(packages);
    await cp(host, broken, { recursive: true });
    await writeFile(pathOf(broken), "not a binary");
    expect((await loadingError(runtime, broken)).cause).toContain(pathOf(broken));
  });
});

describe("installed, on Node.js", () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const permissions = () => [permission, `--allow-fs-read=${join(host, "*")}`];

  test.each([
    ["without __proto__", () => ["--disable-proto=delete"]],
    ["with permissions", () => ["--allow-addons", ...permissions()]],
  ])("%s", async (_, flags) => {
    await writeFile(join(host, "flags.cjs"), REQUIRE + USE);
    const { stdout } = await run(process.execPath, [...flags(), join(host, "flags.cjs")], { cwd: host });
    expect(stdout).toBe("65535\n");
  });

  test.each([
    ["--no-addons", () => ["--no-addons"]],
    ["permissions without --allow-addons", permissions],
  ])("%s: the error says how to allow addons", async (_, flags) => {
    const { advice, cause } = await loadingError(process.execPath, host, flags());
    expect(advice).toBe(
      "Loading addons is disabled: start Node.js without --no-addons and, if with --permission, also with --allow-addons.",
    );
    expect(cause).toMatch(/^AggregateError: /);
  });
});

/** The advice in the error that loading throws, and its cause as text. */
async function loadingError(runtime: string, path: string, flags: string[] = [], variables: object = {}) {
  const script = `
    try {
      require("${NAME}");
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: cause.name + ": " + cause.message }));
    }
  `;
  await writeFile(join(path, "error.cjs"), script);
  const env = { ...process.env, ...variables };
  const { stdout } = await run(runtime, [...flags, join(path, "error.cjs")], { cwd: path, env });
  const { message, cause, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ name: "Error", code: "ERR_BINARY_NOT_LOADED" });
  const start = `${NAME}: no binary could be loaded for ${platform}. `;
  expect(message.slice(0, start.length)).toBe(start);
  return { advice: message.slice(start.length), cause };
}
