/** `index.d.ts`: what it declares is what the addon has, and users of TypeScript can compile against it. */

import { copyFile, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import * as addon from "hdr-image-transfer-cache";
import ts from "typescript";
import { beforeAll, describe, expect, inject, test } from "vitest";

import { outcomeOf } from "../processes.ts";
import { makeHost, tarball } from "./packages.ts";

const program = ts.createProgram(["index.d.ts"], { types: [] });
const checker = program.getTypeChecker();
const file = checker.getSymbolAtLocation(program.getSourceFile("index.d.ts")!)!;
const declared = new Map(checker.getExportsOfModule(file).map((symbol) => [symbol.name, symbol]));

function membersOf(name: string): string[] {
  const type = checker.getDeclaredTypeOfSymbol(declared.get(name)!);
  const names = checker.getPropertiesOfType(type).map((symbol) => symbol.name);
  return names.toSorted();
}

describe("it declares what the addon has", () => {
  const keysOf = (object: object) => Object.keys(object).toSorted();
  /** The properties that a function reads of an options object. */
  const optionsOf = (call: (options: object) => unknown) => {
    const names = new Set<PropertyKey>();
    call(new Proxy({}, { get: (_, name) => void names.add(name) }));
    return [...names].filter((name) => typeof name === "string").toSorted();
  };

  test("its exports", () => {
    const functions = [...declared.values()].filter((symbol) => symbol.flags & ts.SymbolFlags.Value);
    expect(functions.map((symbol) => symbol.name).toSorted()).toEqual(
      keysOf(addon).filter((name) => name !== "default"),
    );
  });

  test("the functions of a cache, and its counters", () => {
    const cache = addon.createHdrImageTransferCache();
    expect(membersOf("HdrImageTransferCache")).toEqual(keysOf(cache));
    expect(membersOf("HdrImageTransferCacheStats")).toEqual(keysOf(cache.stats()));
  });

  test("the options", () => {
    expect(membersOf("HdrImageTransferCacheOptions")).toEqual(
      optionsOf((options) => addon.createHdrImageTransferCache(options)),
    );
    expect(membersOf("ConvertTransferOptions")).toEqual(
      optionsOf((options) => addon.convertTransfer(Buffer.alloc(0), "pq", "hlg", options)),
    );
  });
});

test.each([
  ["README.md", /## API\s+```ts\n[^]*?```/],
  ["docs/api.md", /[^]*/],
])("%s names each option, function and counter", async (page, part) => {
  const [text] = part.exec(await readFile(page, "utf8"))!;
  const words = new Set(text.match(/\w+/g));
  const types = ["HdrImageTransferCacheOptions", "HdrImageTransferCache", "HdrImageTransferCacheStats"];
  expect(types.flatMap(membersOf).filter((name) => !words.has(name))).toEqual([]);
});

describe("usage.ts compiles where only the package and @types/node are installed", () => {
  let host: string;
  beforeAll(async () => {
    const packages = inject("packages");
    // Packed from here, since nothing is fetched.
    const types = ["@types/node", "undici-types"].map((name) => resolve("node_modules", name));
    host = await makeHost(packages, tarball(packages), ...types);
    await copyFile("__test__/package/usage.ts", join(host, "usage.mts"));
  });

  const nodenext = ["--module", "nodenext"];
  const bundler = ["--module", "preserve", "--moduleResolution", "bundler"];
  test.each([
    ["typescript", nodenext],
    ["typescript6", nodenext],
    ["typescript7", nodenext],
    ["typescript7", bundler],
  ])("%s %j", async (name, resolution) => {
    const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
    const args = [resolve("node_modules", name, "bin/tsc"), ...options, ...resolution, "usage.mts"];
    expect(await outcomeOf(process.execPath, args, { cwd: host })).toMatchObject({ code: 0, stdout: "" });
  });
});
