import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // A process for each file, so that the memory it measures is its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    // Generous, for a busy machine. Most tests take less than a second.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "addon", dir: "__test__", exclude: ["package/**"] } },
      // The packages are packed once, before the first of these.
      {
        extends: true,
        test: {
          name: "package",
          dir: "__test__/package",
          globalSetup: "__test__/package/packages.ts",
        },
      },
    ],
  },
});
