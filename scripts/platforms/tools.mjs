// What other platforms need: Debian packages, packages of npm and PyPI. All but what apt installs goes to target/.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root, run, scratch } from "./run.mjs";

/** Thrown when the tools for a platform cannot be fetched or installed here. */
export class Unavailable extends Error {}

/** Runs a command whose failure makes a platform unavailable. */
async function fetch(title, executable, args, options) {
  try {
    return await run(title, executable, args, options);
  } catch (error) {
    throw new Unavailable(error.message, { cause: error });
  }
}

/** Returns the output of a short command, or nothing if it fails. */
function read(executable, args) {
  const { status, stdout } = spawnSync(executable, args, { encoding: "utf8" });
  return status === 0 ? stdout : "";
}

/** Fills a folder in target/platforms, unless an earlier call has. */
async function fill(name, fetchInto) {
  const folder = join(scratch, name);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  await fetchInto(part);
  renameSync(part, folder);
  return folder;
}

/** Installs Debian packages with apt, as root, and says so first. */
export async function install(packages) {
  assertDebian();
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid() !== 0) {
    throw new Unavailable(`needs root to install, or \`apt-get install ${missing.join(" ")}\` beforehand`);
  }
  await updateLists();
  console.log(`installs with apt, as root: ${missing.join(", ")}`);
  await fetch("apt-get install", "apt-get", ["install", "--yes", "--no-install-recommends", ...missing], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}

function isInstalled(name) {
  return read("dpkg-query", ["--show", "--showformat=${Status}", name]).endsWith("ok installed");
}

function assertDebian() {
  const isDebian =
    process.platform === "linux" && process.arch === "x64" && existsSync("/etc/debian_version");
  if (!isDebian) throw new Unavailable("needs Debian on x64");
}

let areListsUpdated = false;

async function updateLists() {
  if (areListsUpdated || process.getuid() !== 0) return;
  console.log("updates the package lists with apt, as root");
  await fetch("apt-get update", "apt-get", ["update"]);
  areListsUpdated = true;
}

/** Unpacks Debian packages to a folder of their own, and returns that. */
export function unpack(name, packages, options = []) {
  assertDebian();
  return fill(name, async (folder) => {
    await updateLists();
    const debs = `${folder}.deb`;
    rmSync(debs, { recursive: true, force: true });
    mkdirSync(debs, { recursive: true });
    await fetch(`${name}: fetch`, "apt-get", [...options, "download", ...packages], { cwd: debs });
    for (const deb of readdirSync(debs)) {
      await fetch(`${name}: unpack`, "dpkg", ["-x", join(debs, deb), folder]);
    }
    rmSync(debs, { recursive: true });
  });
}

/** Unpacks packages of another Debian release and architecture, without a change to those that apt knows. */
export async function unpackFrom(release, architecture, name, packages) {
  assertDebian();
  const apt = join(scratch, "apt", `${release}-${architecture}`);
  const list = join(apt, "sources.list");
  const settings = {
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "Acquire::Languages": "none",
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State": join(apt, "state"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": join(apt, "cache"),
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  if (!existsSync(join(scratch, name))) {
    await updateLists();
    for (const folder of ["state/lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(apt, folder), { recursive: true });
    }
    writeFileSync(list, `deb ${debianRepository()} ${release} main\n`);
    await fetch(`${name}: apt-get update`, "apt-get", [...options, "update"]);
  }
  return unpack(name, packages, options);
}

/** The repository from which this system has Debian, with the key of all releases. */
function debianRepository() {
  const fields = ["ORIGIN", "LABEL", "REPO_URI"].map((field) => `$(${field})`).join("|");
  const targets = read("apt-get", ["indextargets", "--format", fields, "Created-By: Packages"]);
  const [, address] = targets.match(/^Debian\|Debian\|(.*)$/m) ?? [];
  if (!address) throw new Unavailable("needs Debian's package lists (`apt-get update`)");
  return `[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${address}`;
}

/** Fetches a package of the npm registry, for whichever platform it is, and returns its folder. */
export async function npmPackage(spec) {
  const folder = await fill(join("npm", spec.replaceAll("/", "+")), async (part) => {
    writeFileSync(join(part, "package.json"), "{}\n");
    const args = ["install", "--force", "--no-save", "--loglevel=error", spec];
    await fetch(`fetch ${spec} from npm`, "npm", args, { cwd: part });
  });
  return join(folder, "node_modules", spec.replace(/(?<=.)@.*/, ""));
}

/** Fetches a runtime for this platform from the npm registry, and returns its executable. */
export async function npmRuntime(spec) {
  const executable = join(await npmPackage(spec), "..", ".bin", spec.split("@")[0]);
  // What was fetched may be for another platform.
  await fetch(`${spec} --version`, executable, ["--version"]);
  return executable;
}

/** Returns the pip of a virtual environment in target/. */
async function pip() {
  const folder = join(root, "target", "python");
  const executable = join(folder, "bin", "pip");
  if (existsSync(executable)) return executable;
  // Debian has venv in a package of its own.
  if (!read("python3", ["-c", "import ensurepip; print(True)"])) await install(["python3-venv"]);
  await fetch("python3 -m venv", "python3", ["-m", "venv", folder]);
  return executable;
}

/** Fetches a wheel from PyPI, for any platform, and returns its folder. */
export async function wheel(spec, tag) {
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
  return fill(join("pypi", `${spec}-${tag}`), async (folder) => {
    const args = ["install", ...options, "--platform", tag, "--target", folder, spec];
    await fetch(`fetch ${spec} from PyPI`, await pip(), args);
  });
}

/**
 * Writes a linker and C compiler for a target: that of zig, which has the C libraries of many. It rejects the names of
 * targets by which Rust's build scripts call it.
 */
export async function zig(target) {
  const folder = await wheel("ziglang==0.15.2", "manylinux_2_12_x86_64");
  const linkers = join(scratch, "linkers");
  const linker = join(linkers, target);
  mkdirSync(linkers, { recursive: true });
  writeFileSync(
    linker,
    `#!/bin/sh
for argument; do
  shift
  case $argument in --target=*) ;; *) set -- "$@" "$argument" ;; esac
done
export ZIG_GLOBAL_CACHE_DIR='${join(scratch, "zig")}' ZIG_LOCAL_CACHE_DIR='${join(scratch, "zig")}'
exec '${join(folder, "ziglang", "zig")}' cc -target ${target} "$@"
`,
  );
  chmodSync(linker, 0o755);
  return linker;
}

/** The version that a command reports. */
export function versionOf(executable, args = ["--version"]) {
  const { stdout, stderr } = spawnSync(executable, args, { encoding: "utf8" });
  return `${stdout}${stderr}`.match(/\d+\.\d+(\.\d+)?/)?.[0] ?? "";
}
