import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { afterEach, describe, expect, test } from "vitest";

import {
  call,
  detached,
  expectFailure,
  type Failure,
  notBytes,
  notCounts,
  notLimits,
  notNumbers,
  notStrings,
  notTransfers,
  rangeError,
  thrownBy,
  typeError,
  valueError,
} from "./failures.ts";
import { convertedCopy, image } from "./model.ts";

describe("createHdrImageTransferCache", () => {
  test.each([
    ...notCounts.map(([received, shown]) =>
      rangeError(
        received,
        `createHdrImageTransferCache: maxEntries must be a non-negative integer, got ${shown}`,
      ),
    ),
    ...notLimits.map(([received, shown]) =>
      typeError(
        received,
        `createHdrImageTransferCache: limits must be a number or an options object, got ${shown}`,
      ),
    ),
  ])("limits: %s", (...failure) => {
    expectFailure(() => call(createHdrImageTransferCache, failure[0]), failure);
  });

  describe.each(["maxEntries", "maxBytes"])("%s", (limit) => {
    const must = `createHdrImageTransferCache: ${limit} must be a non-negative integer, got`;
    test.each([
      ...notNumbers.map(([received, shown]) => typeError(received, `${must} ${shown}`)),
      ...notCounts.map(([received, shown]) => rangeError(received, `${must} ${shown}`)),
    ])("%s", (...failure) => {
      const limits = { maxEntries: 1, maxBytes: 1, [limit]: failure[0] };
      expectFailure(() => call(createHdrImageTransferCache, limits), failure);
    });
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
    notStrings.map(([received, shown]) =>
      typeError(received, `getConverted: imageId must be a string, got ${shown}`),
    ),
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

  test("no arguments", () => {
    expectNothingChanges(typeError(undefined, "getConverted: imageId must be a string, got undefined"));
  });
});

test.each(notStrings)("delete: %s", (received, shown) => {
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
