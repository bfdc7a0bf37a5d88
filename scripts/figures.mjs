// Draws docs/charts/ and fills in the tables of docs/performance.md and README.md, from what was measured last. A part of
// `npm run generate`. Charts of what was not measured stay as they are.

import { drawConversion, drawLight, drawOotfError, printHighestLight } from "./figures/computed.mjs";
import { drawHost, drawMiss, drawScale, drawSoak } from "./figures/measured.mjs";
import { bench, benches, host, soak } from "./figures/results.mjs";
import { benchTable, gainTable, hostTable, runtimesTable, writeTable } from "./figures/tables.mjs";

printHighestLight();
drawOotfError();
drawLight();
drawConversion();

const isMeasured = (command, result, ...cases) => {
  const missing = cases.filter((name) => !result?.cases[name]);
  if (result && missing.length === 0) return true;
  console.log(`not measured, so left as it is: \`${[command, ...missing].join(" ")}\``);
  return false;
};

if (isMeasured("npm run bench:host", host)) {
  drawHost(host);
  writeTable("host", hostTable(host));
  writeTable("gain", gainTable(host), "README.md");
}
if (isMeasured("npm run test:soak", soak)) drawSoak(soak);
if (isMeasured("npm run bench --", bench, "misses")) drawMiss(bench);
if (isMeasured("npm run bench --", bench, "scale")) drawScale(bench);
const all = ["misses", "inPlace", "hits", "first", "memory"];
if (isMeasured("npm run bench --", bench, ...all)) writeTable("bench", benchTable(bench));
const complete = benches.filter(({ cases }) => all.every((name) => cases[name]));
if (complete.length > 1) writeTable("runtimes", runtimesTable(complete));
