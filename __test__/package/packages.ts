/** The packages of a release and the package of a clone, packed once for all tests, and installed in hosts. */

import { exec, spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { TestProject } from "vitest/node";

import manifest from "../../package.json" with { type: "json" };
import { run } from "../processes.ts";

export const NAME = manifest.name;
export const platforms = Object.keys(manifest.targets);

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const abis: Record<string, string> = { linux: header.glibcVersionRuntime ? "-gnu" : "-musl", win32: "-msvc" };
/** This platform, and the package that has its binary. */
export const platform = `${process.platform}-${process.arch}${abis[process.platform] ?? ""}`;
export const ofPlatform = `${NAME}-${platform}`;
export const binary = `${NAME}.node`;
/** The file that `npm run build` makes, in the package as well. */
export const built = join("native", binary);

/** Whether there are Bun and Deno, too: `npm run test:platforms -- bundles`. */
export const [hasBun, hasDeno] = ["bun", "deno"].map((program) => !spawnSync(program, ["--version"]).error);
export const runtimes: [name: string, program: string][] = [["Node.js", process.execPath]];
if (hasBun) runtimes.push(["Bun", "bun"]);

/** What all hosts run: it prints 65535. */
export const USE = `
  const cache = createHdrImageTransferCache();
  const converted = cache.getConverted("white", "hlg", "pq", Buffer.from([0xff, 0xff]));
  convertTransfer(converted, "pq", "hlg");
  console.log(converted.readUInt16LE());
`;
export const IMPORT = `import { convertTransfer, createHdrImageTransferCache } from "${NAME}";`;
export const REQUIRE = `const { convertTransfer, createHdrImageTransferCache } = require("${NAME}");`;

declare module "vitest" {
  interface ProvidedContext {
    /** The folder with the packages of a release, the one of a clone in `clone`, and all hosts. It is removed at the end. */
    packages: string;
  }
}

/** Packs. The binaries of other platforms are empty files. */
export default async function setup({ provide }: TestProject) {
  // The real path, since Node.js checks permissions for it.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "hdr-packages-")));
  const [binaries, clone] = [join(folder, "binaries"), join(folder, "clone")];
  await mkdir(binaries);
  await mkdir(clone);
  for (const [name, target] of Object.entries(manifest.targets)) {
    await mkdir(join(binaries, target));
    const file = join(binaries, target, binary);
    if (name === platform) await copyFile(built, file);
    else await writeFile(file, "");
  }
  await run(process.execPath, ["scripts/packages.mjs", binaries, "--to", folder]);
  await inShell(`npm pack --ignore-scripts --pack-destination "${clone}"`, ".");
  provide("packages", folder);
  return () => rm(folder, { recursive: true });
}

export function tarball(folder: string, name = NAME): string {
  return join(folder, `${name}-${manifest.version}.tgz`);
}

/** Makes a host in a folder of its own, among the packages. */
export async function makeHost(folder: string, ...packages: string[]): Promise<string> {
  const host = await mkdtemp(join(folder, "host-"));
  await writeFile(join(host, "package.json"), "{}");
  const paths = packages.map((path) => `"${path}"`).join(" ");
  await inShell(`npm install --offline --install-links --no-audit --no-fund ${paths}`, host);
  return host;
}

/** Runs a command in a shell, since npm is a script on Windows. */
function inShell(command: string, cwd: string) {
  return promisify(exec)(command, { cwd });
}
