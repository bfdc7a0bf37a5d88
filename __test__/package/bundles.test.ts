/** What bundlers make of the package runs where there is no `node_modules`: they take the binary along. */

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { nodeFileTrace } from "@vercel/nft";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { run } from "../processes.ts";
import { hasBun, IMPORT, makeHost, NAME, platform, REQUIRE, tarball, USE } from "./packages.ts";

/** Bundles `use.cjs` or `use.mjs` of a host to a folder, and returns the command that runs the result. */
type Bundle = (host: string, out: string) => Promise<string[]>;

const node = process.execPath;

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

const bundlers: Record<string, Bundle> = {
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
  bundlers["Bun, to an executable"] = async (host, out) => {
    await run("bun", ["build", "--compile", join(host, "use.mjs"), "--outfile", join(out, "use")]);
    return [join(out, "use")];
  };
}

const bundlersWithoutBinary: Record<string, Bundle> = {
  "esbuild with the packages of all platforms external": esbuild("cjs", { external: [`${NAME}-*`] }),
  "esbuild with the file loader": esbuild("cjs", { loader: { ".node": "file" } }),
  "esbuild, to an ES module without `require`": esbuild("esm", { loader: { ".node": "copy" } }),
};

let out: string;
/** How to run what each bundler made. */
const commands = new Map<Bundle, string[]>();
beforeAll(async () => {
  const packages = inject("packages");
  const host = await makeHost(tarball(packages), tarball(packages, `${NAME}-${platform}`));
  await writeFile(join(host, "use.cjs"), REQUIRE + USE);
  await writeFile(join(host, "use.mjs"), IMPORT + USE);
  out = await mkdtemp(join(tmpdir(), "hdr-bundles-"));
  for (const bundle of [...Object.values(bundlers), ...Object.values(bundlersWithoutBinary)]) {
    commands.set(bundle, await bundle(host, await mkdtemp(join(out, "bundle-"))));
  }
  // A bundle that still refers to it fails.
  await rm(host, { recursive: true });
});
afterAll(() => rm(out, { recursive: true }));

function runBundle(bundle: Bundle) {
  const [program, ...args] = commands.get(bundle)!;
  return run(program!, args, { cwd: out });
}

test.each(Object.entries(bundlers))("%s", async (_, bundle) => {
  expect(await runBundle(bundle)).toEqual({ stdout: "65535\n", stderr: "" });
});

test.each(Object.entries(bundlersWithoutBinary))(
  "%s: the error says that it is bundled",
  async (_, bundle) => {
    const { stderr } = await runBundle(bundle).catch((error) => error);
    expect(stderr).toContain("ERR_BINARY_NOT_LOADED");
    expect(stderr).toContain(
      "It is bundled without the binary: mark the package as external, or have the bundler copy .node files",
    );
  },
);
