// Builds the addon for a target, as a release has it, and checks the result: `node scripts/platforms/build.mjs TARGET [OUTPUT]`.
//
// zig has the C libraries of all targets but msvc. Rust's standard library is that of rustup, if it has the target, or else
// built from the source that Debian packages.

import fs from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Command } from "commander";

import { install, pip, read, root, run, scratch } from "./tools.mjs";

/** The name of the binary in a clone. */
export const BINARY = "hdr-image-transfer-cache.node";

/** `variables` are added to the environment of cargo. */
export async function build(target, output = join(root, "target/binaries", target, BINARY), variables = {}) {
  const python = await pip("cargo-zigbuild==0.24.1", "lief==1.0.0", "ziglang==0.15.2");
  // Without the crate's rlib: with it, cargo leaves out link-time optimization.
  const args = ["rustc", "--release", "--lib", "--crate-type=cdylib", "--locked"];
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
  const folder = join(scratch, "cargo", target, "release");
  const library = fs.readdirSync(folder).find((file) => /\.(so|dylib|dll)$/.test(file));
  fs.mkdirSync(dirname(output), { recursive: true });
  fs.copyFileSync(join(folder, library), output);
  const check = join(root, "scripts/platforms/check.py");
  const { output: found } = await run(`check ${target}`, join(python, "python"), [
    check,
    resolve(output),
    target,
  ]);
  console.log(found.trim());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { processedArgs } = new Command("node scripts/platforms/build.mjs")
    .description("Builds the addon for a target as a release has it, by zig, and checks it.")
    .argument("<target>", "for Linux or macOS, as Rust names it: x86_64-unknown-linux-gnu")
    .argument("[output]", `the file to write (default: target/binaries/TARGET/${BINARY})`)
    .parse();
  await build(processedArgs[0], processedArgs[1]);
}
