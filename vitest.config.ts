import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const hdrTransfer = fileURLToPath(new URL("./examples/host/hdrTransfer.ts", import.meta.url));

// Generous, for a busy machine. Most tests take less than a second.
const timeouts = { testTimeout: 120_000, hookTimeout: 300_000, teardownTimeout: 60_000 };

/** The contract applies to what a host imports, too. */
const host = { resolve: { alias: { "hdr-image-transfer-cache": hdrTransfer } } };
const dir = "examples/host/test";

export default defineConfig({
  test: {
    // A process for each file, so that the memory it measures is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    projects: [
      { test: { name: "addon", dir: "__test__", exclude: ["package/**"], ...timeouts } },
      // The packages are packed once, before the first of these.
      {
        test: {
          name: "package",
          dir: "__test__/package",
          globalSetup: "__test__/package/packages.ts",
          ...timeouts,
        },
      },
      { ...host, test: { name: "host: addon", dir, ...timeouts } },
      // As on a platform without a binary. Compilation does not depend on that.
      {
        ...host,
        test: {
          name: "host: fallback",
          dir,
          exclude: ["**/compile.test.ts"],
          env: { NAPI_RS_NATIVE_LIBRARY_PATH: "none" },
          ...timeouts,
        },
      },
    ],
  },
});
