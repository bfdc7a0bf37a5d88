/** Unusual arguments, options objects, and ways to call. */

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

function get(cache: HdrImageTransferCache, source: unknown, imageId: unknown = "image"): Buffer {
  return (cache.getConverted as Function)(imageId, "pq", "hlg", source);
}

test("objects are not converted to primitives", () => {
  const read: PropertyKey[] = [];
  const traps = Object.fromEntries(
    ["toString", "valueOf", "toJSON", "inspect", Symbol.toPrimitive, Symbol.toStringTag].map((key) => [
      key,
      { get: () => read.push(key) },
    ]),
  );
  const cache = createHdrImageTransferCache();
  for (const [value, shown] of [
    [Object.create({}, traps), "an object"],
    [Object.defineProperties(() => {}, traps), "a function"],
    [Object.defineProperties([], traps), "an array"],
  ] as const) {
    const getConverted: Function = cache.getConverted;
    for (const [body, message] of [
      [() => getConverted(value, "pq", "hlg", image(12)), "imageId must be a string"],
      [() => getConverted("image", value, "hlg", image(12)), 'sourceTransfer must be "pq" or "hlg"'],
      [() => getConverted("image", "pq", value, image(12)), 'targetTransfer must be "pq" or "hlg"'],
      [() => getConverted("image", "pq", "hlg", value), "source must be a Buffer or Uint8Array"],
      [() => createHdrImageTransferCache({ maxBytes: value }), "maxBytes must be a non-negative integer"],
    ] as const) {
      expect(body).toThrow(`${message}, got ${shown}`);
    }
  }
  expect(read).toEqual([]);
});

test("an image id in each representation of V8", () => {
  const cache = createHdrImageTransferCache();
  const id = "an image id of some length";
  const cached = get(cache, image(12), id);
  const forms = [
    id.slice(0, 9).concat(id.slice(9)), // a concatenation
    `${id} and more`.slice(0, id.length), // a slice
    Buffer.from(id, "utf16le").toString("utf16le"), // two bytes per unit
    Object.keys({ [id]: 1 })[0], // a property name
    vm.runInNewContext(`"${id}"`), // from another realm
  ];
  for (const form of forms) expect(get(cache, image(12), form)).toBe(cached);
});

test("new", () => {
  expect(Reflect.construct(createHdrImageTransferCache, [3], Date).stats().maxEntries).toBe(3);
});

test("too few and too many arguments", () => {
  const cache = createHdrImageTransferCache();
  const { getConverted, size, delete: remove } = cache as unknown as Record<string, Function>;
  const args: unknown[] = ["image", "pq", "hlg", image(12)];
  const named = ["imageId", "sourceTransfer", "targetTransfer", "source"];
  for (const [given, name] of named.entries()) {
    const message = new RegExp(`^getConverted: ${name} must be .*, got undefined$`);
    expect(() => getConverted!(...args.slice(0, given))).toThrow(message);
  }
  expect(cache.size()).toBe(0);
  const many = [...args, undefined, ...Array(60_000).fill(0)];
  expect(getConverted!(...many)).toBe(get(cache, image(12)));
  expect([size!(...many), remove!(...many), cache.size()]).toEqual([1, true, 0]);
});

test("from another realm: its objects are accepted, and errors are of the realm of the addon", () => {
  const context = vm.createContext({ createHdrImageTransferCache });
  const cache = vm.runInContext("cache = createHdrImageTransferCache({ maxEntries: 1 })", context);
  const converted = vm.runInContext("cache.getConverted('image', 'pq', 'hlg', new Uint8Array(6))", context);
  expect(Buffer.isBuffer(converted)).toBe(true);
  expect(get(cache, Buffer.alloc(6))).toBe(converted);
  expect(() => vm.runInContext("cache.getConverted(1)", context)).toThrow(TypeError);
});

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
  const options = new Proxy(
    {},
    {
      get(_, name) {
        read.push(name);
        throw error;
      },
    },
  );
  expect(thrownBy(() => createHdrImageTransferCache(options))).toBe(error);
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
