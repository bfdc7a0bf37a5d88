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
    // /proc is unreadable. The report takes some milliseconds, and Deno may refuse it, too.
    try {
      const { header } = /** @type {any} */ (report.getReport());
      return header.glibcVersionRuntime ? "gnu" : "musl";
    } catch {
      return "gnu";
    }
  }
}

/** This platform, as packages are named after it: `linux-x64-gnu`. */
function platformName() {
  if (platform === "linux") return `linux-${arch}-${libc()}`;
  if (platform === "win32") return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

let path;
try {
  path = env.NAPI_RS_NATIVE_LIBRARY_PATH;
} catch {
  // Deno may refuse to read it.
}

const target = platformName();

/** Returns the addon, or nothing. Appends what failed to `errors`. */
function load(errors) {
  try {
    if (path) {
      const { resolve, toNamespacedPath } = require("node:path");
      const loaded = { exports: {} };
      // Not by `require`, since bundlers replace it where its argument is not literal.
      process.dlopen(loaded, toNamespacedPath(resolve(path)));
      return loaded.exports;
    }
    // What `npm run build` makes, and a clone packs. Bundlers, and tools that trace files, find literal names only.
    // Directly inside `try`, they may be missing.
    // @ts-expect-error: there is nothing to read types from.
    return require("./native/hdr-image-transfer-cache.node");
  } catch (error) {
    errors.push(error);
  }
  if (path) return undefined;
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

/** How a binary begins, and whether it needs glibc. The first that matches counts. */
const HEADERS = {
  "darwin-arm64": /^\xcf\xfa\xed\xfe\f/,
  "darwin-x64": /^\xcf\xfa\xed\xfe/,
  "linux-arm64-gnu": /^\x7fELF.{14}\xb7.*libc\.so\.6/s,
  "linux-arm64-musl": /^\x7fELF.{14}\xb7/s,
  "linux-x64-gnu": /^\x7fELF.{14}>.*libc\.so\.6/s,
  "linux-x64-musl": /^\x7fELF.{14}>/s,
  "win32-arm64-msvc": /^MZ.*PE\0\0d\xaa/s,
  "win32-x64-msvc": /^MZ.*PE\0\0d\x86/s,
};

/** The platform of the binary that a clone packed; nothing if there is none. */
function packedFor() {
  try {
    const file = `${__dirname}/native/hdr-image-transfer-cache.node`;
    const content = require("node:fs").readFileSync(file, "latin1");
    return Object.keys(HEADERS).find((name) => HEADERS[name].test(content));
  } catch {
    return undefined;
  }
}

/** What to do about the errors: the first row that applies. */
function advice(messages) {
  const disabled = /addons is disabled/.test(messages);
  const denied = /Requires (ffi|read) access/.test(messages);
  // The words of glibc and of musl.
  const noexec = /(\/.*)\/.*: (?:failed to map segment|Operation not permitted)/.exec(messages);
  // The modules in a bundle have no file names.
  const bundled = !(/** @type {NodeModule} */ (module).filename);
  const unsupported = messages.includes(`${target} is unsupported`);
  const packed = packedFor();
  return [
    [disabled, "Start Node.js without --no-addons and, if with --permission, also with --allow-addons."],
    [denied, "Run Deno with --allow-ffi and, if the package is a link to another folder, with --allow-read."],
    [noexec, `${noexec?.[1]} seems to be mounted noexec: mount it without, or use another file system.`],
    [path, `NAPI_RS_NATIVE_LIBRARY_PATH is ${path}: set it to a binary for this platform, or unset it.`],
    [bundled, "The bundle lacks it: make the package external, or copy .node files (docs/integration.md)."],
    [unsupported, "This platform is unsupported."],
    [packed, `The package was packed for ${packed}: pack it where it runs (in a clone: \`npm run build\`).`],
    [true, "In a clone, run `npm run build`. Elsewhere, install it again, with optional dependencies."],
  ].find(([applies]) => applies)[1];
}

const errors = [];
const addon = load(errors);
// What some bundlers return is the name of the file, or an empty module.
if (!addon?.convertTransfer) {
  const messages = errors.map(({ message }) => message).join("\n");
  throw Object.assign(
    new Error(`hdr-image-transfer-cache: no binary could be loaded for ${target}. ${advice(messages)}`, {
      cause: new AggregateError(errors, messages),
    }),
    { code: "ERR_BINARY_NOT_LOADED" },
  );
}
// One by one, so that `import { … }` finds the names.
module.exports.convertTransfer = addon.convertTransfer;
module.exports.createHdrImageTransferCache = addon.createHdrImageTransferCache;
