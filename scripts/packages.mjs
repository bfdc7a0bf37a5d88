// The packages of a release, as files in target/packages: `npm run packages -- BINARIES`.
//
// BINARIES has a folder for each of `napi.targets`, with its binary. Each becomes a package; the main package has no binary, and
// these packages as its optional dependencies.

import { execSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { NapiCli, parseTriple } from "@napi-rs/cli";
import { Command } from "commander";

/** The licences of the linked crates, which each package ships. */
const NOTICES = "THIRD-PARTY-NOTICES";

const command = new Command("npm run packages --")
  .description("Packs the main package and those of all platforms, to target/packages.")
  .argument("<binaries>", "a folder with the binary of each target: TARGET/hdr-image-transfer-cache.node")
  .option("--to <folder>", "where to pack them", "target/packages")
  .parse();
const binaries = resolve(command.processedArgs[0]);

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const packages = resolve(command.opts().to);
mkdirSync(packages, { recursive: true });
/** The folder of the main package. Its folder npm has those of the platforms. */
const main = resolve("target/package");
rmSync(main, { recursive: true, force: true });
mkdirSync(main, { recursive: true });

const { files, napi } = JSON.parse(readFileSync("package.json", "utf8"));
// `files` selects from folders once more when npm packs.
const shipped = new Set(files.map((file) => file.replace("!", "").split("/")[0]));
shipped.delete("native");
for (const file of ["package.json", "README.md", "LICENSE", ...shipped]) {
  cpSync(file, join(main, file), { recursive: true });
}

const cli = new NapiCli();
await cli.createNpmDirs({ cwd: main });

const { binaryName } = napi;
const platforms = napi.targets.map((target) => {
  const { platformArchABI } = parseTriple(target);
  const folder = join(main, "npm", platformArchABI);
  const binary = join(folder, `${binaryName}.${platformArchABI}.node`);
  copyFileSync(join(binaries, target, `${binaryName}.node`), binary);
  for (const file of ["LICENSE", NOTICES]) copyFileSync(file, join(folder, file));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  manifest.files.push(NOTICES);
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  return `./npm/${platformArchABI}`;
});
await cli.prePublish({ cwd: main, skipOptionalPublish: true, ghRelease: false });
const destination = `--pack-destination "${packages}"`;
execSync(`npm pack --ignore-scripts --loglevel=error ${destination} . ${platforms.join(" ")}`, {
  cwd: main,
  stdio: "inherit",
});
