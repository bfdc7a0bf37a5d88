/** The files that a host copies compile where it copies them, under its settings. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

let host: string;
beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), "hdr-host-"));
  await writeFile(join(host, "package.json"), JSON.stringify({ type: "module" }));
  await mkdir(join(host, "services/hdrTransfer/test"), { recursive: true });
  await mkdir(join(host, "node_modules"));
  await symlink(resolve("."), join(host, "node_modules/hdr-image-transfer-cache"), "junction");
  await cp("examples/curves.ts", join(host, "services/curves.ts"));
  for (const file of ["hdrTransfer", "fallback", "conversion", "arguments", "callSites", "test/usage"]) {
    await cp(`examples/host/${file}.ts`, join(host, `services/hdrTransfer/${file}.ts`));
  }
});
afterAll(() => rm(host, { recursive: true }));

test.each([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
])("module %s, moduleResolution %s", { timeout: 60_000 }, async (module, moduleResolution) => {
  const options = {
    module,
    moduleResolution,
    target: "es2022",
    // Where the host has installed @types/node.
    typeRoots: [resolve("node_modules/@types")],
    types: ["node"],
    strict: true,
    verbatimModuleSyntax: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    declaration: true,
    outDir: "out",
    rootDir: "services",
  };
  const config = `tsconfig.${moduleResolution}.json`;
  await writeFile(join(host, config), JSON.stringify({ compilerOptions: options, include: ["services"] }));
  const compile = promisify(execFile)(
    process.execPath,
    [resolve("node_modules/typescript/bin/tsc"), "-p", config],
    { cwd: host },
  );
  const { stdout } = await compile.catch((error) => error);
  expect(stdout).toBe("");
});
