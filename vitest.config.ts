import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const hdrTransfer = fileURLToPath(new URL("./examples/host/hdrTransfer.ts", import.meta.url));

/** The contract applies to what a host imports, too. */
const host = { resolve: { alias: { "hdr-image-transfer-cache": hdrTransfer } } };
const dir = "examples/host/test";

export default defineConfig({
  test: {
    // A process for each file, so that what one measures of its memory is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    projects: [
      { test: { name: "addon", dir: "__test__", testTimeout: 60_000 } },
      { ...host, test: { name: "host: addon", dir } },
      // As where there is no binary for the platform. What compiles does not depend on that.
      {
        ...host,
        test: {
          name: "host: fallback",
          dir,
          exclude: ["**/compile.test.ts"],
          env: { NAPI_RS_NATIVE_LIBRARY_PATH: "none" },
        },
      },
    ],
  },
});
