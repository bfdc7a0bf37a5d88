// The contract of the addon, on any runtime: runs all cases, and prints those that fail and how many passed.
// Requires the global function `gc`, except on Bun.

import { cases as badInputCases } from "./bad-input.mjs";
import { cases as cacheCases } from "./cache.mjs";
import { cases as conversionCases } from "./conversion.mjs";
import { cases as garbageCollectionCases } from "./garbage-collection.mjs";
import { cases as loadingCases } from "./loading.mjs";
import { cases as peakMemoryCases } from "./peak-memory.mjs";
import { cases as workerCases } from "./workers.mjs";

const cases = [
  ...loadingCases,
  ...conversionCases,
  ...cacheCases,
  ...badInputCases,
  ...garbageCollectionCases,
  ...peakMemoryCases,
  ...workerCases,
];

let passed = 0;
for (const [name, body] of cases) {
  try {
    await body();
    passed++;
  } catch (error) {
    console.error(`FAILED: ${name}\n`, error);
  }
}
const { bun, deno, node } = process.versions;
const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
console.log(`${runtime}: ${passed} of ${cases.length} cases passed`);
process.exit(passed === cases.length ? 0 : 1);
