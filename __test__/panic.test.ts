/** What becomes of a panic, in a build that panics where part of an image begins with the code 0xdead. */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

const script = `
  const addon = require("hdr-image-transfer-cache");
  const image = (byteLength, marked) => {
    const image = Buffer.alloc(byteLength);
    if (marked !== undefined) image.writeUInt16LE(0xdead, marked);
    return image;
  };
  const cache = addon.createHdrImageTransferCache();
  const kept = cache.getConverted("kept", "pq", "hlg", image(12));
  const before = cache.stats();
  // On this thread, and on one of the pool's, which has the second half.
  const images = [image(12, 0), image(6 << 20, 3 << 20)];
  for (const marked of images) {
    for (const call of [
      () => cache.getConverted("marked", "pq", "hlg", marked),
      () => addon.convertTransfer(marked, "pq", "hlg"),
      () => addon.convertTransfer(marked, "pq", "hlg", { ootf: "luminance" }),
    ]) {
      try {
        call();
        console.log("no panic");
      } catch (error) {
        console.log(error.constructor.name + ": " + error.message);
      }
    }
  }
  require("node:assert").deepEqual(cache.stats(), before);
  console.log(cache.getConverted("kept", "pq", "hlg", image(12)) === kept);
  console.log(cache.getConverted("marked", "pq", "hlg", image(6 << 20)).every((byte) => byte === 0));
`;

const FOLDER = "target/panicking";

// `npm test` builds it; a binary that came from elsewhere is tested without.
test.skipIf(!existsSync(FOLDER))("a panic becomes an error, and the cache goes on", () => {
  const binary = readdirSync(FOLDER).find((file) => file.endsWith(".node"));
  const env = {
    ...process.env,
    RAYON_NUM_THREADS: "2",
    NAPI_RS_NATIVE_LIBRARY_PATH: join(process.cwd(), FOLDER, binary!),
  };
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { env, encoding: "utf8" });
  const error = "Error: internal error, please report it: panicked on purpose\n";
  expect(stdout).toBe(`${error.repeat(6)}true\ntrue\n`);
  // Rust says where, for the report.
  expect(stderr).toMatch(/src[\\/]convert\.rs/);
});
