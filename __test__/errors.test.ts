/** What a cache bears. The errors of bad input are in `contract/bad-input.mjs`, for every runtime. */

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { convertedCopy, image } from "./model.ts";

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
    // @ts-expect-error: not a Buffer
    expect(() => cache.getConverted("image", "pq", "hlg", time)).toThrow(TypeError);
  }
  const converted = cache.getConverted("image", "pq", "hlg", image(12));
  expect(converted).toEqual(convertedCopy(image(12), "pq", "hlg"));
});
