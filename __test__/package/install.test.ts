/** The packages, as a user installs them, here from files. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { beforeAll, describe, expect, inject, test } from "vitest";

import manifest from "../../package.json";
import { run } from "../processes.ts";
import {
  binary,
  built,
  hasDeno,
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
    const ofBinary = ["LICENSE", "THIRD-PARTY-NOTICES", binary, "package.json"];
    expect(filesOf(host, ofPlatform)).toEqual(ofBinary);
    const { version, engines, optionalDependencies } = await manifestOf(host, NAME);
    const names = platforms.map((each) => `${NAME}-${each}`);
    expect(optionalDependencies).toEqual(Object.fromEntries(names.map((each) => [each, version])));
    expect(await manifestOf(host, ofPlatform)).toMatchObject({
      version,
      engines,
      os: [process.platform],
      cpu: [process.arch],
      ...(process.platform === "linux" && { libc: [platform.endsWith("musl") ? "musl" : "glibc"] }),
    });
    const files = names.map((each) => `${each}-${version}.tgz`);
    expect(readdirSync(packages)).toEqual(expect.arrayContaining(files));
  });

  test("for a release: at most 450 kB to download", async () => {
    const [first, second] = [await stat(main), await stat(tarball(packages, ofPlatform))];
    expect(first.size + second.size).toBeLessThan(450_000);
  });

  test("in a clone: the binary of this platform as well", () => {
    expect(filesOf(hostOfClone, NAME)).toEqual([...SHIPPED, built].toSorted());
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
const pathInClone = (path: string) => join(path, "node_modules", NAME, built);

describe.each(runtimes)("installed, on %s", (_, runtime) => {
  test.each([
    ["require", REQUIRE],
    ["import", IMPORT],
  ])("%s", async (_way, load) => {
    for (const path of [host, hostOfClone]) await expectConverts([runtime], path, load);
  });

  test("NAPI_RS_NATIVE_LIBRARY_PATH names the binary to load", async () => {
    await expectConverts([runtime], hostWithoutBinary, REQUIRE, {
      NAPI_RS_NATIVE_LIBRARY_PATH: pathOf(host),
    });
  });

  test("NAPI_RS_NATIVE_LIBRARY_PATH names no binary: the error says so", async () => {
    const path = join(host, "none.node");
    const { advice, cause } = await loadingError([runtime], host, { NAPI_RS_NATIVE_LIBRARY_PATH: path });
    expect(advice).toBe(
      `NAPI_RS_NATIVE_LIBRARY_PATH is ${path}: set it to a binary for this platform, or unset it.`,
    );
    expect(cause).toContain(path);
  });

  test("a missing binary: the error says what to do", async () => {
    const { target, advice, cause } = await loadingError([runtime], hostWithoutBinary);
    expect(target).toBe(platform);
    expect(advice).toBe(
      "In a clone, run `npm run build`. Elsewhere, install it again, with optional dependencies.",
    );
    // Each attempt.
    expect(cause).toContain(`${NAME}.node`);
    expect(cause).toContain(ofPlatform);
  });

  test("a broken binary: the cause of the error says so", async () => {
    const broken = await copyOf(host);
    await writeFile(pathOf(broken), "not a binary");
    expect((await loadingError([runtime], broken)).cause).toContain(pathOf(broken));
  });

  test("a package that was packed for another platform: the error says for which", async () => {
    const path = await copyOf(hostOfClone);
    for (const [name, content] of await binariesOfPlatforms()) {
      await writeFile(pathInClone(path), content);
      const { advice, cause } = await loadingError([runtime], path);
      expect(advice).toBe(
        `The package was packed for ${name}: pack it where it runs (in a clone: \`npm run build\`).`,
      );
      expect(cause).toContain(pathInClone(path));
      expect(cause).toContain(ofPlatform);
    }
  });

  test("a package that was packed for another platform, beside that of this platform", async () => {
    const path = await copyOf(hostOfClone);
    await writeFile(pathInClone(path), "of another platform");
    await cp(join(host, "node_modules", ofPlatform), join(path, "node_modules", ofPlatform), {
      recursive: true,
    });
    await expectConverts([runtime], path);
  });

  // Only root can mount; in a container, often not even root.
  const canMount = spawnSync("unshare", ["--mount", "true"]).status === 0;
  test.skipIf(!canMount)("a file system mounted noexec: the error says so, and where", async () => {
    const mount = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"';
    for (const [path, file] of [
      [host, pathOf(host)],
      [hostOfClone, pathInClone(hostOfClone)],
    ] as const) {
      const { advice } = await loadingError(["unshare", "--mount", "sh", "-c", mount, path, runtime], path);
      expect(advice).toBe(
        `${dirname(file)} seems to be mounted noexec: mount it without, or use another file system.`,
      );
    }
  });
});

/** By platform, files that begin as binaries for it do. */
async function binariesOfPlatforms(): Promise<[platform: string, content: Buffer][]> {
  const elf = (machine: string) => `\x7fELF\x02\x01\x01${"\0".repeat(9)}\x03\0${machine}\0`;
  const pe = (machine: string) => `MZ${"\0".repeat(58)}\x40\0\0\0PE\0\0${machine}`;
  const headers = {
    "darwin-arm64": "\xcf\xfa\xed\xfe\x0c\0\0\x01",
    "darwin-x64": "\xcf\xfa\xed\xfe\x07\0\0\x01",
    "linux-arm64-gnu": `${elf("\xb7")} libc.so.6`,
    "linux-arm64-musl": `${elf("\xb7")} libc.so`,
    "linux-x64-gnu": `${elf("\x3e")} libc.so.6`,
    "linux-x64-musl": `${elf("\x3e")} libc.so`,
    "win32-arm64-msvc": pe("\x64\xaa"),
    "win32-x64-msvc": pe("\x64\x86"),
  };
  expect(Object.keys(headers)).toEqual(platforms.toSorted());
  const binaries = new Map<string, Buffer>();
  for (const [name, header] of Object.entries(headers)) binaries.set(name, Buffer.from(header, "latin1"));
  if (process.platform === "linux") {
    // A whole one: that of this platform, with the number of the other processor.
    const [other, machine] = process.arch === "x64" ? ["arm64", 0xb7] : ["x64", 0x3e];
    const content = await readFile(built);
    content[18] = machine;
    binaries.set(platform.replace(process.arch, other), content);
  }
  return [...binaries];
}

describe("installed, on Node.js", () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const permissions = () => [permission, `--allow-fs-read=${join(host, "*")}`];

  test.each([
    ["without __proto__", () => ["--disable-proto=delete"]],
    ["with permissions", () => ["--allow-addons", ...permissions()]],
  ])("%s", async (_, flags) => {
    await expectConverts([process.execPath, ...flags()], host, REQUIRE, { NODE_NO_WARNINGS: "1" });
  });

  test.each([
    ["--no-addons", () => ["--no-addons"]],
    ["permissions without --allow-addons", permissions],
  ])("%s: the error says how to allow addons", async (_, flags) => {
    const { advice, cause } = await loadingError([process.execPath, ...flags()], host);
    expect(advice).toBe(
      "Start Node.js without --no-addons and, if with --permission, also with --allow-addons.",
    );
    expect(cause).toMatch(/^AggregateError: /);
  });

  const fake = (properties: object) => `Object.defineProperties(process, ${JSON.stringify(properties)});`;

  test.each([
    [
      "FreeBSD",
      fake({ platform: { value: "freebsd" }, arch: { value: "x64" } }),
      { target: "freebsd-x64", advice: "This platform is unsupported." },
    ],
    [
      "32 bits",
      fake({ platform: { value: "win32" }, arch: { value: "ia32" } }),
      { target: "win32-ia32-msvc", advice: "This platform is unsupported." },
    ],
    [
      "a file system mounted noexec, under musl",
      `require.extensions[".node"] = () => {
        throw new Error("Error loading shared library /my app/native/x.node: Operation not permitted");
      };`,
      { advice: "/my app/native seems to be mounted noexec: mount it without, or use another file system." },
    ],
  ])("%s, simulated", async (_, script, expected) => {
    const before = join(host, "before.cjs");
    await writeFile(before, script);
    expect(await loadingError([process.execPath, "--require", before], host)).toMatchObject(expected);
  });
});

describe.skipIf(!hasDeno)("installed, on Deno", () => {
  const deno = (...permissions: string[]) => ["deno", "run", "--quiet", "--no-prompt", ...permissions];
  const ADVICE =
    "Run Deno with --allow-ffi and, if the package is a link to another folder, with --allow-read.";

  test("--allow-ffi suffices, and a variable that may not be read counts as unset", async () => {
    const variables = { NAPI_RS_NATIVE_LIBRARY_PATH: "none.node" };
    for (const path of [host, hostOfClone]) {
      await expectConverts(deno("--allow-ffi"), path, IMPORT, variables);
    }
  });

  test("without it, the error names the permissions", async () => {
    for (const path of [host, hostOfClone]) expect((await loadingError(deno(), path)).advice).toBe(ADVICE);
  });

  test("--allow-read is needed as well where the package is a link", async () => {
    const path = await makeHost(packages);
    await mkdir(join(path, "node_modules"));
    await symlink(resolve(), join(path, "node_modules", NAME));
    expect((await loadingError(deno("--allow-ffi"), path)).advice).toBe(ADVICE);
    await expectConverts(deno("--allow-ffi", "--allow-read"), path, IMPORT);
  });
});

async function copyOf(installed: string) {
  const copy = await mkdtemp(join(packages, "host-"));
  await cp(installed, copy, { recursive: true });
  return copy;
}

/** Asserts that what all hosts run prints its result, and nothing else. */
async function expectConverts([program, ...args]: string[], path: string, load = REQUIRE, variables = {}) {
  const file = join(path, load === REQUIRE ? "use.cjs" : "use.mjs");
  await writeFile(file, load + USE);
  const env = { ...process.env, ...variables };
  const output = await run(program!, [...args, file], { cwd: path, env });
  expect(output).toEqual({ stdout: "65535\n", stderr: "" });
}

/** What the error says that loading throws: for which platform, what to do, and its cause as text. */
async function loadingError([program, ...args]: string[], path: string, variables: object = {}) {
  const script = `
    try {
      require("${NAME}");
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: cause.name + ": " + cause.message }));
    }
  `;
  await writeFile(join(path, "error.cjs"), script);
  const env = { ...process.env, ...variables };
  const { stdout } = await run(program!, [...args, join(path, "error.cjs")], { cwd: path, env });
  const { message, cause, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ name: "Error", code: "ERR_BINARY_NOT_LOADED" });
  const [, target, advice] = /^[\w-]+: no binary could be loaded for (.*?)\. (.*)$/.exec(message)!;
  return { target, advice, cause };
}
