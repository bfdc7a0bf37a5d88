// Ways to load the addon, and what it takes from the runtime then.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import vm from "node:vm";

import addon, * as named from "hdr-image-transfer-cache";

import { convertedCopy, image, thrownBy } from "./images.mjs";

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
    "called from another realm: what it returns and throws is of its own",
    () => {
      const context = vm.createContext({ cache: addon.createHdrImageTransferCache() });
      const inContext = (expression) => vm.runInContext(expression, context);
      const converted = inContext("cache.getConverted('image', 'pq', 'hlg', new Uint8Array(6))");
      assert.ok(Buffer.isBuffer(converted));
      assert.ok(thrownBy(() => inContext("cache.getConverted(1)")) instanceof TypeError);
    },
  ],
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
