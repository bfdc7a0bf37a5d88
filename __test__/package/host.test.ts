/** `examples/host`: bundled with a host, it converts with the addon and without. docs/integration.md shows it. */

import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { build } from "esbuild";
import * as addon from "hdr-image-transfer-cache";
import { beforeAll, describe, expect, inject, test } from "vitest";

import { withAddon } from "../../examples/host/hdrTransfer.ts";
import { run } from "../processes.ts";
import { hasBun, makeHost, ofPlatform, runtimes, tarball } from "./packages.ts";

const packages = inject("packages");
const main = tarball(packages);
const binary = tarball(packages, ofPlatform);
const module = "examples/host/hdrTransfer.ts";

// Compiled only: the types are the host's, and the addon has the functions.
interface OwnFunctions {
  convertTransfer(buf: Buffer, from: "hlg" | "pq", to: "hlg" | "pq"): void;
  createHdrImageTransferCache(options?: { maxBytes?: number }): OwnCache;
}
interface OwnCache {
  getConverted(imageId: string, source: "hlg" | "pq", target: "hlg" | "pq", buf: Buffer): Buffer;
  size(): number;
  bytesUsed(): number;
}
interface OwnLog {
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
}
export const compiled = (own: OwnFunctions, log: OwnLog): OwnFunctions[] => [
  withAddon(own, log),
  withAddon(addon, console),
];

// The host's own functions convert HLG white to 1. Each use is that of a new process: it prints its result, and how many lines
// were logged before.
const ENTRY = `
  import { withAddon } from ${JSON.stringify(resolve(module))};
  const own = {
    convertTransfer: (pixels: Buffer) => void pixels.writeUInt16LE(1),
    createHdrImageTransferCache: ({ maxBytes = 0 } = {}) => ({
      getConverted: () => Buffer.from([1, 0]),
      size: () => 1,
      bytesUsed: () => maxBytes,
    }),
  };
  const uses = {
    cache(cache) {
      const same = Buffer.alloc(2);
      const early = [cache.getConverted("black", "pq", "pq", same) === same, cache.size(), cache.bytesUsed()];
      const white = cache.getConverted("white", "hlg", "pq", Buffer.from([0xff, 0xff]));
      return [white.readUInt16LE(), cache.size(), cache.bytesUsed(), ...early];
    },
    video(_, convertTransfer) {
      const white = Buffer.from([0xff, 0xff]);
      convertTransfer(white, "hlg", "pq");
      return [white.readUInt16LE()];
    },
    invalid(_, convertTransfer) {
      try {
        convertTransfer(Buffer.alloc(3), "hlg", "pq");
      } catch ({ code }) {
        return [code];
      }
    },
  };
  for (const use of Object.values(uses)) {
    const lines: string[] = [];
    const log = (level: string) => (message: string) => void lines.push(level + ": " + message);
    const functions = withAddon(own, { info: log("info"), warn: log("warn") });
    const cache = functions.createHdrImageTransferCache({ maxBytes: 4 });
    functions.convertTransfer(Buffer.alloc(2), "pq", "pq");
    const early = lines.length;
    const result = use(cache, functions.convertTransfer);
    use(functions.createHdrImageTransferCache(), functions.convertTransfer);
    console.log(JSON.stringify([early, result, lines]));
  }
`;

const ADDON = ["info: HDR is converted by hdr-image-transfer-cache."];
// One line.
const warning = (reason: string) => [
  expect.stringMatching(new RegExp(`^warn: HDR is converted without the addon\\. \\w+: ${reason}.*$`)),
];

const bundlers = ["esbuild", "tsup", ...(hasBun ? ["bun"] : [])];

describe.each([
  ["with the addon", [main, binary], 49271, 2, "ERR_OUT_OF_RANGE", ADDON],
  ["without a binary", [main], 1, 4, null, warning("hdr-image-transfer-cache: no binary could")],
  ["without the package", [], 1, 4, null, warning("Cannot find module 'hdr-image-transfer-cache'")],
])("%s", (_, installed, code, bytes, error, lines) => {
  let host: string;
  beforeAll(async () => {
    host = await makeHost(packages, ...installed);
    await writeFile(join(host, "entry.ts"), ENTRY);
  });

  test.each(bundlers)("bundled by %s", async (bundler) => {
    const [entry, outfile] = [join(host, "entry.ts"), join(host, `${bundler}.mjs`)];
    if (bundler === "esbuild") {
      await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile });
    } else if (bundler === "tsup") {
      const options = ["--no-config", "--silent", "--format", "esm", "--out-dir", host];
      await run(process.execPath, [
        "node_modules/tsup/dist/cli-default.js",
        "--entry.tsup",
        entry,
        ...options,
      ]);
    } else {
      await run("bun", ["build", entry, "--target=node", `--outfile=${outfile}`]);
    }
    for (const [, runtime] of runtimes) {
      const { stdout } = await run(runtime, [outfile], { cwd: host });
      const results = stdout.trim().split("\n");
      // Without the addon, the host's own function takes any Buffer.
      expect(results.map((line) => JSON.parse(line))).toEqual([
        [0, [code, 1, bytes, true, 0, 0], lines],
        [0, [code], lines],
        [0, error && [error], lines],
      ]);
    }
  });
});

test("docs/integration.md shows it", async () => {
  const text = await readFile(module, "utf8");
  expect(await readFile("docs/integration.md", "utf8")).toContain(`\`\`\`ts\n${text}\`\`\`\n`);
});
