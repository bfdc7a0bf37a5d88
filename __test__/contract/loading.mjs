// Ways to load the addon, and what it takes from the runtime then.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import addon, * as named from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";

const require = createRequire(import.meta.url);

export const cases = [
  ...[
    ["import by name", () => named],
    ["import the default", () => addon],
    ["import()", () => import("hdr-image-transfer-cache")],
    ["require", () => require("hdr-image-transfer-cache")],
  ].map((/** @type {any[]} */ [name, load]) => [
    name,
    async () => {
      const { convertTransfer, createHdrImageTransferCache } = await load();
      const white = Buffer.from([0xff, 0xff]);
      const converted = createHdrImageTransferCache().getConverted("white", "hlg", "pq", white);
      convertTransfer(converted, "pq", "hlg");
      assert.deepEqual(converted, white);
    },
  ]),
  [
    "Buffer.allocUnsafeSlow is replaced after the addon was loaded: no effect",
    () => {
      const { allocUnsafeSlow } = Buffer;
      Buffer.allocUnsafeSlow = () => assert.fail("called");
      try {
        const converted = addon.createHdrImageTransferCache().getConverted("image", "pq", "hlg", image(600));
        assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
      } finally {
        Buffer.allocUnsafeSlow = allocUnsafeSlow;
      }
    },
  ],
];
