/** Unusual arguments, and unusual ways to call. */

import vm from "node:vm";

import { createHdrImageTransferCache, type HdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { image } from "./contract/images.mjs";

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
      [() => getConverted(value, "pq", "hlg", image(12)), "getConverted: imageId must be a string"],
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
