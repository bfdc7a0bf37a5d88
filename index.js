"use strict";
// What the package exports: the addon, loaded from the binary for this platform.

const { platform, arch, env, report } = process;

/** The C library of this process. The system may have another: a Node.js for musl also runs where glibc is. */
function libc() {
  try {
    const { readFileSync } = require("node:fs");
    // The file of glibc is libc.so.6, or libc-2.31.so in older versions.
    return /\/libc(\.so\.6|-2\.)/.test(readFileSync("/proc/self/maps", "latin1")) ? "gnu" : "musl";
  } catch {
    // Without the permission to read it. This takes some milliseconds, and Deno may refuse it, too.
    try {
      const { header } = /** @type {any} */ (report.getReport());
      return header.glibcVersionRuntime ? "gnu" : "musl";
    } catch {
      return "gnu";
    }
  }
}

/** This platform, as binaries and packages are named after it: `linux-x64-gnu`. */
function platformName() {
  if (platform === "linux") return `linux-${arch}-${libc()}`;
  if (platform === "win32") return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

const target = platformName();
const path = env.NAPI_RS_NATIVE_LIBRARY_PATH;

/** Loads the binary at the given path or, in a clone, the one that `npm run build` made. */
function loadFile() {
  const { resolve } = require("node:path");
  const loaded = { exports: {} };
  // Not by `require`, since bundlers replace it where its argument is not literal.
  process.dlopen(loaded, resolve(path || `${__dirname}/native/hdr-image-transfer-cache.${target}.node`));
  return loaded.exports;
}

/** Returns the addon, or nothing. Appends what failed to `errors`. */
function load(errors) {
  try {
    return loadFile();
  } catch (error) {
    errors.push(error);
  }
  if (path) return undefined;
  // Bundlers, and tools that trace files, find literal names only. Directly inside `try`, they may be missing.
  try {
    if (target === "darwin-arm64") return require("hdr-image-transfer-cache-darwin-arm64");
    if (target === "darwin-x64") return require("hdr-image-transfer-cache-darwin-x64");
    if (target === "linux-arm64-gnu") return require("hdr-image-transfer-cache-linux-arm64-gnu");
    if (target === "linux-arm64-musl") return require("hdr-image-transfer-cache-linux-arm64-musl");
    if (target === "linux-x64-gnu") return require("hdr-image-transfer-cache-linux-x64-gnu");
    if (target === "linux-x64-musl") return require("hdr-image-transfer-cache-linux-x64-musl");
    if (target === "win32-arm64-msvc") return require("hdr-image-transfer-cache-win32-arm64-msvc");
    if (target === "win32-x64-msvc") return require("hdr-image-transfer-cache-win32-x64-msvc");
    throw new Error(`${target} is unsupported`);
  } catch (error) {
    errors.push(error);
  }
  return undefined;
}

/** What to do about the errors. */
function advice(errors) {
  if (errors.some(({ code }) => code === "ERR_DLOPEN_DISABLED")) {
    return (
      "Loading addons is disabled: start Node.js without --no-addons and, if with --permission, also with " +
      "--allow-addons."
    );
  }
  if (path) {
    return `NAPI_RS_NATIVE_LIBRARY_PATH is ${path}: set it to the path of a binary for this platform, or unset it.`;
  }
  // The modules in a bundle have no file names.
  if (!(/** @type {NodeModule} */ (module).filename)) {
    return (
      "It is bundled without the binary: mark the package as external, or have the bundler copy .node files " +
      "(docs/integration.md, Bundlers)."
    );
  }
  return (
    "Install the package again on the platform that runs it, with optional dependencies, " +
    "or, in a clone, run `npm run build`. There are binaries for Linux (glibc and musl), macOS and Windows, on x64 " +
    "and arm64."
  );
}

const errors = [];
const addon = load(errors);
// What some bundlers return is the name of the file, or an empty module.
if (!addon?.convertTransfer) {
  throw Object.assign(
    new Error(`hdr-image-transfer-cache: no binary could be loaded for ${target}. ${advice(errors)}`, {
      cause: new AggregateError(errors, errors.map(({ message }) => message).join("\n")),
    }),
    { code: "ERR_BINARY_NOT_LOADED" },
  );
}
// One by one, so that `import { … }` finds the names.
module.exports.convertTransfer = addon.convertTransfer;
module.exports.createHdrImageTransferCache = addon.createHdrImageTransferCache;
