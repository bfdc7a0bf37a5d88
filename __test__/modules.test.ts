/** The package as users load it: `require`, `import`, and TypeScript under each way of resolving. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

const run = promisify(execFile);

/** The file that `npm run build` made for this platform. */
const binary = readdirSync(".").find((file) => file.endsWith(".node"))!;

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

describe("in a host that has a fallback", () => {
  let host: string;
  let installed: string;
  beforeEach(async () => {
    host = await mkdtemp(join(tmpdir(), "hdr-host-"));
    installed = join(host, "node_modules", "hdr-image-transfer-cache");
    await mkdir(installed, { recursive: true });
    await writeFile(
      join(host, "fallback.mjs"),
      `export const createHdrImageTransferCache = () => "fallback";`,
    );
    const script = `
      import { createRequire } from "node:module";
      import * as fallback from "./fallback.mjs";

      const load = () => {
        try {
          return createRequire(import.meta.url)("hdr-image-transfer-cache");
        } catch (error) {
          console.warn(error.message);
          return fallback;
        }
      };

      export const { createHdrImageTransferCache } = load();
      console.log(typeof createHdrImageTransferCache());
    `;
    await writeFile(join(host, "host.mjs"), script);
  });
  afterEach(() => rm(host, { recursive: true }));

  const install = (...files: string[]) =>
    Promise.all(files.map((file) => copyFile(file, join(installed, file))));
  const runHost = () => run(process.execPath, [join(host, "host.mjs")]);

  test("the addon is used where there is a binary", async () => {
    await install("package.json", "index.js", binary);
    expect(await runHost()).toEqual({ stdout: "object\n", stderr: "" });
  });

  test("the fallback is used where there is none", async () => {
    await install("package.json", "index.js");
    const { stdout, stderr } = await runHost();
    expect(stdout).toBe("string\n");
    expect(stderr).toMatch(/^Cannot find native binding\./);
  });

  test("the fallback is used where the binary is not one", async () => {
    await install("package.json", "index.js");
    await writeFile(join(installed, binary), "not a binary");
    expect((await runHost()).stdout).toBe("string\n");
  });
});
