/** Unusual environments: replaced built-ins, flags of Node.js, environment variables, and termination during a call. */

import { createHash } from "node:crypto";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertedCopy, everyCode, image } from "./contract/images.mjs";
import { runScript } from "./processes.ts";

const fail = () => {
  throw new Error("called");
};
const TypedArray = Object.getPrototypeOf(Uint8Array);

/** Calls `body` while a property of an object is replaced. */
function withProperty<T>(object: object, key: PropertyKey, descriptor: PropertyDescriptor, body: () => T): T {
  const before = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { ...descriptor, configurable: true });
  try {
    return body();
  } finally {
    if (before) Object.defineProperty(object, key, before);
    else Reflect.deleteProperty(object, key);
  }
}

test.each<[string, object, PropertyKey, PropertyDescriptor]>([
  ["length", TypedArray.prototype, "length", { get: fail }],
  ["byteLength", TypedArray.prototype, "byteLength", { get: fail }],
  ["byteOffset", TypedArray.prototype, "byteOffset", { get: fail }],
  ["buffer", TypedArray.prototype, "buffer", { get: fail }],
  ["the type of a typed array", TypedArray.prototype, Symbol.toStringTag, { get: fail }],
  ["the species of typed arrays", TypedArray, Symbol.species, { get: fail }],
  ["the length of an ArrayBuffer", ArrayBuffer.prototype, "byteLength", { get: fail }],
  ["instanceof Uint8Array", Uint8Array, Symbol.hasInstance, { value: fail }],
  ["instanceof Buffer", Buffer, Symbol.hasInstance, { value: fail }],
  ["String.prototype.toString", String.prototype, "toString", { value: fail }],
  ["iteration", Array.prototype, Symbol.iterator, { value: fail }],
  ["calling", Function.prototype, "call", { value: fail }],
  ["Uint8Array", globalThis, "Uint8Array", { value: fail }],
  ["ArrayBuffer", globalThis, "ArrayBuffer", { value: fail }],
  ["TypeError", globalThis, "TypeError", { value: fail }],
  ["stack traces", Error, "prepareStackTrace", { value: fail }],
  ["setters of results", Object.prototype, "hits", { set: fail, get: fail }],
  ["setters of slots", Object.prototype, 0, { set: fail, get: fail }],
  ["constants in results", Object.prototype, "size", { value: 1 }],
  ["Buffer", globalThis, "Buffer", { value: undefined }],
])("a built-in is replaced: %s", (_, object, key, descriptor) => {
  const source = image(12);
  const inPlace = image(12);
  const compare = withProperty(object, key, descriptor, () => {
    const cache = createHdrImageTransferCache({ maxEntries: 1 });
    const first = cache.getConverted("image", "pq", "hlg", source);
    const second = cache.getConverted("image", "pq", "hlg", source);
    convertTransfer(inPlace, "pq", "hlg");
    const stats = cache.stats();
    let error: any;
    try {
      cache.delete(1 as never);
    } catch (thrown) {
      error = thrown;
    }
    // Compared later, since assertions use built-ins.
    return () => {
      expect(first).toEqual(convertedCopy(source, "pq", "hlg"));
      expect(second).toBe(first);
      expect(inPlace).toEqual(first);
      expect(Object.keys(cache)).toContain("size");
      expect(cache.size()).toBe(1);
      expect(stats).toEqual({ ...cache.stats() });
      expect(stats.hits).toBe(1);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.code).toBe("ERR_INVALID_ARG_TYPE");
    };
  });
  compare();
});

test("a setter for the code of errors uses the cache", () => {
  const cache = createHdrImageTransferCache();
  cache.getConverted("image", "pq", "hlg", image(12));
  const sizes: number[] = [];
  withProperty(Error.prototype, "code", { set: () => sizes.push(cache.size()) }, () => {
    expect(() => cache.getConverted("image", "pq", "hlg", image(1))).toThrow("of even byteLength");
    expect(() => cache.delete(1 as never)).toThrow("imageId must be a string");
  });
  expect(sizes).toEqual([1, 1]);
});

test("Object.prototype has a setter when the binary is loaded", async () => {
  const script = `
    const { resolve } = require("node:path");
    const [binary] = require("node:fs").readdirSync("native");
    Object.defineProperty(Object.prototype, "convertTransfer", { set() { throw new Error("called"); } });
    console.log(Object.keys(require(resolve("native", binary))).join());
  `;
  expect(await runScript(script)).toBe("convertTransfer,createHdrImageTransferCache\n");
});

test("Object.prototype is polluted: its options are used, as any inherited ones", () => {
  const given = [{}, { maxBytes: undefined }, undefined, 3, Object.create(null)];
  const caches = withProperty(Object.prototype, "maxBytes", { value: 6 }, () =>
    given.map((limits) => createHdrImageTransferCache(limits)),
  );
  const used = caches.map((cache) => cache.stats().maxBytes);
  const byDefault = 200 * 2 ** 20;
  expect(used).toEqual([6, byDefault, byDefault, byDefault, byDefault]);
});

test.each([
  "--frozen-intrinsics",
  "--disable-proto=delete",
  "--disable-proto=throw",
  "--disallow-code-generation-from-strings",
  "--jitless",
  "--zero-fill-buffers",
])("node %s", async (flag) => {
  const script = `
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const { getConverted, delete: remove, stats } = createHdrImageTransferCache({ maxEntries: 1 });
    const source = Buffer.from("${image(12).toString("hex")}", "hex");
    const converted = getConverted("image", "pq", "hlg", source);
    const isHit = getConverted("image", "pq", "hlg", source) === converted;
    convertTransfer(source, "pq", "hlg");
    let code;
    try {
      remove(1);
    } catch (error) {
      code = error.code;
    }
    console.log(converted.toString("hex"), source.equals(converted), isHit, code, stats().entries);
  `;
  const hex = convertedCopy(image(12), "pq", "hlg").toString("hex");
  expect(await runScript(script, { flags: [flag] })).toBe(`${hex} true true ERR_INVALID_ARG_TYPE 1\n`);
});

describe("the result depends neither on the kernel nor on the threads", () => {
  // All code values. Large enough to be split across threads, with a tail.
  const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const perChannel = sha256(convertedCopy(large, "pq", "hlg"));
  const byLuminance = Buffer.from(large);
  convertTransfer(byLuminance, "hlg", "pq", { ootf: "luminance" });
  const hashes = [perChannel, perChannel, sha256(byLuminance)];
  const script = `
    const { createHash } = require("node:crypto");
    const { readFileSync } = require("node:fs");
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const source = readFileSync(0);
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    const luminance = Buffer.from(source);
    convertTransfer(luminance, "hlg", "pq", { ootf: "luminance" });
    convertTransfer(source, "pq", "hlg");
    const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
    console.log(JSON.stringify([converted, source, luminance].map(hash)));
  `;

  test.each([
    {},
    { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
    { HDR_IMAGE_TRANSFER_KERNEL: "portable", HDR_IMAGE_TRANSFER_THREADS: "3" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
    { HDR_IMAGE_TRANSFER_KERNEL: "unknown" },
    { HDR_IMAGE_TRANSFER_THREADS: "1" },
    { HDR_IMAGE_TRANSFER_THREADS: "7" },
    // A stack as large as the address space: on Linux, no thread can be started.
    { HDR_IMAGE_TRANSFER_THREADS: "3", RUST_MIN_STACK: `${2 ** 47}` },
  ])("%j", async (environment) => {
    const options = { env: { ...process.env, ...environment }, input: large, timeout: 60_000 };
    expect(JSON.parse(await runScript(script, options))).toEqual(hashes);
  });
});

test.each([
  ["a getter of options", "", "createHdrImageTransferCache({ get maxBytes() { end(); } });"],
  [
    "Buffer.allocUnsafeSlow",
    "Buffer.allocUnsafeSlow = end;",
    'createHdrImageTransferCache().getConverted("image", "pq", "hlg", Buffer.alloc(12));',
  ],
])("%s ends a worker, and then the process", async (_, preparation, ending) => {
  const body = (name: string) => `
    process.on("exit", (code) => console.log("${name}", code));
    const end = () => process.exit(7);
    ${preparation}
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    ${ending}
    console.log("not reached");
  `;
  const script = `
    const worker = new (require("node:worker_threads").Worker)(${JSON.stringify(body("worker"))}, { eval: true });
    worker.on("exit", () => { ${body("process")} });
  `;
  const failure = await runScript(script).catch((error) => error);
  expect(failure).toMatchObject({ code: 7, stdout: "worker 7\nprocess 7\n", stderr: "" });
});
