// `npm run check`: runs all of these, and lists those that failed. With arguments, only those that contain one of them.

import { spawnSync } from "node:child_process";

/** A command, and what mends most of its failures. */
const CHECKS = [
  ["cargo fmt --check", "npm run format"],
  ["oxfmt --check", "npm run format"],
  ["cargo clippy --all-targets -- -D warnings"],
  ["oxlint --deny-warnings"],
  ["node node_modules/typescript7/bin/tsc"],
  ["node node_modules/typescript7/bin/tsc -p jsconfig.json"],
  ["node scripts/notices.mjs --check", "npm run notices"],
  ["node scripts/links.mjs"],
  ["typedoc"],
  ["tsx scripts/figures.mjs --check", "npm run generate:figures"],
];

const parts = process.argv.slice(2);
const chosen = CHECKS.filter(
  ([command]) => parts.length === 0 || parts.some((part) => command.includes(part)),
);
const failed = chosen.filter(([command]) => {
  console.log(`> ${command}`);
  return spawnSync(command, { shell: true, stdio: "inherit" }).status !== 0;
});
for (const [command, remedy] of failed) console.error(`FAILED: ${command}${remedy ? `: ${remedy}` : ""}`);
console.log(`${chosen.length - failed.length} of ${chosen.length} checks passed`);
process.exitCode = failed.length > 0 ? 1 : 0;
