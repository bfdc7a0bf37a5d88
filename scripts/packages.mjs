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
const { name, version, description, license, repository, engines } = main;
/** What npm installs each package for. */
const libcs = { gnu: ["glibc"], musl: ["musl"] };

main.optionalDependencies = {};
for (const [platform, target] of Object.entries(targets)) {
  const [os, cpu, abi] = platform.split("-");
  main.optionalDependencies[`${name}-${platform}`] = version;
  stage(
    platform,
    {
      name: `${name}-${platform}`,
      ...{ version, description: `${description}: the binary for ${platform}`, license, repository, engines },
      ...{ os: [os], cpu: [cpu], libc: libcs[abi], main: BINARY },
      files: [BINARY, "THIRD-PARTY-NOTICES"],
    },
    ["LICENSE", "THIRD-PARTY-NOTICES"],
  );
  cpSync(join(binaries, target, BINARY), join(folder, platform, BINARY));
}
const files = main.files
  .map((file) => file.replace("!", "").split("/")[0])
  .filter((file) => file !== "native");
stage("main", main, new Set(["README.md", "LICENSE", ...files]));

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
