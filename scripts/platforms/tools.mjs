// Runs commands that may take minutes, and fetches what other platforms need: packages of Debian, npm and PyPI. All but what
// apt installs goes to target/.

import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that is fetched or built for other platforms. */
export const scratch = join(root, "target", "platforms");

/** Thrown when the tools for a platform cannot be fetched or installed here. */
export class Unavailable extends Error {}

/**
 * Runs a command, and reports the last line of its output every ten seconds. The output goes to a file, because Node.js crashes
 * under wine with pipes.
 *
 * @param {new (message: string) => Error} [Failure] what is thrown when the command fails
 */
export async function run(title, executable, args, { cwd = root, env = {} } = {}, Failure = Error) {
  fs.mkdirSync(join(scratch, "logs"), { recursive: true });
  const log = join(scratch, "logs", `${title.replaceAll(/[^\w.-]+/g, "-")}.txt`);
  const file = fs.openSync(log, "w");
  const start = performance.now();
  const report = (line) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${title}, ${seconds} s ${line}`);
    return seconds;
  };
  const watch = setInterval(() => {
    const lines = fs.readFileSync(log, "utf8").trim().split("\n");
    report(lines.at(-1).slice(0, 80));
  }, 10_000);
  const child = spawn(executable, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", file, file],
    timeout: 1_800_000,
  });
  const problem = await new Promise((done) => {
    child.on("error", ({ message }) => done(message));
    child.on("close", (code, signal) => done(code === 0 ? "" : (signal ?? `exit code ${code}`)));
  });
  clearInterval(watch);
  fs.closeSync(file);
  const seconds = report(problem);
  const output = fs.readFileSync(log, "utf8");
  if (problem) throw new Failure(`${title}: ${problem}\n${output.slice(-4000)}`);
  return { output, seconds };
}

/** As `run`, for a command whose failure makes a platform unavailable. */
const fetch = (title, executable, args, options) => run(title, executable, args, options, Unavailable);

/** The output of a short command; nothing where the command does not exist. */
export function read(executable, args) {
  const { stdout, stderr } = spawnSync(executable, args, { encoding: "utf8" });
  return `${stdout ?? ""}${stderr ?? ""}`;
}

/** The version that a command reports. */
export function versionOf(executable, args = ["--version"]) {
  return read(executable, args).match(/\d+\.\d+(\.\d+)?/)?.[0] ?? "";
}

/** Fills a folder in target/platforms, unless an earlier call has. */
async function fill(name, fetchInto) {
  const folder = join(scratch, name);
  if (fs.existsSync(folder)) return folder;
  const part = `${folder}.part`;
  fs.rmSync(part, { recursive: true, force: true });
  fs.mkdirSync(part, { recursive: true });
  await fetchInto(part);
  fs.renameSync(part, folder);
  return folder;
}

/** Installs Debian packages with apt, as root, and says so first. */
export async function install(packages) {
  if (process.arch !== "x64" || !fs.existsSync("/etc/debian_version")) {
    throw new Unavailable("needs Debian on x64");
  }
  const status = (name) => read("dpkg-query", ["--show", "--showformat=${Status}", name]);
  const missing = packages.filter((name) => !status(name).endsWith("ok installed"));
  if (missing.length === 0) return;
  if (process.getuid() !== 0) throw new Unavailable(`needs root to \`apt-get install ${missing.join(" ")}\``);
  console.log(`installs with apt, as root: ${missing.join(", ")}`);
  await fetch("apt-get update", "apt-get", ["update"]);
  const args = ["install", "--yes", "--no-install-recommends", "-oDPkg::Lock::Timeout=300", ...missing];
  await fetch("apt-get install", "apt-get", args, { env: { DEBIAN_FRONTEND: "noninteractive" } });
}

/** Unpacks a package of another Debian release, and returns its folder. apt's own lists and caches are left alone. */
export function unpackFrom(release, name) {
  return fill(`debian/${release}-${name}`, async (folder) => {
    const fields = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
    const targets = read("apt-get", ["indextargets", "--format", fields, "Created-By: Packages"]);
    const [, address] = targets.match(/^Debian\|Debian\|(.*)$/m) ?? [];
    if (!address) throw new Unavailable("needs Debian's package lists (`apt-get update`)");
    const signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
    fs.writeFileSync(join(folder, "sources.list"), `deb ${signed} ${address} ${release} main\n`);
    const places = ["Etc", "State", "Cache"].map((kind) => `-oDir::${kind}=${folder}`);
    const apt = (...args) => fetch(`${release}: apt-get`, "apt-get", [...places, ...args], { cwd: folder });
    await apt("update");
    await apt("download", name);
    const deb = fs.readdirSync(folder).find((file) => file.endsWith(".deb"));
    await fetch(`${release}: unpack`, "dpkg", ["-x", join(folder, deb), folder]);
  });
}

/** Fetches a package of the npm registry, for whichever platform it is, and returns its folder. */
export async function npmPackage(spec) {
  const folder = await fill(join("npm", spec.replaceAll("/", "+")), async (part) => {
    fs.writeFileSync(join(part, "package.json"), "{}\n");
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

/** Installs packages of PyPI in target/python, or as `options` say, and returns the folder of its executables. */
export async function pip(...options) {
  // Debian has venv in a package of its own.
  if (!read("python3", ["-c", "import ensurepip; print('ok')"]).startsWith("ok"))
    await install(["python3-venv"]);
  const python = join(root, "target", "python");
  await fetch("python3 -m venv", "python3", ["-m", "venv", python]);
  const args = ["install", "--quiet", "--disable-pip-version-check", ...options];
  await fetch(`fetch ${options.at(-1)} from PyPI`, join(python, "bin", "pip"), args);
  return join(python, "bin");
}

/** Fetches a wheel from PyPI, for any platform, and returns its folder. */
export function wheel(spec, tag) {
  return fill(join("pypi", `${spec}-${tag}`), (folder) =>
    pip("--no-deps", "--only-binary=:all:", "--platform", tag, "--target", folder, spec),
  );
}
