import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    dir: "__test__",
    // A process for each file, so that the memory it measures is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    // Generous, for a busy machine. Most tests take less than a second.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
});
