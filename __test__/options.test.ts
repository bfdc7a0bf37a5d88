/** Options objects that JavaScript makes unusual: proxies, getters, and others. */

import vm from "node:vm";

import { createHdrImageTransferCache, type HdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { image, thrownBy } from "./contract/images.mjs";

const MIB = 2 ** 20;

function limitsOf({ stats }: HdrImageTransferCache): [maxEntries: number, maxBytes: number] {
  const { maxEntries, maxBytes } = stats();
  return [maxEntries, maxBytes];
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

test("a proxy: each option is read once, and then the names", () => {
  const traps: unknown[][] = [];
  const record = (_: object, trap: keyof typeof Reflect) => (target: object, key: PropertyKey) => {
    traps.push([trap, key]);
    return (Reflect[trap] as typeof Reflect.get)(target, key);
  };
  const handler = new Proxy({}, { get: record as ProxyHandler<object>["get"] });
  const options = new Proxy({ maxBytes: 100 }, handler);
  expect(limitsOf(createHdrImageTransferCache(options))).toEqual([Infinity, 100]);
  expect(traps).toEqual([
    ["get", "maxEntries"],
    ["get", "maxBytes"],
    ["get", "ootf"],
    ["get", "peakLuminance"],
    ["ownKeys", undefined],
    ["getOwnPropertyDescriptor", "maxBytes"],
  ]);
});

test("an error of a trap is thrown unchanged, and no more is read", () => {
  const error = { neither: "an error" };
  const read: PropertyKey[] = [];
  const get = (_: object, name: PropertyKey) => {
    read.push(name);
    throw error;
  };
  expect(thrownBy(() => createHdrImageTransferCache(new Proxy({}, { get })))).toBe(error);
  expect(read).toEqual(["maxEntries"]);
});

test("a revoked proxy: the error of V8", () => {
  expect(() => createHdrImageTransferCache(revoked({}))).toThrow(
    /^Cannot perform '.*' on a proxy that has been revoked$/,
  );
});

test.each<[string, object, number, number]>([
  ["frozen", Object.freeze({ maxEntries: 2, maxBytes: 100 }), 2, 100],
  ["without a prototype", Object.assign(Object.create(null), { maxBytes: 100 }), Infinity, 100],
  [
    "of a class",
    new (class {
      get maxEntries() {
        return 2;
      }
    })(),
    2,
    200 * MIB,
  ],
  ["of another realm", vm.runInNewContext("({ maxEntries: 2 })"), 2, 200 * MIB],
  ["a Map, whose entries are not properties", new Map([["maxEntries", 2]]), Infinity, 200 * MIB],
  ["a Number object", Object(2), Infinity, 200 * MIB],
  ["a proxy of an empty array", new Proxy([], {}), Infinity, 200 * MIB],
  ["a proxy of a proxy", new Proxy(new Proxy({ maxEntries: 2 }, {}), {}), 2, 200 * MIB],
])("%s", (_, options, maxEntries, maxBytes) => {
  expect(limitsOf(createHdrImageTransferCache(options))).toEqual([maxEntries, maxBytes]);
});

test.each<[string, any, string]>([
  ["a huge array", Array(2 ** 32 - 1), "an array"],
  ["an array of a subclass", new (class extends Array {})(), "an array"],
  ["an array of another realm", vm.runInNewContext("[16]"), "an array"],
  ["a Buffer of a subclass", new (class extends Uint8Array {})(16), "a Uint8Array"],
  ["a revoked proxy of a function", revoked(() => 16), "a function"],
])("%s is rejected", (_, limits, shown) => {
  const message = `limits must be a number or an options object, got ${shown}`;
  expect(() => createHdrImageTransferCache(limits)).toThrow(message);
});

test.each<[string, object]>([
  ["maxEntries0", Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`maxEntries${at}`, at]))],
  ["4294967294", { [2 ** 32 - 2]: 1, length: 2 ** 53, maxBytes: 100 }],
  ["0", new Proxy([2], {})],
  ["0", Object("16")],
  ["maxentries", vm.runInNewContext("({ maxentries: 2 })")],
])("there is no option %s", (name, options) => {
  expect(() => createHdrImageTransferCache(options)).toThrow(`there is no option "${name}";`);
});

test("a getter uses caches, detaches a Buffer and collects garbage", () => {
  const outer = createHdrImageTransferCache();
  const source = image(600);
  const cached = outer.getConverted("image", "pq", "hlg", source);
  const sent = Buffer.from(new ArrayBuffer(12));
  const options = {
    get maxEntries() {
      expect(outer.getConverted("image", "pq", "hlg", source)).toBe(cached);
      outer.clear();
      structuredClone(sent.buffer, { transfer: [sent.buffer] });
      return limitsOf(createHdrImageTransferCache({ maxEntries: 5 }))[0];
    },
    get maxBytes() {
      global.gc!();
      return 1000;
    },
  };
  const cache = createHdrImageTransferCache(options);
  expect(limitsOf(cache)).toEqual([5, 1000]);
  expect(cache.getConverted("image", "pq", "hlg", source)).toEqual(cached);
  expect(outer.size()).toBe(0);
});
