import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    dir: "__test__",
    // A process for each file, so that what one measures of its memory is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    testTimeout: 60_000,
  },
});
