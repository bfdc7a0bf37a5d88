/** A limited address space, on Linux, where a shell can limit it. */

import { describe, expect, test } from "vitest";

import { run } from "./processes.ts";

const preamble = (limitKiB: number) => `
  const { readFileSync } = require("node:fs");
  const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");

  /** The bytes of the address space that are left. */
  function room() {
    const [, used] = /VmSize:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
    return 1024 * (${limitKiB} - used);
  }

  let fillers = [];
  function fillAllBut(bytes) {
    while (room() > bytes + 1e6) fillers.push(Buffer.allocUnsafeSlow(Math.min(room() - bytes, 1e9)));
  }

  /** The error of a call, and whether it left the counters as they were. */
  function failureOf(body) {
    const before = JSON.stringify(cache.stats());
    try {
      body();
    } catch ({ constructor, code, message }) {
      const changesNothing = JSON.stringify(cache.stats()) === before;
      return { name: constructor.name, code, message, changesNothing };
    }
  }

  const cache = createHdrImageTransferCache({ maxBytes: 2 ** 40 });
  const small = Buffer.alloc(600);
  const cached = cache.getConverted("cached", "pq", "hlg", small);
  const isStillCached = () => cache.getConverted("cached", "pq", "hlg", small) === cached;
`;

/** Runs a script on Node.js in an address space of `limitKiB`, and returns the JSON that it prints. */
async function runLimited(limitKiB: number, script: string): Promise<any> {
  const command = `ulimit -v ${limitKiB}; exec "$0" "$@"`;
  // With one arena, and no threads of V8, nothing else allocates or frees memory meanwhile.
  const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
  const args = [process.execPath, "--expose-gc", "--single-threaded", "-e", preamble(limitKiB) + script];
  return JSON.parse((await run("sh", ["-c", command, ...args], { env })).stdout);
}

describe.runIf(process.platform === "linux")("in a limited address space", () => {
  const noMemory = (message: string) => {
    return { name: "Error", code: "ERR_MEMORY_ALLOCATION_FAILED", message, changesNothing: true };
  };

  test("no memory for an image: an error, the cache as before", async () => {
    const result = await runLimited(
      4e6,
      `
      const source = Buffer.alloc(100e6);
      fillAllBut(50e6);
      const failure = failureOf(() => cache.getConverted("one too many", "pq", "hlg", source));
      const isCached = isStillCached();
      fillers = [];
      gc();
      const byteLength = cache.getConverted("one too many", "pq", "hlg", source).length;
      console.log(JSON.stringify({ failure, isCached, byteLength }));
      `,
    );
    expect(result).toEqual({
      failure: noMemory("getConverted: no memory for the converted image of 100000000 bytes"),
      isCached: true,
      byteLength: 100e6,
    });
  });

  test("no memory for the largest image of Node.js 20", async () => {
    const result = await runLimited(
      8e6,
      `
      // Takes no memory until it is written.
      const source = Buffer.alloc(2 ** 32);
      const failure = failureOf(() => cache.getConverted("huge", "pq", "hlg", source));
      const isSource = cache.getConverted("huge", "pq", "pq", source) === source;
      console.log(JSON.stringify({ failure, isSource, isCached: isStillCached() }));
      `,
    );
    expect(result).toEqual({
      failure: noMemory("getConverted: no memory for the converted image of 4294967296 bytes"),
      isSource: true,
      isCached: true,
    });
  });

  test("no memory for an image id: an error, the cache as before", async () => {
    const result = await runLimited(
      4e6,
      `
      // In one piece: V8 terminates the process if it cannot join pieces.
      const id = Buffer.alloc(30e6, "x").latin1Slice();
      const get = () => cache.getConverted(id, "pq", "hlg", small);
      gc();
      const roomBefore = room();
      const isHit = get() === get();
      const isDeleted = cache.delete(id);
      const isReleased = room() > roomBefore - 30e6;

      fillAllBut(90e6);
      // Enough to read the id, but not to cache it.
      const toCache = failureOf(get);
      fillAllBut(45e6);
      const toRead = failureOf(get);
      const toDelete = failureOf(() => cache.delete(id));
      const isCached = isStillCached();
      console.log(JSON.stringify({ isHit, isDeleted, isReleased, toCache, toRead, toDelete, isCached }));
      `,
    );
    expect(result).toEqual({
      isHit: true,
      isDeleted: true,
      isReleased: true,
      toCache: noMemory("getConverted: no memory for the imageId of 60000000 bytes"),
      toRead: noMemory("getConverted: no memory for the imageId of 60000000 bytes"),
      toDelete: noMemory("delete: no memory for the imageId of 60000000 bytes"),
      isCached: true,
    });
  });
});
