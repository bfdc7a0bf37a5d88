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

describe("a bundle of the package", () => {
  /** Bundles `use.cjs` or `use.mjs` of a host to a folder, and returns the command that runs the result. */
  type Bundle = (host: string, out: string) => Promise<string[]>;

  function esbuild(format: "cjs" | "esm", options: BuildOptions): Bundle {
    return async (host, out) => {
      const [entry, outfile] = [join(host, "use.mjs"), join(out, format === "cjs" ? "use.cjs" : "use.mjs")];
      await build({ entryPoints: [entry], bundle: true, platform: "node", format, outfile, ...options });
      return [node, outfile];
    };
  }

  const REQUIRE_IN_ESM = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
  `;

  const withBinary: Record<string, Bundle> = {
    async "@vercel/nft, which Next.js uses for standalone output"(host, out) {
      const { fileList } = await nodeFileTrace([join(host, "use.mjs")], { base: host });
      for (const file of fileList) {
        await mkdir(dirname(join(out, file)), { recursive: true });
        await cp(join(host, file), join(out, file));
      }
      return [node, join(out, "use.mjs")];
    },
    async "@vercel/ncc"(host, out) {
      const ncc = resolve("node_modules/@vercel/ncc/dist/ncc/cli.js");
      await run(node, [ncc, "build", join(host, "use.cjs"), "--out", out]);
      return [node, join(out, "index.cjs")];
    },
    "esbuild with the copy loader": esbuild("cjs", { loader: { ".node": "copy" } }),
    "esbuild with the copy loader, to an ES module with `require`": esbuild("esm", {
      loader: { ".node": "copy" },
      banner: { js: REQUIRE_IN_ESM },
    }),
  };
  if (hasBun) {
    withBinary["Bun, to an executable"] = async (host, out) => {
      await run("bun", ["build", "--compile", join(host, "use.mjs"), "--outfile", join(out, "use")]);
      return [join(out, "use")];
    };
  }

  const withoutBinary: Record<string, Bundle> = {
    "esbuild with the packages of all platforms external": esbuild("cjs", { external: [`${NAME}-*`] }),
    "esbuild with the file loader": esbuild("cjs", { loader: { ".node": "file" } }),
    "esbuild, to an ES module without `require`": esbuild("esm", { loader: { ".node": "copy" } }),
  };

  /** How to run what each bundler made. */
  const commands = new Map<Bundle, string[]>();
  beforeAll(async () => {
    const host = await makeHost(packages, main, binary);
    await writeFile(join(host, "use.cjs"), REQUIRE + USE);
    await writeFile(join(host, "use.mjs"), IMPORT + USE);
    for (const bundle of [...Object.values(withBinary), ...Object.values(withoutBinary)]) {
      commands.set(bundle, await bundle(host, await mkdtemp(join(packages, "bundle-"))));
    }
    // A bundle that still refers to it fails.
    await rm(host, { recursive: true });
  });

  function runBundle(bundle: Bundle) {
    const [program, ...args] = commands.get(bundle)!;
    return outcomeOf(program!, args, { cwd: packages });
  }

  test.each(Object.entries(withBinary))("%s", async (_, bundle) => {
    expect(await runBundle(bundle)).toEqual({ code: 0, stdout: "65535\n", stderr: "" });
  });

  test.each(Object.entries(withoutBinary))("%s: the error says that it is bundled", async (_, bundle) => {
    const { stderr } = await runBundle(bundle);
    expect(stderr).toContain("ERR_BINARY_NOT_LOADED");
    expect(stderr).toContain(
      "It is bundled without the binary: mark the package as external, or have the bundler copy .node files",
    );
  });
});
