// The packages of a release, as files in target/packages: `npm run packages -- BINARIES`.
//
// BINARIES is a folder with a binary for each of `napi.targets`. Each becomes a package; the main package has no binary, and
// these packages as its optional dependencies.

import { execSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { NapiCli } from "@napi-rs/cli";
import { Command } from "commander";

/** The licences of the linked crates, which each package ships. */
const NOTICES = "THIRD-PARTY-NOTICES";

const command = new Command("npm run packages --")
  .description("Packs the main package and those of all platforms, to target/packages.")
  .argument("<binaries>", "a folder with the binaries of all platforms")
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

const { files } = JSON.parse(readFileSync("package.json", "utf8"));
// `files` selects from folders once more when npm packs.
const shipped = new Set(files.map((file) => file.split("/")[0]));
shipped.delete("native");
for (const file of ["package.json", "README.md", "LICENSE", ...shipped]) {
  cpSync(file, join(main, file), { recursive: true });
}

const napi = new NapiCli();
await napi.createNpmDirs({ cwd: main });
await napi.artifacts({ cwd: main, outputDir: binaries });
await napi.prePublish({ cwd: main, skipOptionalPublish: true, ghRelease: false });
// `artifacts` copies the binaries there, too.
for (const file of readdirSync(main)) if (file.endsWith(".node")) rmSync(join(main, file));

const platforms = readdirSync(join(main, "npm")).map((platform) => `./npm/${platform}`);
for (const platform of platforms) {
  for (const file of ["LICENSE", NOTICES]) copyFileSync(file, join(main, platform, file));
  const manifest = JSON.parse(readFileSync(join(main, platform, "package.json"), "utf8"));
  manifest.files.push(NOTICES);
  writeFileSync(join(main, platform, "package.json"), JSON.stringify(manifest, null, 2));
}
const destination = `--pack-destination "${packages}"`;
execSync(`npm pack --ignore-scripts --loglevel=error ${destination} . ${platforms.join(" ")}`, {
  cwd: main,
  stdio: "inherit",
});
