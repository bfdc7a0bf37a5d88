// The packages of a release, as files in target/packages: `npm run packages -- BINARIES`.
//
// BINARIES has a folder for each of `targets` in package.json, with its binary. Each becomes a package; the main package has no
// binary, and these packages as its optional dependencies.

import { execSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Command } from "commander";

import { BINARY } from "./build.mjs";

const command = new Command("npm run packages --")
  .description("Packs the main package and those of all platforms, to target/packages.")
  .argument("<binaries>", `a folder with the binary of each target: TARGET/${BINARY}`)
  .option("--to <folder>", "where to pack them", "target/packages")
  .parse();
const binaries = resolve(command.processedArgs[0]);

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const packages = resolve(command.opts().to);
mkdirSync(packages, { recursive: true });
const folder = resolve("target/package");
rmSync(folder, { recursive: true, force: true });

const { targets, ...main } = JSON.parse(readFileSync("package.json", "utf8"));
/** The licences of the linked crates, which each package ships. */
const NOTICES = "THIRD-PARTY-NOTICES";
/** The C libraries, as npm names them. */
const LIBC = { gnu: ["glibc"], musl: ["musl"] };

main.optionalDependencies = {};
for (const [platform, target] of Object.entries(targets)) {
  const name = `${main.name}-${platform}`;
  const { version, license, repository, engines } = main;
  const description = `The binary of ${main.name} for ${platform}`;
  const [os, cpu, abi] = platform.split("-");
  const place = { os: [os], cpu: [cpu], libc: LIBC[abi] };
  const content = { main: BINARY, files: [BINARY, NOTICES] };
  stage(platform, { name, version, description, license, repository, engines, ...place, ...content }, [
    "LICENSE",
    NOTICES,
  ]);
  cpSync(join(binaries, target, BINARY), join(folder, platform, BINARY));
  main.optionalDependencies[name] = version;
}
const shipped = main.files.map((file) => file.replace("!", "").split("/")[0]);
stage("main", main, ["README.md", "LICENSE", ...shipped.filter((file) => file !== "native")]);

const paths = [...Object.keys(targets), "main"].map((each) => `./${each}`).join(" ");
execSync(`npm pack --ignore-scripts --loglevel=error --pack-destination "${packages}" ${paths}`, {
  cwd: folder,
  stdio: "inherit",
});

/** Puts a package into a folder. `files` of its manifest selects from it once more when npm packs. */
function stage(place, manifest, files) {
  for (const file of files) cpSync(file, join(folder, place, file), { recursive: true });
  writeFileSync(join(folder, place, "package.json"), JSON.stringify(manifest, undefined, 2));
}
