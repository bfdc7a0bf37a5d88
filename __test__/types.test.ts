/** `index.d.ts`. */

import { readFile } from "node:fs/promises";

import * as addon from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { run } from "./processes.ts";

// `install.test.ts` compiles the same file with the module resolution of Node.js.
test("usage.ts compiles, with the module resolution of bundlers", async () => {
  const tsc = require.resolve("typescript/bin/tsc");
  const options = ["-p", "__test__/types", "--module", "preserve", "--moduleResolution", "bundler"];
  const { stdout } = await run(process.execPath, [tsc, ...options]).catch((error) => error);
  expect(stdout).toBe("");
});

test("it declares the exports and their types, and nothing of the generator", async () => {
  const declarations = await readFile("index.d.ts", "utf8");
  const namesOf = (kind: string) => {
    const declared = declarations.matchAll(new RegExp(`^export (?:declare )?(?:${kind}) (\\w+)`, "gm"));
    // An interface may be declared in two parts.
    return [...new Set([...declared].map(([, name]) => name!))].toSorted();
  };
  expect(namesOf("const|let|class|function|enum|namespace")).toEqual(
    Object.keys(addon)
      .filter((name) => name !== "default")
      .toSorted(),
  );
  expect(namesOf("type|interface")).toEqual([
    "ConvertTransferOptions",
    "HdrImageTransferCache",
    "HdrImageTransferCacheOptions",
    "HdrImageTransferCacheStats",
    "HdrTransfer",
    "HlgOotf",
  ]);
  expect(declarations).not.toMatch(/napi/i);
});
