// `npm run generate:figures`: fills in the tables of README.md and docs/*.md from docs/measurements.json, and
// README's example, and draws docs/charts/ and docs/highlights.png. With --check it writes nothing, and fails if a table, chart or
// the example would change.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { tableOf, toMarkdown } from "../bench/report.mjs";
import { drawHighlights } from "../examples/demo/pictures.mts";
import { readHdrPng } from "../examples/demo/png.mts";
import { drawConversion, drawScale } from "./figures/lines.mjs";
import { drawFrame, drawOotfs, printHighestLight } from "./figures/shapes.mjs";

const root = new URL("../", import.meta.url);
const isCheck = process.argv.includes("--check");
const measurements = JSON.parse(readFileSync(new URL("docs/measurements.json", root), "utf8"));

const example = readFileSync(new URL("examples/video.mjs", root), "utf8");

const runtimes = Object.keys(measurements.runtimes).join(" and ");
// Only docs/performance.md explains free page reporting.
const machine = measurements.machine.replace(", free page reporting", "");

/** The tables by the name of their markers: a case of the benchmark, and the labels of the rows to show. */
const TABLES = {
  gain: ["frame", (row) => row.startsWith("1080p") && !row.includes("later") && row],
  frame: ["frame"],
  hits: ["hits", (row) => row !== "passthrough" && row],
  misses: ["misses"],
  memory: ["memory"],
  inPlace: ["inPlace", (row) => row.includes("HLG to PQ") && row.replace("HLG to PQ, ", "")],
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
  const [name, labelOf] = TABLES[marker];
  const table = tableOf(name, resultsOf(name), labelOf);
  const place = text.includes("<!-- machine -->") ? "" : `. Medians on ${runtimes}, ${machine}`;
  return `${table.title}${place} (\`npm run bench -- ${name}\`):\n\n${toMarkdown(table)}`;
}

/** Replaces what stands between markers such as `<!-- gain -->` and `<!-- /gain -->`. */
function withTables(text) {
  return text.replace(/(<!-- (\w+) -->\n)[^]*?(<!-- \/\2 -->)/g, (block, start, marker, end) => {
    if (marker === "machine") return `${start}\nMedians on ${runtimes}, ${measurements.machine}.\n\n${end}`;
    if (marker === "example") return `${start}\n\`\`\`js\n${example}\`\`\`\n\n${end}`;
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
write("docs/charts/host.svg", drawFrame(resultsOf("frame"), machine));
write("docs/charts/ootf-error.svg", drawOotfs());
write("docs/charts/scale.svg", drawScale(resultsOf("scale"), machine));
// The bytes of a PNG depend on the platform that renders it.
if (!isCheck) {
  const photograph = new URL("examples/images/sunset-pq-512x256.png", root);
  write("docs/highlights.png", drawHighlights(readHdrPng(fileURLToPath(photograph))));
}

if (!isCheck) {
  printHighestLight();
  console.log(`written: ${outdated.join(", ") || "nothing, all is up to date"}`);
} else if (outdated.length > 0) {
  console.error(`Not up to date: ${outdated.join(", ")}. Run npm run generate:figures.`);
  process.exitCode = 1;
}
