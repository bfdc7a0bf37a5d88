// New Buffers are allocated by Buffer.allocUnsafeSlow as it is when the addon is loaded.

import assert from "node:assert/strict";

import { createHdrImageTransferCache } from "hdr-image-transfer-cache";

import { convertedCopy, image } from "./images.mjs";
import { canRun, run } from "./processes.mjs";

export const cases = [
  [
    "Buffer.allocUnsafeSlow is replaced after the addon was loaded: no effect",
    () => {
      const { allocUnsafeSlow } = Buffer;
      Buffer.allocUnsafeSlow = () => assert.fail("called");
      try {
        const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", image(600));
        assert.deepEqual(converted, convertedCopy(image(600), "pq", "hlg"));
      } finally {
        Buffer.allocUnsafeSlow = allocUnsafeSlow;
      }
    },
  ],
  ...(canRun
    ? [
        [
          "Buffer.allocUnsafeSlow is replaced before the addon is loaded: an error, and the cache as before",
          async () => {
            const { stderr } = await run("replaced-allocator.mjs");
            // Rust reports the place of a panic.
            assert.match(stderr, /buffer\.rs/);
          },
        ],
      ]
    : []),
];
