// Builds the addon. `npm run build`: for this machine, to native/.
// `node scripts/build.mjs TARGET [OUTPUT]`: for a target, as a release has it, to the file OUTPUT, and checks it.
//
// zig has the C libraries of all targets but msvc, which its own machine builds for. Rust's standard library is that of rustup, if it
// has the target, or else built from the source that Debian packages.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { install, pip, read, root, run, scratch } from "./platforms/tools.mjs";

/** The name of the binary in a clone and in packages. */
export const BINARY = "hdr-image-transfer-cache.node";

/** Without the crate's rlib: with it, cargo leaves out link-time optimization, and a short call takes a tenth longer. */
const CARGO = ["rustc", "--release", "--lib", "--crate-type=cdylib", "--locked"];

function buildHere(args, output) {
  const { status, error } = spawnSync("cargo", [...CARGO, ...args], { cwd: root, stdio: "inherit" });
  if (error) console.error(`cargo cannot be run: install Rust, https://rustup.rs (${error.message})`);
  if (status !== 0) process.exit(1);
  copyLibrary(join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), args[1] ?? "", "release"), output);
}

/** `variables` are added to the environment of cargo. */
export async function build(target, output = join(root, "target/binaries", target, BINARY), variables = {}) {
  if (target.endsWith("msvc")) return buildHere(["--target", target], output);
  const python = await pip("cargo-zigbuild==0.24.1", "lief==1.0.0", "ziglang==0.15.2");
  const args = [...CARGO];
  const env = {
    PATH: [python, process.env.PATH].join(delimiter),
    CARGO_TARGET_DIR: join(scratch, "cargo"),
    XDG_CACHE_HOME: join(scratch, "cache"),
    // An addon cannot be static on musl: the runtime has the C library. `-s` strips as the profile does, but for macOS as well,
    // where that takes a tool which Debian's Rust lacks.
    RUSTFLAGS: "-Dwarnings -Ctarget-feature=-crt-static -Clink-arg=-s",
    CARGO_PROFILE_RELEASE_STRIP: "none",
    MACOSX_DEPLOYMENT_TARGET: "11.0",
    // Any folder: rustc asks for one, and zig needs none.
    SDKROOT: scratch,
    ...variables,
  };
  const isInstalled = fs.existsSync(read("rustc", ["--print", "target-libdir", "--target", target]).trim());
  if (!isInstalled) {
    await install(["rustc-web", "cargo-web", "rust-web-src"]);
    args.push("-Zbuild-std=std,panic_unwind");
    Object.assign(env, { CARGO: "/usr/bin/cargo", RUSTC: "/usr/bin/rustc", RUSTC_BOOTSTRAP: "1" });
  }
  const title = `build ${target} with Rust of ${isInstalled ? "rustup" : "Debian"}`;
  args.push("--target", target.replace("linux-gnu", "linux-gnu.2.17"));
  await run(title, join(python, "cargo-zigbuild"), args, { env });
  copyLibrary(join(scratch, "cargo", target, "release"), output);
  const check = join(root, "scripts/check-binary.py");
  const { output: found } = await run(`check ${target}`, join(python, "python"), [check, output, target]);
  console.log(found.trim());
}

function copyLibrary(folder, output) {
  const library = fs.readdirSync(folder).find((file) => /\.(so|dylib|dll)$/.test(file));
  fs.mkdirSync(dirname(output), { recursive: true });
  // A new file, since a process may have loaded the old one.
  fs.rmSync(output, { force: true });
  fs.copyFileSync(join(folder, library), output);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target, output] = process.argv.slice(2);
  if (target) await build(target, output && resolve(output));
  else buildHere([], join(root, "native", BINARY));
}
