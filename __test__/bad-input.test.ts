import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { afterEach, describe, expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

type Failure = [received: unknown, error: typeof Error, code: string, message: string];

function typeError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_TYPE", message];
}

function valueError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_VALUE", message];
}

function rangeError(received: unknown, message: string): Failure {
  return [received, RangeError, "ERR_OUT_OF_RANGE", message];
}

/** Calls with arguments that TypeScript would not let through. */
function call(callee: Function, ...args: unknown[]): unknown {
  return callee(...args);
}

function thrownBy(body: () => unknown): Error & { code?: string } {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

function expectFailure(body: () => unknown, [, error, code, message]: Failure): void {
  const thrown = thrownBy(body);
  expect(thrown).toBeInstanceOf(error);
  expect(thrown.constructor).toBe(error);
  expect(thrown.name).toBe(error.name);
  expect(thrown.code).toBe(code);
  expect(thrown.message).toBe(message);
  expect(thrown.stack).toContain("bad-input.test.ts");
}

const notNumbers = (limit: string): Failure[] => {
  const must = `createHdrImageTransferCache: ${limit} must be a non-negative integer, got`;
  return [
    typeError("16", `${must} "16"`),
    typeError(true, `${must} true`),
    typeError(16n, `${must} a bigint`),
    typeError({}, `${must} an object`),
    typeError([16], `${must} an array`),
    typeError(Symbol("16"), `${must} a symbol`),
    typeError(() => 16, `${must} a function`),
    typeError(Object(16), `${must} an object`),
  ];
};

const notLimits = (limit: string): Failure[] => {
  const must = `createHdrImageTransferCache: ${limit} must be a non-negative integer, got`;
  return [
    rangeError(-1, `${must} -1`),
    rangeError(1.5, `${must} 1.5`),
    rangeError(-Number.MIN_VALUE, `${must} -5e-324`),
    rangeError(NaN, `${must} NaN`),
    rangeError(Infinity, `${must} Infinity`),
    rangeError(-Infinity, `${must} -Infinity`),
  ];
};

/** Values that say in no way how to convert, with the option that has them. */
function badRenderings(callee: string): [option: string, ...Failure][] {
  const ootf = `${callee}: ootf must be "per-channel" or "luminance", got`;
  const peak = `${callee}: peakLuminance must be a number from 1 to 10000 (cd/m²), got`;
  const ootfs = [
    typeError(1, `${ootf} 1`),
    typeError(true, `${ootf} true`),
    typeError({}, `${ootf} an object`),
    typeError(Object("luminance"), `${ootf} an object`),
    typeError(Symbol("luminance"), `${ootf} a symbol`),
    valueError("", `${ootf} ""`),
    valueError("Luminance", `${ootf} "Luminance"`),
    valueError("luminance\0", `${ootf} "luminance\\0"`),
    valueError("perChannel", `${ootf} "perChannel"`),
    valueError("x".repeat(41), `${ootf} "${"x".repeat(40)}"…`),
  ];
  const peaks = [
    typeError("1000", `${peak} "1000"`),
    typeError(true, `${peak} true`),
    typeError(1000n, `${peak} a bigint`),
    typeError([1000], `${peak} an array`),
    rangeError(0, `${peak} 0`),
    rangeError(0.999, `${peak} 0.999`),
    rangeError(10001, `${peak} 10001`),
    rangeError(-1000, `${peak} -1000`),
    rangeError(NaN, `${peak} NaN`),
    rangeError(Infinity, `${peak} Infinity`),
  ];
  return [
    ...ootfs.map((failure): [string, ...Failure] => ["ootf", ...failure]),
    ...peaks.map((failure): [string, ...Failure] => ["peakLuminance", ...failure]),
  ];
}

describe("createHdrImageTransferCache", () => {
  const must = "createHdrImageTransferCache: limits must be a number or an options object, got";

  test.each([
    ...notLimits("maxEntries"),
    typeError("16", `${must} "16"`),
    typeError(true, `${must} true`),
    typeError(16n, `${must} a bigint`),
    typeError([16], `${must} an array`),
    typeError(Symbol("16"), `${must} a symbol`),
    typeError(() => 16, `${must} a function`),
    typeError(Buffer.from([16]), `${must} a Uint8Array`),
    typeError(new ArrayBuffer(16), `${must} an ArrayBuffer`),
    typeError(new Date(16), `${must} a Date`),
  ])("limits: %s", (...failure) => {
    expectFailure(() => call(createHdrImageTransferCache, failure[0]), failure);
  });

  test.each([...notNumbers("maxEntries"), ...notLimits("maxEntries")])("maxEntries: %s", (...failure) => {
    expectFailure(() => call(createHdrImageTransferCache, { maxEntries: failure[0], maxBytes: 1 }), failure);
  });

  test.each([...notNumbers("maxBytes"), ...notLimits("maxBytes")])("maxBytes: %s", (...failure) => {
    expectFailure(() => call(createHdrImageTransferCache, { maxEntries: 1, maxBytes: failure[0] }), failure);
  });

  test.each(badRenderings("createHdrImageTransferCache"))("%s: %s", (option, ...failure) => {
    expectFailure(() => call(createHdrImageTransferCache, { [option]: failure[0] }), failure);
    expectFailure(() => call(createHdrImageTransferCache, { maxBytes: 1, [option]: failure[0] }), failure);
  });

  test("an error of a getter comes through as it is", () => {
    const mine = new Error("mine");
    const options = {
      get maxBytes(): number {
        throw mine;
      },
    };
    expect(thrownBy(() => createHdrImageTransferCache(options))).toBe(mine);
  });
});

/** What a message says of values that are not strings of the expected kind. */
const notTransfers: [unknown, string][] = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  [{}, "an object"],
  [["pq"], "an array"],
  ["", '""'],
  ["p", '"p"'],
  ["PQ", '"PQ"'],
  ["pq ", '"pq "'],
  ["pq\0", '"pq\\0"'],
  ["hlgg", '"hlgg"'],
  ["hlg\0", '"hlg\\0"'],
  // The low bytes of these two units are those of "pq".
  ["\u0170\u0171", '"\u0170\u0171"'],
  [Object("pq"), "an object"],
  ['"quoted"\n', '"\\"quoted\\"\\n"'],
  ["x".repeat(41), `"${"x".repeat(40)}"…`],
];

const notBytes: [unknown, string][] = [
  [undefined, "undefined"],
  [null, "null"],
  ["image", '"image"'],
  [12, "12"],
  [{}, "an object"],
  [{ length: 6, byteLength: 6 }, "an object"],
  [[0, 0, 0], "an array"],
  [new ArrayBuffer(6), "an ArrayBuffer"],
  [new SharedArrayBuffer(6), "an object"],
  [new DataView(new ArrayBuffer(6)), "a DataView"],
  [new Uint16Array(3), "a Uint16Array"],
  [new Uint8ClampedArray(6), "a typed array of another kind"],
  [new Proxy(Buffer.alloc(6), {}), "an object"],
  [Object.create(Buffer.prototype), "an object"],
];

function detached(): Buffer {
  const buffer = Buffer.from(new ArrayBuffer(6));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer as ArrayBuffer] });
  return buffer;
}

describe("getConverted", () => {
  /** Makes a bad call of a cache that holds two images, and sees that nothing became of it. */
  function expectNothingChanges(failure: Failure, ...args: unknown[]): void {
    const cache = createHdrImageTransferCache(2);
    const older = cache.getConverted("older", "pq", "hlg", image(12, 1));
    const newer = cache.getConverted("newer", "pq", "hlg", image(12, 2));
    const before = cache.stats();
    expectFailure(() => call(cache.getConverted, ...args), failure);
    expect(cache.stats()).toEqual(before);
    // Nor did their order change: the next image takes the place of the older one.
    cache.getConverted("newest", "pq", "hlg", image(12, 3));
    expect(cache.getConverted("newer", "pq", "hlg", image(12, 2))).toBe(newer);
    expect(cache.getConverted("older", "pq", "hlg", image(12, 1))).not.toBe(older);
  }

  test.each(
    (
      [
        [undefined, "undefined"],
        [null, "null"],
        [1, "1"],
        [{}, "an object"],
        [["older"], "an array"],
        [Symbol("older"), "a symbol"],
        [Object("older"), "an object"],
      ] as const
    ).map(([received, shown]) => typeError(received, `getConverted: imageId must be a string, got ${shown}`)),
  )("imageId: %s", (...failure) => {
    expectNothingChanges(failure, failure[0], "pq", "hlg", image(12));
    expectNothingChanges(failure, failure[0], "pq", "pq", image(12));
  });

  test.each(
    notTransfers.map(([received, shown]) =>
      valueError(received, `getConverted: sourceTransfer must be "pq" or "hlg", got ${shown}`),
    ),
  )("sourceTransfer: %j", (...failure) => {
    expectNothingChanges(failure, "older", failure[0], "hlg", image(12));
    expectNothingChanges(failure, "older", failure[0], failure[0], image(12));
  });

  test.each(
    notTransfers.map(([received, shown]) =>
      valueError(received, `getConverted: targetTransfer must be "pq" or "hlg", got ${shown}`),
    ),
  )("targetTransfer: %j", (...failure) => {
    expectNothingChanges(failure, "older", "pq", failure[0], image(12));
  });

  test.each([
    ...notBytes.map(([received, shown]) =>
      typeError(received, `getConverted: source must be a Buffer or Uint8Array, got ${shown}`),
    ),
    rangeError(
      image(1),
      "getConverted: source must be of even byteLength (16-bit samples), got byteLength 1",
    ),
    rangeError(
      image(13),
      "getConverted: source must be of even byteLength (16-bit samples), got byteLength 13",
    ),
    valueError(
      detached(),
      "getConverted: source must be a Buffer that still has its memory, got one that was transferred away",
    ),
  ])("source: $#", (...failure) => {
    for (const id of ["older", "another"]) {
      expectNothingChanges(failure, id, "pq", "hlg", failure[0]);
      expectNothingChanges(failure, id, "hlg", "pq", failure[0]);
      expectNothingChanges(failure, id, "pq", "pq", failure[0]);
    }
  });

  test.each([1, 2, 4, 10, 13])("a source of %d bytes, by luminance", (byteLength) => {
    const cache = createHdrImageTransferCache({ ootf: "luminance" });
    const source = image(byteLength);
    const message = `getConverted: source must be of a byteLength that is a multiple of 6 (whole pixels), got byteLength ${byteLength}`;
    for (const to of ["hlg", "pq"] as const) {
      expectFailure(() => cache.getConverted("id", "pq", to, source), rangeError(source, message));
    }
    expect(cache.stats()).toMatchObject({ misses: 0, passthroughs: 0, entries: 0 });
  });

  test("no arguments", () => {
    expectNothingChanges(typeError(undefined, "getConverted: imageId must be a string, got undefined"));
  });
});

test.each([
  [undefined, "undefined"],
  [1, "1"],
  [{}, "an object"],
])("delete: %s", (received, shown) => {
  const cache = createHdrImageTransferCache();
  cache.getConverted("undefined", "pq", "hlg", image(12));
  expectFailure(
    () => call(cache.delete, received),
    typeError(received, `delete: imageId must be a string, got ${shown}`),
  );
  expect(cache.size()).toBe(1);
});

describe("convertTransfer", () => {
  test.each([
    ...notBytes.map(([received, shown]) =>
      typeError(received, `convertTransfer: buf must be a Buffer or Uint8Array, got ${shown}`),
    ),
    valueError(
      detached(),
      "convertTransfer: buf must be a Buffer that still has its memory, got one that was transferred away",
    ),
  ])("buf: $#", (...failure) => {
    expectFailure(() => call(convertTransfer, failure[0], "pq", "hlg"), failure);
    expectFailure(() => call(convertTransfer, failure[0], "pq", "pq"), failure);
  });

  test.each([1, 13, 601])("a buf of %d bytes: not one is written", (byteLength) => {
    const buf = image(byteLength);
    const message = `convertTransfer: buf must be of even byteLength (16-bit samples), got byteLength ${byteLength}`;
    expectFailure(() => convertTransfer(buf, "pq", "hlg"), rangeError(buf, message));
    expect(buf).toEqual(image(byteLength));
  });

  test.each(notTransfers)("a transfer of %j: not one byte is written", (received, shown) => {
    const buf = image(12);
    expectFailure(
      () => call(convertTransfer, buf, received, "hlg"),
      valueError(received, `convertTransfer: from must be "pq" or "hlg", got ${shown}`),
    );
    expectFailure(
      () => call(convertTransfer, buf, "hlg", received),
      valueError(received, `convertTransfer: to must be "pq" or "hlg", got ${shown}`),
    );
    expect(buf).toEqual(image(12));
  });
});

describe("the options of convertTransfer", () => {
  const must = "convertTransfer: options must be an options object, got";

  test.each([
    typeError(1000, `${must} 1000`),
    typeError("luminance", `${must} "luminance"`),
    typeError(true, `${must} true`),
    typeError(["luminance"], `${must} an array`),
    typeError(Buffer.alloc(6), `${must} a Uint8Array`),
    typeError(() => {}, `${must} a function`),
  ])("%s: not one byte is written", (...failure) => {
    const buf = image(12);
    expectFailure(() => call(convertTransfer, buf, "pq", "hlg", failure[0]), failure);
    expect(buf).toEqual(image(12));
  });

  test.each(badRenderings("convertTransfer"))("%s: %s: not one byte is written", (option, ...failure) => {
    const buf = image(12);
    const options = { ootf: "luminance", peakLuminance: 1000, [option]: failure[0] };
    expectFailure(() => call(convertTransfer, buf, "pq", "hlg", options), failure);
    expectFailure(() => call(convertTransfer, buf, "pq", "pq", options), failure);
    expect(buf).toEqual(image(12));
  });

  test.each([1, 2, 4, 10, 13])("a buf of %d bytes, by luminance: not one is written", (byteLength) => {
    const buf = image(byteLength);
    const message = `convertTransfer: buf must be of a byteLength that is a multiple of 6 (whole pixels), got byteLength ${byteLength}`;
    for (const to of ["hlg", "pq"] as const) {
      const convert = () => convertTransfer(buf, "pq", to, { ootf: "luminance" });
      expectFailure(convert, rangeError(buf, message));
    }
    expect(buf).toEqual(image(byteLength));
  });

  test("a getter that takes the buf's memory away: the call sees what is left", () => {
    const buf = Buffer.from(new ArrayBuffer(12));
    const options = {
      get ootf() {
        structuredClone(buf.buffer, { transfer: [buf.buffer as ArrayBuffer] });
        return "luminance" as const;
      },
    };
    expectFailure(
      () => convertTransfer(buf, "pq", "hlg", options),
      valueError(
        buf,
        "convertTransfer: buf must be a Buffer that still has its memory, got one that was transferred away",
      ),
    );
  });
});

describe("an allocator of Buffers that somebody replaced", () => {
  const allocUnsafeSlow = Buffer.allocUnsafeSlow;
  afterEach(() => {
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  });

  const source = image(600);
  const shrinking = new Uint8Array(new (ArrayBuffer as any)(600, { maxByteLength: 600 }));

  test.each<[string, Uint8Array, (byteLength: number) => unknown]>([
    ["the source", source, () => source],
    [
      "a part of the source's memory",
      source,
      () => new Uint8Array(source.buffer, source.byteOffset + 6, 594),
    ],
    ["too little", source, () => Buffer.alloc(598)],
    ["too much", source, () => Buffer.alloc(602)],
    ["another typed array", source, () => new Uint16Array(300)],
    ["what is none", source, () => "600"],
    ["a detached one", source, () => detached()],
    [
      "a right one, but shrinks the source",
      shrinking,
      (byteLength) => {
        (shrinking.buffer as any).resize(6);
        return allocUnsafeSlow(byteLength);
      },
    ],
  ])("gives %s", (_, bytes, allocate) => {
    const cache = createHdrImageTransferCache();
    Buffer.allocUnsafeSlow = allocate as typeof allocUnsafeSlow;
    const before = Buffer.from(source);
    expectFailure(
      () => cache.getConverted("image", "pq", "hlg", bytes as Buffer),
      [
        undefined,
        Error,
        "ERR_INVALID_STATE",
        "getConverted: Buffer.allocUnsafeSlow was replaced; it must give a new Buffer and do no more",
      ],
    );
    expect(source).toEqual(before);
    expect(cache.stats()).toMatchObject({ misses: 0, entries: 0 });
  });

  test("throws: the error comes through", () => {
    const cyclic: Error & { cause?: unknown } = new Error("cyclic");
    cyclic.cause = cyclic;
    const cache = createHdrImageTransferCache();
    for (const mine of [new Error("mine"), "mine", null, cyclic]) {
      Buffer.allocUnsafeSlow = () => {
        throw mine;
      };
      expect(thrownBy(() => cache.getConverted("image", "pq", "hlg", source))).toBe(mine);
    }
  });

  test("uses the cache", () => {
    const cache = createHdrImageTransferCache(1);
    Buffer.allocUnsafeSlow = (byteLength) => {
      Buffer.allocUnsafeSlow = allocUnsafeSlow;
      cache.getConverted("another image with a long name", "pq", "hlg", source);
      cache.clear();
      cache.getConverted("image", "hlg", "pq", source);
      return allocUnsafeSlow(byteLength);
    };
    expect(cache.getConverted("image", "pq", "hlg", source)).toEqual(convertedCopy(source, "pq", "hlg"));
    expect(cache.stats()).toMatchObject({ misses: 3, evictions: 1, entries: 1 });
  });
});

test("an overflowing stack is told as such", () => {
  const cache = createHdrImageTransferCache(0);
  const source = image(600);
  const thrown = new Set<string>();
  const recurse = (): void => {
    try {
      recurse();
    } catch {
      // At each depth on the way back, from where there is no stack left to where there is enough.
      try {
        cache.getConverted("image", "pq", "hlg", source);
      } catch (error) {
        thrown.add(String(error));
      }
    }
  };
  recurse();
  expect([...thrown]).toEqual(["RangeError: Maximum call stack size exceeded"]);
  expect(cache.getConverted("image", "pq", "hlg", source)).toEqual(convertedCopy(source, "pq", "hlg"));
});

test("a cache goes on after errors", () => {
  const cache = createHdrImageTransferCache();
  for (let time = 0; time < 1000; time++) {
    thrownBy(() => call(cache.getConverted, "image", "pq", "hlg", time));
  }
  const converted = cache.getConverted("image", "pq", "hlg", image(12));
  expect(converted).toEqual(convertedCopy(image(12), "pq", "hlg"));
});
