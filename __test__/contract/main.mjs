// The contract of the addon, on any runtime: runs all cases, or those whose names contain one of the arguments, and prints those that
// fail and how many passed. Requires the global function `gc`, except on Bun.

await import("./hooks.mjs");

const subjects = [
  "loading",
  "conversion",
  "cache",
  "bad-input",
  "allocation",
  "garbage-collection",
  "peak",
  "workers",
];
const parts = process.argv.slice(2);

let passed = 0;
let count = 0;
for (const subject of subjects) {
  const { cases } = await import(`./${subject}.mjs`);
  for (const [name, body] of cases) {
    if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
    count++;
    if (parts.length > 0) console.log(name);
    try {
      await body();
      passed++;
    } catch (error) {
      console.error(`FAILED: ${name}\n`, error);
    }
  }
}
const { bun, deno, node } = process.versions;
const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
console.log(`${runtime}: ${passed} of ${count} cases passed`);
process.exit(passed === count && count > 0 ? 0 : 1);
