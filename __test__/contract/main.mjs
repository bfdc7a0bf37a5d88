// The contract of the addon, on any runtime: runs all cases, and prints those that fail and how many passed.
// Requires the global function `gc`, except on Bun.

const subjects = [
  "loading",
  "conversion",
  "cache",
  "bad-input",
  "garbage-collection",
  "processes",
  "workers",
];

let passed = 0;
let count = 0;
for (const subject of subjects) {
  const { cases } = await import(`./${subject}.mjs`);
  count += cases.length;
  for (const [name, body] of cases) {
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
process.exit(passed === count ? 0 : 1);
