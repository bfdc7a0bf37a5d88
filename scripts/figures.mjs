// `npm run generate:figures`: fills in the tables of README.md and docs/*.md from docs/measurements.json, and draws
// docs/charts/ and the pictures in docs/. With --check it writes nothing, and fails if a table or chart would change.

import { execSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

import { tableOf, toMarkdown, withUnit } from "../bench/report.mjs";
import { drawConversion, drawHost } from "./charts.mjs";

const root = new URL("../", import.meta.url);
const isCheck = process.argv.includes("--check");
const measurements = JSON.parse(readFileSync(new URL("docs/measurements.json", root), "utf8"));

const runtimes = Object.keys(measurements.runtimes).join(" and ");
// Only docs/performance.md explains free page reporting.
const machine = measurements.machine.replace(", free page reporting", "");

const hlgToPq = (row) => row.includes("HLG to PQ") && row.replace("HLG to PQ, ", "");

/** The tables by the name of their markers: cases of the benchmark, and the labels of the rows to show. */
const TABLES = {
  gain: [
    ["frame", "zscale"],
    (row) =>
      (row.startsWith("1080p, video") && row) || (row.startsWith("luminance") && hlgToPq(`4K, ${row}`)),
  ],
  frame: [["frame"]],
  hits: [["hits"], (row) => /hit|place/.test(row) && row],
  misses: [["misses"], (row) => !row.includes("Shared") && row],
  memory: [["memory"]],
  inPlace: [["inPlace"], hlgToPq],
  workers: [["workers"], (row) => /beside|median/.test(row) && row],
  scale: [["scale"], (row) => ["0.1", "2", "64"].includes(row.split(" ")[0]) && row],
};

/** The rows of a case on each runtime that it was measured on, Node.js first. */
function resultsOf(name) {
  const measured = Object.keys(measurements.runtimes)
    .filter((runtime) => measurements.runtimes[runtime][name])
    .toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }));
  if (measured.length === 0) throw new Error(`not measured: npm run bench -- ${name} --record`);
  return Object.fromEntries(measured.map((runtime) => [runtime, measurements.runtimes[runtime][name]]));
}

/** A table, with the command that measures it, and with the machine if the document does not name it elsewhere. */
function markdownOf(marker, text) {
  const [names, labelOf] = TABLES[marker];
  const byRuntime = {};
  for (const name of names) {
    for (const [runtime, rows] of Object.entries(resultsOf(name))) {
      byRuntime[runtime] = { ...byRuntime[runtime], ...rows };
    }
  }
  const table = tableOf(names[0], byRuntime, labelOf);
  const place = text.includes("<!-- machine -->") ? "" : `. Medians on ${runtimes}, ${machine}`;
  return `${table.title}${place} (\`npm run bench -- ${names.join(" ")}\`):\n\n${toMarkdown(table)}`;
}

/** Replaces what stands between markers such as `<!-- gain -->` and `<!-- /gain -->`. */
function withTables(text) {
  return text.replace(/(<!-- (\w+) -->\n)[^]*?(<!-- \/\2 -->)/g, (block, start, marker, end) => {
    if (marker === "machine") return `${start}\nMedians on ${runtimes}, ${measurements.machine}.\n\n${end}`;
    return marker in TABLES ? `${start}\n${markdownOf(marker, text)}\n\n${end}` : block;
  });
}

const outdated = [];

function write(path, content) {
  const file = new URL(path, root);
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  outdated.push(path);
  if (!isCheck) writeFileSync(file, content);
}

for (const path of ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)]) {
  if (path.endsWith(".md")) write(path, withTables(readFileSync(new URL(path, root), "utf8")));
}
write("docs/charts/conversion.svg", drawConversion());
write("docs/charts/host.svg", drawHost(resultsOf("frame"), machine));
// The bytes of a PNG depend on the platform that renders it.
if (!isCheck) {
  execSync("npm run --silent demo -- --size 64x64", { cwd: root, stdio: "inherit" });
  for (const name of ["highlights.png", "ootfs.png"]) {
    write(`docs/${name}`, readFileSync(new URL(`out/${name}`, root)));
  }
}

const [frames] = Object.values(resultsOf("frame"));
const layer = frames["1080p, video layer"];
const [short, long] = [layer.addon, layer["`readUInt16LE` loop"]].map(({ median }) => withUnit(median));
const headline = `a 1080p frame takes **${short}**, where a \`readUInt16LE\` loop takes ${long}`;
if (!readFileSync(new URL("README.md", root), "utf8").replace(/\s+/g, " ").includes(headline)) {
  console.error(`README.md has to begin with: ${headline}`);
  process.exitCode = 1;
}

if (!isCheck) {
  console.log(`written: ${outdated.join(", ") || "nothing, all is up to date"}`);
} else if (outdated.length > 0) {
  console.error(`Not up to date: ${outdated.join(", ")}. Run npm run generate:figures.`);
  process.exitCode = 1;
}
