// THIRD-PARTY-NOTICES, the licences of the crates that the binaries of all platforms contain: `npm run notices`.
// With --check, it fails where the file is another.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILE = "THIRD-PARTY-NOTICES";

function cargo(...args) {
  return execFileSync("cargo", [...args, "--locked", "--quiet"], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

/** The crates in the binaries, as `name v1.2.3`. Macros only run while it is built. */
const tree = cargo("tree", "--edges=normal,no-proc-macro", "--target=all", "--prefix=none", "--format={p}");
const linked = new Set(tree.split("\n").map((line) => line.replace(" (*)", "")));

const { packages } = JSON.parse(cargo("metadata", "--format-version=1"));

/** The text of a crate's licence. Where there are several, the one of MIT applies. */
function textOf({ name, manifest_path }) {
  const folder = dirname(manifest_path);
  const files = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
  const file = files.find((each) => /mit/i.test(each)) ?? files[0];
  if (file) return readFileSync(join(folder, file), "utf8");
  // Those of napi-rs have none; their repository has MIT, as lru does.
  if (/^napi(-sys)?$/.test(name)) {
    const lru = packages.find((each) => each.name === "lru");
    return textOf(lru).replace(/Copyright.*/, "Copyright (c) 2020 LongYinan");
  }
  throw new Error(`${name} has no licence in ${folder}`);
}

/** The crates of each text. */
const crates = new Map();
for (const each of packages) {
  const name = `${each.name} ${each.version}`;
  // This crate itself has no source, and its path in the tree.
  if (!each.source || !linked.has(`${each.name} v${each.version}`)) continue;
  const text = textOf(each)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();
  crates.set(text, [...(crates.get(text) ?? []), name]);
}

const rule = "-".repeat(80);
const sections = [...crates].map(([text, names]) => `${rule}\n${names.join(", ")}\n\n${text}\n`);
const notices = `The binaries contain Rust's standard library (MIT OR Apache-2.0) and these crates:\n\n${sections.join("\n")}`;
if (!process.argv.includes("--check")) {
  writeFileSync(FILE, notices);
} else if (readFileSync(FILE, "utf8").replaceAll("\r\n", "\n") !== notices) {
  console.error(`${FILE} is not that of Cargo.lock: run \`npm run notices\``);
  process.exitCode = 1;
}
