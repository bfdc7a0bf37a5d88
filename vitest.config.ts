import { defineConfig } from "vitest/config";

import { projects as integration } from "./examples/host/vitest.config.ts";

export default defineConfig({
  test: {
    // A process for each file, so that what one measures of its memory is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    projects: [{ test: { name: "addon", dir: "__test__", testTimeout: 60_000 } }, ...integration],
  },
});
