/** What bundlers make of the package runs without `node_modules`. */

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { nodeFileTrace } from "@vercel/nft";
import { build, type BuildOptions } from "esbuild";
import { beforeAll, describe, expect, inject, test } from "vitest";

import { outcomeOf, run } from "../processes.ts";
import { hasBun, IMPORT, makeHost, NAME, ofPlatform, REQUIRE, tarball, USE } from "./packages.ts";

const node = process.execPath;
const packages = inject("packages");
const main = tarball(packages);
const binary = tarball(packages, ofPlatform);

describe.each([
  ["the package of a clone", [tarball(join(packages, "clone"))]],
  ["the packages of a release", [main, binary]],
])("a bundle of %s", (_, installed) => {
  interface Bundled {
    /** Runs it. */
    command: string[];
    /** What the bundler warns of. */
    warnings: string[];
  }
  const warningsIn = (output: string) =>
    output.split("\n").filter((line) => /warning|error|not found/i.test(line));

  /** Bundles `use.cjs` or `use.mjs` of a host to a folder. */
  type Bundle = (host: string, out: string) => Promise<Bundled>;

  function esbuild(format: "cjs" | "esm", options: BuildOptions): Bundle {
    return async (host, out) => {
      const [entry, outfile] = [join(host, "use.mjs"), join(out, format === "cjs" ? "use.cjs" : "use.mjs")];
      const base: BuildOptions = { entryPoints: [entry], bundle: true, platform: "node", format, outfile };
      const { warnings } = await build({ ...base, ...options, logLevel: "silent" });
      return { command: [node, outfile], warnings: warnings.map(({ text }) => text) };
    };
  }

  const REQUIRE_IN_ESM = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
  `;

  const withBinary: Record<string, Bundle> = {
    async "@vercel/nft, which Next.js uses for standalone output"(host, out) {
      const { fileList, warnings } = await nodeFileTrace([join(host, "use.mjs")], { base: host });
      for (const file of fileList) {
        await mkdir(dirname(join(out, file)), { recursive: true });
        await cp(join(host, file), join(out, file));
      }
      // It reports all that is absent, the packages of other platforms as well.
      const others = [...warnings].filter(
        ({ message }) => !message.startsWith("Failed to resolve dependency"),
      );
      return { command: [node, join(out, "use.mjs")], warnings: others.map(String) };
    },
    async "@vercel/ncc"(host, out) {
      const ncc = resolve("node_modules/@vercel/ncc/dist/ncc/cli.js");
      const { stdout, stderr } = await run(node, [ncc, "build", join(host, "use.cjs"), "--out", out]);
      return { command: [node, join(out, "index.cjs")], warnings: warningsIn(stdout + stderr) };
    },
    "esbuild with the copy loader": esbuild("cjs", { loader: { ".node": "copy" } }),
    "esbuild with the copy loader, to an ES module with `require`": esbuild("esm", {
      loader: { ".node": "copy" },
      banner: { js: REQUIRE_IN_ESM },
    }),
  };
  if (hasBun) {
    withBinary["Bun, to an executable"] = async (host, out) => {
      const args = ["build", "--compile", join(host, "use.mjs"), "--outfile", join(out, "use")];
      const { stdout, stderr } = await run("bun", args);
      return { command: [join(out, "use")], warnings: warningsIn(stdout + stderr) };
    };
  }

  const withoutBinary: Record<string, Bundle> = {
    "esbuild with all binaries external": esbuild("cjs", { external: ["*.node", `${NAME}-*`] }),
    "esbuild with the file loader": esbuild("cjs", { loader: { ".node": "file" } }),
    "esbuild, to an ES module without `require`": esbuild("esm", { loader: { ".node": "copy" } }),
  };

  const bundles = new Map<Bundle, Bundled>();
  beforeAll(async () => {
    const host = await makeHost(packages, ...installed);
    await writeFile(join(host, "use.cjs"), REQUIRE + USE);
    await writeFile(join(host, "use.mjs"), IMPORT + USE);
    for (const bundle of [...Object.values(withBinary), ...Object.values(withoutBinary)]) {
      bundles.set(bundle, await bundle(host, await mkdtemp(join(packages, "bundle-"))));
    }
    // A bundle that still refers to it fails.
    await rm(host, { recursive: true });
  });

  function runBundle(bundle: Bundle) {
    const [program, ...args] = bundles.get(bundle)!.command;
    return outcomeOf(program!, args, { cwd: packages });
  }

  test.each(Object.entries(withBinary))("%s", async (_tool, bundle) => {
    expect(bundles.get(bundle)!.warnings).toEqual([]);
    expect(await runBundle(bundle)).toEqual({ code: 0, stdout: "65535\n", stderr: "" });
  });

  test.each(Object.entries(withoutBinary))("%s: the error says that it is bundled", async (_tool, bundle) => {
    const { stderr } = await runBundle(bundle);
    expect(stderr).toContain("ERR_BINARY_NOT_LOADED");
    expect(stderr).toContain(
      "The bundle lacks it: make the package external, or copy .node files (docs/integration.md).",
    );
  });
});
