/** The package as users load it: `require`, `import`, and TypeScript under each way of resolving. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const run = promisify(execFile);

const USE = `
  const cache = createHdrImageTransferCache();
  const converted = cache.getConverted("white", "hlg", "pq", Buffer.from([0xff, 0xff]));
  convertTransfer(converted, "pq", "hlg");
  console.log(converted.readUInt16LE());
`;

test.each([
  [
    "require",
    "commonjs",
    `const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");`,
  ],
  [
    "import",
    "module",
    `import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";`,
  ],
  [
    "import the default",
    "module",
    `import addon from "hdr-image-transfer-cache"; const { convertTransfer, createHdrImageTransferCache } = addon;`,
  ],
  [
    "createRequire, as a host does that has to go on without the addon",
    "module",
    `import { createRequire } from "node:module";
     const { convertTransfer, createHdrImageTransferCache } = createRequire(import.meta.url)("hdr-image-transfer-cache");`,
  ],
])("%s", async (_, type, load) => {
  const { stdout } = await run(process.execPath, [`--input-type=${type}`, "-e", load + USE]);
  expect(stdout).toBe("65535\n");
});

test.each([
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["preserve", "bundler"],
])("TypeScript: module %s, moduleResolution %s", async (module, moduleResolution) => {
  const tsc = require.resolve("typescript/bin/tsc");
  const options = ["-p", "__test__/types", "--module", module, "--moduleResolution", moduleResolution];
  const { stdout } = await run(process.execPath, [tsc, ...options]).catch((error) => error);
  expect(stdout).toBe("");
});

test("what is declared is exported, but for what is the generator's", async () => {
  const declared = (await readFile("index.d.ts", "utf8")).matchAll(
    /^export (?:declare )?(?:const|function|interface|type) (\w+)/gm,
  );
  const exported = (await readFile("main.d.ts", "utf8")).matchAll(/^ {2}(?:type )?(\w+),$/gm);
  // An interface may be declared in two parts.
  const names = new Set([...declared].map(([, name]) => name!));
  expect(names.delete("__napiBindingTarget")).toBe(true);
  expect([...exported].map(([, name]) => name!).toSorted()).toEqual([...names].toSorted());
});
