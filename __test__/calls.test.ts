/** JavaScript that is out to break things: each call has the documented result, or throws a plain error. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import vm from "node:vm";

import {
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
} from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { call, expectFailure, thrownBy, typeError, valueError } from "./failures.ts";
import { convertedCopy, image } from "./model.ts";

const MIB = 2 ** 20;

function limitsOf({ stats }: HdrImageTransferCache): [maxEntries: number, maxBytes: number] {
  const { maxEntries, maxBytes } = stats();
  return [maxEntries, maxBytes];
}

function get(cache: HdrImageTransferCache, source: unknown, imageId: unknown = "image"): Buffer {
  return call(cache.getConverted, imageId, "pq", "hlg", source) as Buffer;
}

/** Runs a body while a property of some object is another, and then puts it back. */
function withProperty<Result>(
  object: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
  body: () => Result,
): Result {
  const before = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { ...descriptor, configurable: true });
  try {
    return body();
  } finally {
    if (before) Object.defineProperty(object, key, before);
    else Reflect.deleteProperty(object, key);
  }
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

describe("options", () => {
  test("a proxy is asked for each option once, and for nothing else", () => {
    const traps: unknown[][] = [];
    const record = (_: object, trap: keyof typeof Reflect) => (target: object, key: PropertyKey) => {
      traps.push([trap, key]);
      return (Reflect[trap] as typeof Reflect.get)(target, key);
    };
    const handler = new Proxy({}, { get: record as ProxyHandler<object>["get"] });
    const options = new Proxy({ maxEntries: 2, maxBytes: 100 }, handler);
    expect(limitsOf(createHdrImageTransferCache(options))).toEqual([2, 100]);
    expect(traps).toEqual([
      ["get", "maxEntries"],
      ["get", "maxBytes"],
      ["get", "ootf"],
      ["get", "peakLuminance"],
    ]);
  });

  test("what a trap or a getter throws comes through, and no more is read", () => {
    const mine = { neither: "an error" };
    const read: string[] = [];
    const options = {
      get maxEntries(): number {
        read.push("maxEntries");
        throw mine;
      },
      get maxBytes(): number {
        read.push("maxBytes");
        return 1;
      },
    };
    expect(thrownBy(() => createHdrImageTransferCache(options))).toBe(mine);
    expect(thrownBy(() => createHdrImageTransferCache(new Proxy(options, {})))).toBe(mine);
    expect(read).toEqual(["maxEntries", "maxEntries"]);
  });

  test("a revoked proxy: V8's error comes through", () => {
    const thrown = thrownBy(() => createHdrImageTransferCache(revoked({})));
    expect(thrown).toBeInstanceOf(TypeError);
    expect(thrown.message).toMatch(/revoked/);
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
    ["a Map, whose entries are no properties", new Map([["maxEntries", 2]]), Infinity, 200 * MIB],
    ["a Number object, which is no number", Object(2), Infinity, 200 * MIB],
    ["a proxy of an array, which is no array", new Proxy([2], {}), Infinity, 200 * MIB],
    ["a proxy of a proxy", new Proxy(new Proxy({ maxEntries: 2 }, {}), {}), 2, 200 * MIB],
    [
      "with 100000 properties",
      Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`maxEntries${at}`, at])),
      Infinity,
      200 * MIB,
    ],
    [
      "with sparse elements",
      { ...Object.fromEntries([[2 ** 32 - 2, 1]]), length: 2 ** 53, maxBytes: 100 },
      Infinity,
      100,
    ],
  ])("%s", (_, options, maxEntries, maxBytes) => {
    expect(limitsOf(createHdrImageTransferCache(options))).toEqual([maxEntries, maxBytes]);
  });

  test.each([
    ["a huge array", Array(2 ** 32 - 1), "an array"],
    ["an array of a subclass", new (class extends Array {})(), "an array"],
    ["an array of another realm", vm.runInNewContext("[16]"), "an array"],
    ["a Buffer of a subclass", new (class extends Uint8Array {})(16), "a Uint8Array"],
    ["a revoked proxy of a function", revoked(() => 16), "a function"],
  ])("%s is turned down", (_, limits, shown) => {
    const message = `createHdrImageTransferCache: limits must be a number or an options object, got ${shown}`;
    expectFailure(() => call(createHdrImageTransferCache, limits), typeError(limits, message));
  });

  test("options are read as JavaScript reads them: a polluted Object.prototype has its say", () => {
    const [given, own, none, aNumber, noPrototype] = withProperty(
      Object.prototype,
      "maxBytes",
      { value: 6 },
      () => [
        createHdrImageTransferCache({}),
        createHdrImageTransferCache({ maxBytes: undefined }),
        createHdrImageTransferCache(),
        createHdrImageTransferCache(3),
        createHdrImageTransferCache(Object.create(null)),
      ],
    );
    expect(limitsOf(given!)).toEqual([Infinity, 6]);
    expect(limitsOf(own!)).toEqual([Infinity, 200 * MIB]);
    expect(limitsOf(none!)).toEqual([16, 200 * MIB]);
    expect(limitsOf(aNumber!)).toEqual([3, 200 * MIB]);
    expect(limitsOf(noPrototype!)).toEqual([Infinity, 200 * MIB]);
  });

  test("a getter may do anything meanwhile", () => {
    const outer = createHdrImageTransferCache();
    const source = image(600);
    const kept = get(outer, source);
    const sent = Buffer.from(new ArrayBuffer(12));
    const { allocUnsafeSlow } = Buffer;
    const allocated: number[] = [];
    const options = {
      get maxEntries() {
        expect(get(outer, source)).toBe(kept);
        outer.clear();
        structuredClone(sent.buffer, { transfer: [sent.buffer] });
        return limitsOf(createHdrImageTransferCache({ maxEntries: 5 }))[0];
      },
      get maxBytes() {
        Buffer.allocUnsafeSlow = (byteLength) => {
          allocated.push(byteLength);
          Buffer.allocUnsafeSlow = allocUnsafeSlow;
          return allocUnsafeSlow(byteLength);
        };
        global.gc!();
        return 1000;
      },
    };
    const cache = createHdrImageTransferCache(options);
    expect(limitsOf(cache)).toEqual([5, 1000]);
    expect(get(cache, source)).toEqual(kept);
    expect(allocated).toEqual([600]);
    expect(outer.size()).toBe(0);
    expect(kept).toEqual(convertedCopy(source, "pq", "hlg"));
  });
});

test("no object is asked to become a primitive", () => {
  const asked: PropertyKey[] = [];
  const traps = Object.fromEntries(
    ["toString", "valueOf", "toJSON", "inspect", Symbol.toPrimitive, Symbol.toStringTag].map((key) => [
      key,
      { get: () => asked.push(key) },
    ]),
  );
  const cache = createHdrImageTransferCache();
  for (const [value, shown] of [
    [Object.create({}, traps), "an object"],
    [Object.defineProperties(() => {}, traps), "a function"],
    [Object.defineProperties([], traps), "an array"],
  ] as const) {
    const must = (what: string) => `getConverted: ${what}, got ${shown}`;
    expectFailure(() => get(cache, image(12), value), typeError(value, must("imageId must be a string")));
    expectFailure(
      () => call(cache.getConverted, "image", value, "hlg", image(12)),
      valueError(value, must('sourceTransfer must be "pq" or "hlg"')),
    );
    expectFailure(
      () => call(cache.getConverted, "image", "pq", value, image(12)),
      valueError(value, must('targetTransfer must be "pq" or "hlg"')),
    );
    expectFailure(() => get(cache, value), typeError(value, must("source must be a Buffer or Uint8Array")));
    expectFailure(
      () => call(createHdrImageTransferCache, { maxBytes: value }),
      typeError(value, `createHdrImageTransferCache: maxBytes must be a non-negative integer, got ${shown}`),
    );
  }
  expect(asked).toEqual([]);
});

test("an image id is the same however V8 holds it", () => {
  const cache = createHdrImageTransferCache();
  const id = "an image id of some length";
  const kept = get(cache, image(12), id);
  const forms = [
    id.slice(0, 9).concat(id.slice(9)), // of two pieces
    `${id} and more`.slice(0, id.length), // a part of another
    Buffer.from(id, "utf16le").toString("utf16le"), // of two bytes a unit
    Object.keys({ [id]: 1 })[0], // a key
    vm.runInNewContext(`"${id}"`), // of another realm
  ];
  for (const form of forms) expect(get(cache, image(12), form)).toBe(kept);
});

describe("calls", () => {
  test.each([undefined, null, 0, "this", Symbol("this"), 1n, Object.create(null)])("this: %s", (self) => {
    const cache = createHdrImageTransferCache();
    const converted = cache.getConverted.call(self, "image", "pq", "hlg", image(12));
    expect(Reflect.apply(cache.getConverted, self, ["image", "pq", "hlg", image(12)])).toBe(converted);
    expect(cache.size.call(self)).toBe(1);
    expect(cache.bytesUsed.call(self)).toBe(12);
    expect(cache.stats.call(self).hits).toBe(1);
    expect(cache.delete.call(self, "image")).toBe(true);
    expect(cache.clear.call(self)).toBeUndefined();
    expect(createHdrImageTransferCache.call(self, 3).stats().maxEntries).toBe(3);
    const buf = image(12);
    convertTransfer.call(self, buf, "pq", "hlg");
    expect(buf).toEqual(converted);
  });

  test("that of another cache is not asked", () => {
    const [one, other] = [createHdrImageTransferCache(), createHdrImageTransferCache()];
    one.getConverted.call(other, "image", "pq", "hlg", image(12));
    expect([one.size(), other.size()]).toEqual([1, 0]);
  });

  test("by new", () => {
    const cache = createHdrImageTransferCache();
    const converted = Reflect.construct(cache.getConverted, ["image", "pq", "hlg", image(12)]);
    expect(converted).toBe(get(cache, image(12)));
    expect(typeof Reflect.construct(cache.size, [])).toBe("object");
    const failure = typeError(1, "getConverted: imageId must be a string, got 1");
    expectFailure(() => Reflect.construct(cache.getConverted, [1]), failure);
    const made = Reflect.construct(createHdrImageTransferCache, [3], Date);
    expect(made.stats().maxEntries).toBe(3);
  });

  test("too few and too many arguments", () => {
    const cache = createHdrImageTransferCache();
    const args: unknown[] = ["image", "pq", "hlg", image(12)];
    const named = ["imageId", "sourceTransfer", "targetTransfer", "source"];
    for (const [given, name] of named.entries()) {
      const { message } = thrownBy(() => call(cache.getConverted, ...args.slice(0, given)));
      expect(message).toMatch(new RegExp(`^getConverted: ${name} must be .*, got undefined$`));
    }
    expect(cache.size()).toBe(0);
    const many = [...args, ...Array(60_000).fill(0)];
    expect(call(cache.getConverted, ...many)).toBe(get(cache, image(12)));
    expect([call(cache.size, ...many), call(cache.delete, ...many), cache.size()]).toEqual([1, true, 0]);
  });

  test("from another realm: its objects are taken, the errors are of this one", () => {
    const context = vm.createContext({ createHdrImageTransferCache });
    const cache = vm.runInContext("cache = createHdrImageTransferCache({ maxEntries: 1 })", context);
    const converted = vm.runInContext("cache.getConverted('image', 'pq', 'hlg', new Uint8Array(6))", context);
    expect(Buffer.isBuffer(converted)).toBe(true);
    expect(get(cache, Buffer.alloc(6))).toBe(converted);
    const failure = typeError(1, "getConverted: imageId must be a string, got 1");
    expectFailure(() => vm.runInContext("cache.getConverted(1)", context), failure);
  });
});

describe("replaced built-ins", () => {
  const boom = () => {
    throw new Error("not to be called");
  };
  const TypedArray = Object.getPrototypeOf(Uint8Array);

  test.each<[string, object, PropertyKey, PropertyDescriptor]>([
    ["length", TypedArray.prototype, "length", { get: boom }],
    ["byteLength", TypedArray.prototype, "byteLength", { get: boom }],
    ["byteOffset", TypedArray.prototype, "byteOffset", { get: boom }],
    ["buffer", TypedArray.prototype, "buffer", { get: boom }],
    ["the name of a typed array", TypedArray.prototype, Symbol.toStringTag, { get: boom }],
    ["the species of typed arrays", TypedArray, Symbol.species, { get: boom }],
    ["the length of an ArrayBuffer", ArrayBuffer.prototype, "byteLength", { get: boom }],
    ["what is a Uint8Array", Uint8Array, Symbol.hasInstance, { value: boom }],
    ["what is a Buffer", Buffer, Symbol.hasInstance, { value: boom }],
    ["what is a string", String.prototype, "toString", { value: boom }],
    ["iteration", Array.prototype, Symbol.iterator, { value: boom }],
    ["calling", Function.prototype, "call", { value: boom }],
    ["Uint8Array", globalThis, "Uint8Array", { value: boom }],
    ["ArrayBuffer", globalThis, "ArrayBuffer", { value: boom }],
    ["TypeError", globalThis, "TypeError", { value: boom }],
    ["stack traces", Error, "prepareStackTrace", { value: boom }],
    ["setters of results", Object.prototype, "hits", { set: boom, get: boom }],
    ["constants in results", Object.prototype, "size", { value: 1 }],
  ])("%s", (_, object, key, descriptor) => {
    const source = image(12);
    const inPlace = image(12);
    const results = withProperty(object, key, descriptor, () => {
      const cache = createHdrImageTransferCache({ maxEntries: 1 });
      const first = cache.getConverted("image", "pq", "hlg", source);
      const second = cache.getConverted("image", "pq", "hlg", source);
      convertTransfer(inPlace, "pq", "hlg");
      let failure: any;
      try {
        cache.delete(1 as never);
      } catch (error) {
        failure = error;
      }
      return { cache, first, second, failure, stats: cache.stats() };
    });
    const { cache, first, second, failure, stats } = results;
    expect(first).toEqual(convertedCopy(source, "pq", "hlg"));
    expect(second).toBe(first);
    expect(inPlace).toEqual(first);
    expect(Object.keys(cache)).toContain("size");
    expect(cache.size()).toBe(1);
    expect(stats).toEqual({ ...cache.stats() });
    expect(stats.hits).toBe(1);
    expect(failure).toBeInstanceOf(TypeError);
    expect(failure.code).toBe("ERR_INVALID_ARG_TYPE");
  });

  test("no Buffer: the error comes through, and nothing changes", () => {
    const cache = createHdrImageTransferCache();
    const thrown = withProperty(globalThis, "Buffer", { value: undefined }, () =>
      thrownBy(() => cache.getConverted("image", "pq", "hlg", image(12))),
    );
    expect(thrown).toBeInstanceOf(TypeError);
    expect(cache.stats()).toMatchObject({ misses: 0, entries: 0 });
    expect(get(cache, image(12))).toEqual(convertedCopy(image(12), "pq", "hlg"));
  });

  /** Asks for an image while Buffers are made by another function. */
  function getWith(allocate: (byteLength: number) => unknown, cache: HdrImageTransferCache, source: unknown) {
    return withProperty(Buffer, "allocUnsafeSlow", { value: allocate }, () => get(cache, source));
  }

  test.each<[string, (byteLength: number, source: Buffer<ArrayBuffer>) => unknown]>([
    ["a promise", async (byteLength) => Buffer.alloc(byteLength)],
    ["a proxy", (byteLength) => new Proxy(Buffer.alloc(byteLength), {})],
    ["a number", (byteLength) => byteLength],
    ["null", () => null],
    ["a symbol", () => Symbol("buffer")],
    [
      "one out of bounds",
      (byteLength) => {
        const memory: any = new (ArrayBuffer as any)(byteLength, { maxByteLength: byteLength });
        const bytes = new Uint8Array(memory, 0, byteLength);
        memory.resize(0);
        return bytes;
      },
    ],
    [
      "a right one, but sends the source away",
      (byteLength, source) => {
        structuredClone(source.buffer, { transfer: [source.buffer] });
        return Buffer.alloc(byteLength);
      },
    ],
  ])("allocUnsafeSlow gives %s", (_, allocate) => {
    const source = Buffer.from(new ArrayBuffer(600));
    const cache = createHdrImageTransferCache();
    const message =
      "getConverted: Buffer.allocUnsafeSlow was replaced; it must give a new Buffer and do no more";
    expectFailure(
      () => getWith((byteLength) => allocate(byteLength, source), cache, source),
      [source, Error, "ERR_INVALID_STATE", message],
    );
    expect(cache.stats()).toMatchObject({ misses: 0, entries: 0 });
  });

  // Shared memory may grow at any time, by another thread.
  test.each<[string, any, string]>([
    ["an ArrayBuffer", ArrayBuffer, "resize"],
    ["a SharedArrayBuffer", SharedArrayBuffer, "grow"],
  ])("%s that grows while the new Buffer is made", (_, Memory, grow) => {
    const memory = new Memory(600, { maxByteLength: 1200 });
    const source = new Uint8Array(memory);
    source.set(image(600));
    const growAndAllocate = (byteLength: number) => {
      memory[grow](1200);
      return Buffer.alloc(byteLength);
    };
    const converted = getWith(growAndAllocate, createHdrImageTransferCache(), source);
    expect(converted).toEqual(convertedCopy(image(600), "pq", "hlg"));
  });

  test("allocUnsafeSlow asks for the image without end", () => {
    const cache = createHdrImageTransferCache();
    const recurse = () => get(cache, image(12));
    const thrown = thrownBy(() => getWith(recurse, cache, image(12)));
    expect(thrown).toBeInstanceOf(RangeError);
    expect(thrown.message).toBe("Maximum call stack size exceeded");
    expect(cache.stats()).toMatchObject({ misses: 0, entries: 0 });
  });
});

/** What a script prints in a process of its own. */
async function run(script: string, ...flags: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "-e", script]);
  return stdout;
}

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
    const cache = createHdrImageTransferCache({ maxEntries: 1 });
    const source = Buffer.from("${image(12).toString("hex")}", "hex");
    const first = cache.getConverted("image", "pq", "hlg", source);
    const isHit = cache.getConverted("image", "pq", "hlg", source) === first;
    convertTransfer(source, "pq", "hlg");
    let code;
    try {
      cache.delete(1);
    } catch (error) {
      code = error.code;
    }
    const hex = [first.toString("hex"), source.toString("hex")];
    console.log(JSON.stringify({ hex, isHit, code, stats: cache.stats().entries }));
  `;
  const hex = convertedCopy(image(12), "pq", "hlg").toString("hex");
  expect(JSON.parse(await run(script, flag))).toEqual({
    hex: [hex, hex],
    isHit: true,
    code: "ERR_INVALID_ARG_TYPE",
    stats: 1,
  });
});

test.each([
  ["a getter of options", "createHdrImageTransferCache({ get maxBytes() { end(); } });"],
  [
    "allocUnsafeSlow",
    `Buffer.allocUnsafeSlow = end;
     createHdrImageTransferCache().getConverted("image", "pq", "hlg", Buffer.alloc(12));`,
  ],
])("%s ends a worker, and then the process", async (_, ending) => {
  const body = (end: string) => `
    const { createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    process.on("exit", (code) => console.log("${end}", code));
    const end = () => process.exit(7);
    ${ending}
    console.log("not reached");
  `;
  const script = `
    const worker = new (require("node:worker_threads").Worker)(${JSON.stringify(body("worker"))}, { eval: true });
    worker.on("exit", () => { ${body("process")} });
  `;
  const failure = await run(script).catch((error) => error);
  expect(failure).toMatchObject({ code: 7, stdout: "worker 7\nprocess 7\n", stderr: "" });
});
