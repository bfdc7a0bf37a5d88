/** Where there is no memory, or no thread, and where sizes are absurd: an error or a result, never an end. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertedCopy, everyCode, image } from "./model.ts";

/** Runs a script in a process of its own, which `shell` starts. Gives what it prints, as JSON. */
async function run(shell: string, script: string, env: NodeJS.ProcessEnv = {}): Promise<any> {
  const args = ["-c", `${shell} "$0" --expose-gc --single-threaded -e "$1"`, process.execPath, script];
  const { stdout } = await promisify(execFile)("sh", args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}

/** The limit can be set from the shell of Linux, and Linux heeds it. */
describe.runIf(process.platform === "linux")("in a limited address space", () => {
  const preamble = (limitKiB: number) => `
    const { readFileSync } = require("node:fs");
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");

    /** How many bytes of the address space are left. */
    function room() {
      const [, used] = /VmSize:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
      return 1024 * (${limitKiB} - used);
    }

    let fillers = [];
    function fillAllBut(bytes) {
      while (room() > bytes + 1e6) fillers.push(Buffer.allocUnsafeSlow(Math.min(room() - bytes, 1e9)));
    }

    function failureOf(body) {
      try {
        body();
      } catch ({ constructor, code, message }) {
        return { name: constructor.name, code, message };
      }
    }

    const cache = createHdrImageTransferCache({ maxBytes: 2 ** 40 });
    const small = Buffer.alloc(600);
    const kept = cache.getConverted("kept", "pq", "hlg", small);
    const isStillKept = () => cache.getConverted("kept", "pq", "hlg", small) === kept;
  `;
  // With one arena to allocate from, and no threads of V8's, nobody else takes of what is left, or gives back.
  const runLimited = (limitKiB: number, script: string) =>
    run(`ulimit -v ${limitKiB}; exec`, preamble(limitKiB) + script, { MALLOC_ARENA_MAX: "1" });

  const noMemory = (message: string) => ({ name: "Error", code: "ERR_MEMORY_ALLOCATION_FAILED", message });

  test("no memory for an image: an error, the cache as before", async () => {
    const { before, after, ...result } = await runLimited(
      4e6,
      `
      const source = Buffer.alloc(100e6);
      fillAllBut(50e6);
      const before = cache.stats();
      const failure = failureOf(() => cache.getConverted("one too many", "pq", "hlg", source));
      const after = cache.stats();
      const isKept = isStillKept();
      fillers = [];
      gc();
      const goesOn = cache.getConverted("one too many", "pq", "hlg", source).length;
      console.log(JSON.stringify({ failure, before, after, isKept, goesOn }));
      `,
    );
    expect(result).toEqual({
      failure: noMemory("getConverted: no memory for the converted image of 100000000 bytes"),
      isKept: true,
      goesOn: 100e6,
    });
    expect(after).toEqual(before);
  });

  test("no memory for an image as large as Node.js 20 has them", async () => {
    const { before, after, ...result } = await runLimited(
      8e6,
      `
      // Only reserved, as long as nobody writes to it.
      const source = Buffer.alloc(2 ** 32);
      const before = cache.stats();
      const failure = failureOf(() => cache.getConverted("huge", "pq", "hlg", source));
      const after = cache.stats();
      const isSource = cache.getConverted("huge", "pq", "pq", source) === source;
      console.log(JSON.stringify({ failure, before, after, isSource, isKept: isStillKept() }));
      `,
    );
    expect(result).toEqual({
      failure: noMemory("getConverted: no memory for the converted image of 4294967296 bytes"),
      isSource: true,
      isKept: true,
    });
    expect(after).toEqual(before);
  });

  test("no memory for an image id: an error, the cache as before", async () => {
    const { before, after, ...result } = await runLimited(
      4e6,
      `
      // In one piece: V8 ends the process when it cannot put pieces together.
      const id = Buffer.alloc(100e6, "x").latin1Slice();
      const get = () => cache.getConverted(id, "pq", "hlg", small);
      gc();
      const roomBefore = room();
      const isHit = get() === get();
      const isDeleted = cache.delete(id);
      const isReleased = room() > roomBefore - 100e6;

      const before = cache.stats();
      fillAllBut(300e6);
      // Enough to read the id, not to keep it as well.
      const toKeep = failureOf(get);
      fillAllBut(150e6);
      const toRead = failureOf(get);
      const toDelete = failureOf(() => cache.delete(id));
      const after = cache.stats();
      const isKept = isStillKept();
      console.log(JSON.stringify(
        { before, after, isHit, isDeleted, isReleased, toKeep, toRead, toDelete, isKept },
      ));
      `,
    );
    expect(result).toEqual({
      isHit: true,
      isDeleted: true,
      isReleased: true,
      toKeep: noMemory("getConverted: no memory for the imageId of 200000000 bytes"),
      toRead: noMemory("getConverted: no memory for the imageId of 200000000 bytes"),
      toDelete: noMemory("delete: no memory for the imageId of 200000000 bytes"),
      isKept: true,
    });
    expect(after).toEqual(before);
  });
});

test.each([
  ["no limit", {}, 0, 0],
  ["a limit", { maxEntries: 1000 }, 99_000, 99_000],
])("100000 images with %s on their number", (_, limits, evictions, oldest) => {
  const cache = createHdrImageTransferCache(limits);
  for (let id = 0; id < 100_000; id++) cache.getConverted(`${id}`, "pq", "hlg", image(6));
  const entries = 100_000 - evictions;
  expect(cache.stats()).toMatchObject({ hits: 0, evictions, entries, bytesUsed: 6 * entries });
  for (let id = oldest; id < 100_000; id++) cache.getConverted(`${id}`, "pq", "hlg", image(6));
  expect(cache.stats()).toMatchObject({ hits: entries, misses: 100_000, entries });
});

test.each([Number.MAX_SAFE_INTEGER, 2 ** 64, 1e300, Number.MAX_VALUE])(
  "limits of %d, more than any machine has",
  (limit) => {
    const cache = createHdrImageTransferCache({ maxEntries: limit, maxBytes: limit });
    const converted = cache.getConverted("image", "pq", "hlg", image(600));
    expect(cache.getConverted("image", "pq", "hlg", image(600))).toBe(converted);
    // What is more than the address space stands for all of it.
    const counted = Math.min(limit, 2 ** 64);
    expect(cache.stats()).toMatchObject({ maxEntries: counted, maxBytes: counted, bytesUsed: 600 });
  },
);

/** Linux shows the threads of a process, and lets it ask for stacks that there is no room for. */
describe.runIf(process.platform === "linux")("a large image is converted", () => {
  test.each([
    ["by several threads", {}, 4],
    ["by one, where no other can be started", { RUST_MIN_STACK: `${2 ** 47}` }, 0],
  ])("%s", async (_, env, started) => {
    const script = `
      const { createHash } = require("node:crypto");
      const { readdirSync } = require("node:fs");
      const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
      const source = Buffer.from(Uint16Array.from({ length: 64 * 65536 }, (_, code) => code).buffer);
      const threads = readdirSync("/proc/self/task").length;
      const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
      const started = readdirSync("/proc/self/task").length - threads;
      convertTransfer(source, "pq", "hlg");
      const sha256 = createHash("sha256").update(converted).digest("hex");
      console.log(JSON.stringify({ sha256, isSameInPlace: source.equals(converted), started }));
    `;
    const expected = createHash("sha256");
    const converted = convertedCopy(everyCode(), "pq", "hlg");
    for (let time = 0; time < 64; time++) expected.update(converted);
    expect(await run("exec", script, { RAYON_NUM_THREADS: "4", ...env })).toEqual({
      sha256: expected.digest("hex"),
      isSameInPlace: true,
      started,
    });
  });
});
