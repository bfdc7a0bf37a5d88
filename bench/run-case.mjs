// Runs one case, and prints its result as JSON. A case has a process of its own, to have memory and threads of its own.

const start = performance.now();
await import("hdr-image-transfer-cache");
const loadMs = performance.now() - start;

const cases = { ...(await import("./cases.mjs")), ...(await import("./zscale.mjs")) };
const [name = "", options = "{}"] = process.argv.slice(2);
console.log(JSON.stringify(await cases[name]({ loadMs, ...JSON.parse(options) })));
