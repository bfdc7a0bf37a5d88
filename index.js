"use strict";
// What the package exports: the addon, loaded from the binary for this platform.

const { readFileSync } = require("node:fs");

const { name, napi } = require("./package.json");

const { platform, arch, env, report } = process;

/** The C library of this process. The system may have another: a Node.js for musl also runs where glibc is. */
function libc() {
  try {
    // The file of glibc is libc.so.6, or libc-2.31.so in older versions.
    return /\/libc(\.so\.6|-2\.)/.test(readFileSync("/proc/self/maps", "latin1")) ? "gnu" : "musl";
  } catch {
    // Without the permission to read it. This takes some milliseconds.
    return report && !report.getReport().header.glibcVersionRuntime ? "musl" : "gnu";
  }
}

/** This platform, as binaries and packages are named after it: `linux-x64-gnu`. */
function platformName() {
  if (platform === "linux") return `linux-${arch}-${libc()}`;
  if (platform === "win32") return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

function load() {
  const target = platformName();
  const binaries = env.NAPI_RS_NATIVE_LIBRARY_PATH
    ? [env.NAPI_RS_NATIVE_LIBRARY_PATH]
    : // In a clone, what `npm run build` made; installed, the package for this platform.
      [`./native/${name}.${target}.node`, `${name}-${target}`];
  const errors = [];
  for (const binary of binaries) {
    try {
      return require(binary);
    } catch (error) {
      errors.push(error);
    }
  }
  const advice = errors.some(({ code }) => code === "ERR_DLOPEN_DISABLED")
    ? "Loading addons is disabled: start Node.js without --no-addons and, if with --permission, also with --allow-addons."
    : "Install the package again on the platform that runs it, with optional dependencies, " +
      `or, in a clone, run \`npm run build\`. There are binaries for ${napi.targets.join(", ")}.`;
  throw Object.assign(
    new Error(`${name}: no binary could be loaded for ${target}. ${advice}`, {
      cause: new AggregateError(errors, errors.map(({ message }) => message).join("\n")),
    }),
    { code: "ERR_BINARY_NOT_LOADED" },
  );
}

const addon = load();
// One by one, so that `import { … }` finds the names.
module.exports.convertTransfer = addon.convertTransfer;
module.exports.createHdrImageTransferCache = addon.createHdrImageTransferCache;
