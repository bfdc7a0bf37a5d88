/** The host's module of `examples/host`: bundled, with the addon, without a binary and without the package. */

import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { build } from "esbuild";
import type * as addon from "hdr-image-transfer-cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { HdrTransferFunctions } from "../examples/host/hdrTransfer.ts";
import { run } from "./processes.ts";

// Compiled only: the addon has what the host calls.
export type AddonFits = typeof addon extends HdrTransferFunctions ? true : never;
export const addonFits: AddonFits = true;

const hasBun = !spawnSync("bun", ["--version"]).error;
if (!hasBun) console.warn("bun is not on the PATH: its bundles of examples/host are not tested");
const runtimes = [process.execPath, ...(hasBun ? ["bun"] : [])];
const NO_BINARY = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: "none" };

// Converts HLG white twice. The host's own function adds one to it.
const ENTRY = `
  import { withAddon } from ${JSON.stringify(resolve("examples/host/hdrTransfer.ts"))};
  const warnings: string[] = [];
  const own = {
    convertTransfer: (buf: Buffer) => void buf.writeUInt16LE(1),
    createHdrImageTransferCache: ({ maxBytes = 0 } = {}) => ({
      getConverted: (_id: string, _from: string, _to: string, source: Buffer) => source,
      size: () => 0,
      bytesUsed: () => -maxBytes,
    }),
  };
  const functions = withAddon(own, (message) => void warnings.push(message));
  const early = warnings.length;
  const white = Buffer.from([0xff, 0xff]);
  const cache = functions.createHdrImageTransferCache({ maxBytes: 4 });
  cache.getConverted("white", "hlg", "pq", white);
  functions.convertTransfer(white, "hlg", "pq");
  console.log(JSON.stringify({ code: white.readUInt16LE(), bytes: cache.bytesUsed(), early, warnings }));
`;

let folder: string;
/** Where the package is installed, and where it is not. */
let host: string;
let hostWithoutPackage: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hdr-host-"));
  [host, hostWithoutPackage] = [join(folder, "with"), join(folder, "without")];
  await mkdir(join(host, "node_modules"), { recursive: true });
  await mkdir(hostWithoutPackage);
  await symlink(resolve("."), join(host, "node_modules/hdr-image-transfer-cache"), "junction");
  await writeFile(join(folder, "entry.ts"), ENTRY);
});
afterAll(() => rm(folder, { recursive: true }));

const bundlers: Record<string, (entry: string, outFolder: string, name: string) => Promise<unknown>> = {
  esbuild: (entry, outFolder, name) =>
    build({
      entryPoints: [entry],
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: join(outFolder, `${name}.mjs`),
    }),
  tsup: (entry, outFolder, name) => {
    const options = ["--no-config", "--silent", "--format", "esm", "--out-dir", outFolder];
    return run(process.execPath, [
      "node_modules/tsup/dist/cli-default.js",
      `--entry.${name}`,
      entry,
      ...options,
    ]);
  },
  ...(hasBun && {
    bun: (entry: string, outFolder: string, name: string) =>
      run("bun", ["build", entry, "--target=node", `--outfile=${join(outFolder, `${name}.mjs`)}`]),
  }),
};

describe.each(Object.entries(bundlers))("bundled by %s", (bundler, bundle) => {
  beforeAll(async () => {
    for (const outFolder of [host, hostWithoutPackage])
      await bundle(join(folder, "entry.ts"), outFolder, bundler);
  });
  /** What the bundle prints on each runtime. */
  const runIn = (cwd: string, env = process.env) =>
    Promise.all(
      runtimes.map(async (runtime) =>
        JSON.parse((await run(runtime, [`${bundler}.mjs`], { cwd, env })).stdout),
      ),
    );
  const ownFunctions = (reason: RegExp) => ({
    code: 1,
    bytes: -4,
    early: 0,
    warnings: [expect.stringMatching(reason)],
  });

  test("the addon converts", async () => {
    const expected = { code: 49271, bytes: 2, early: 0, warnings: [] };
    expect(await runIn(host)).toEqual(runtimes.map(() => expected));
  });

  test("without a binary, the host's own functions do, and one warning says why", async () => {
    const expected = ownFunctions(/without the addon.*: no binary could be loaded for /);
    expect(await runIn(host, NO_BINARY)).toEqual(runtimes.map(() => expected));
  });

  test("without the package, too", async () => {
    const expected = ownFunctions(/Cannot find (module|package) 'hdr-image-transfer-cache'/);
    expect(await runIn(hostWithoutPackage)).toEqual(runtimes.map(() => expected));
  });
});
