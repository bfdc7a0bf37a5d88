/** JavaScript environments that are unusual: replaced built-ins, little stack, and termination during a call. */

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
  type HdrImageTransferCacheStats,
} from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./contract/images.mjs";
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

const source = image(600);
const converted = convertedCopy(source, "pq", "hlg");

/** A call, what it returns, and the counters that it changes. */
type Row = [
  string,
  (cache: HdrImageTransferCache, buf: Buffer) => unknown,
  unknown,
  Partial<HdrImageTransferCacheStats>,
];

test.each<Row>([
  ["a cache hit", (cache) => cache.getConverted("older", "pq", "hlg", source), converted, { hits: 1 }],
  [
    "a cache miss",
    (cache) => cache.getConverted("new", "pq", "hlg", source),
    converted,
    { misses: 4, evictions: 1 },
  ],
  [
    "a cache miss, because the cached Buffer is detached",
    (cache) => cache.getConverted("detached", "pq", "hlg", source),
    converted,
    { misses: 4 },
  ],
  ["a passthrough", (cache) => cache.getConverted("older", "pq", "pq", source), source, { passthroughs: 1 }],
  ["delete", (cache) => cache.delete("older"), true, { entries: 2, bytesUsed: 1200 }],
  ["in place", (_, buf) => (convertTransfer(buf, "pq", "hlg"), buf), converted, {}],
])("a stack overflow throws JavaScript's RangeError, and changes nothing: %s", (_, call, result, changed) => {
  const cache = createHdrImageTransferCache(3);
  const { buffer } = cache.getConverted("detached", "pq", "hlg", source);
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  for (const id of ["older", "newer"]) cache.getConverted(id, "pq", "hlg", source);
  const { conversionMs: _ms, ...before } = cache.stats();
  const buf = Buffer.from(source);

  let failures = 0;
  let unexpected: unknown;
  let returned: unknown;
  const recurse = (): void => {
    try {
      recurse();
    } catch (error) {
      // At each depth on the way back, until there is enough stack.
      const { constructor, message } = error as Error;
      if (constructor !== RangeError || message !== "Maximum call stack size exceeded") unexpected = error;
      failures++;
      returned = call(cache, buf);
    }
  };
  recurse();

  expect(unexpected).toBeUndefined();
  expect(failures).toBeGreaterThan(10);
  expect(returned).toEqual(result);
  expect(source).toEqual(image(600));
  expect(cache.stats()).toMatchObject({ ...before, ...changed });
});

test.each([
  ["pq", "hlg", "portable"],
  ["hlg", "pq", "portable"],
  ["pq", "hlg", "best"],
])("the first conversion, from %s to %s, with little stack, %s kernel", async (from, to, kernel) => {
  // A new process has neither tables nor threads yet, and the image needs both.
  const body = `
    const { convertTransfer } = require("hdr-image-transfer-cache");
    const buf = Buffer.alloc(6 * 2 ** 20);
    let conversions = 0;
    const recurse = () => {
      try {
        recurse();
      } catch {
        // If this overflows the stack, too, the caller tries.
        convertTransfer(buf, "${from}", "${to}");
        conversions++;
      }
    };
    recurse();
    console.log(conversions);
  `;
  const script = `new (require("node:worker_threads").Worker)(${JSON.stringify(body)}, { eval: true })`;
  const env = { ...process.env, HDR_IMAGE_TRANSFER_KERNEL: kernel };
  expect(await runScript(script, { env })).toBe("1\n");
});
