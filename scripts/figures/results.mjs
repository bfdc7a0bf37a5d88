// What `npm run bench`, `npm run bench:host` and `npm run test:soak` measured, in target/.

import { existsSync, readdirSync, readFileSync } from "node:fs";

const TARGET = new URL("../../target/", import.meta.url);

function read(name) {
  const file = new URL(name, TARGET);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** The results of each runtime, Node.js in the order of its versions, then Bun. */
function readBenches() {
  const folder = new URL("bench/", TARGET);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => /^(node|bun)-\d+\.json$/.test(name))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .toSorted((a, b) => b.startsWith("node") - a.startsWith("node"))
    .map((name) => read(`bench/${name}`));
}

export const benches = readBenches();

/** The results to show of one runtime: Node.js 22, as hosts use it, or else the latest Node.js measured. */
export const bench =
  benches.find(({ runtime }) => runtime.startsWith("Node.js 22.")) ??
  benches.findLast(({ runtime }) => runtime.startsWith("Node.js"));
export const host = read("bench/host.json");
export const soak = read("soak.json");
