"use strict";
// What the package exports: what the binary does, which index.js loads. That one is generated, and says of a
// missing binary only that npm has a bug.

let addon;
try {
  addon = require("./index.js");
} catch (error) {
  const { name, napi } = require("./package.json");
  const { platform, arch } = process;
  const missing = new Error(
    `${name}: no binary could be loaded for ${platform} ${arch}. ` +
      "Install the package again on the platform that runs it, with optional dependencies, " +
      "or, in a clone, run `npm run build`. " +
      `There are binaries for ${napi.targets.join(", ")}. The error's cause lists what was tried, and why it failed.`,
    // What each attempt failed of, without the generated message.
    { cause: error.cause ?? error },
  );
  missing.code = "ERR_BINARY_NOT_LOADED";
  throw missing;
}

module.exports.convertTransfer = addon.convertTransfer;
module.exports.createHdrImageTransferCache = addon.createHdrImageTransferCache;
