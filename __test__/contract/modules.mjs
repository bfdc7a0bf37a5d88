// Ways to load the addon.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import addon, * as named from "hdr-image-transfer-cache";

import required from "./require.cjs";

const require = createRequire(import.meta.url);

export const cases = [
  ["import by name", () => named],
  ["import the default", () => addon],
  ["import()", () => import("hdr-image-transfer-cache")],
  ["require", () => required],
  ["createRequire", () => require("hdr-image-transfer-cache")],
].map(([name, load]) => [
  name,
  async () => {
    const { convertTransfer, createHdrImageTransferCache } = await load();
    const white = Buffer.from([0xff, 0xff]);
    const converted = createHdrImageTransferCache().getConverted("white", "hlg", "pq", white);
    convertTransfer(converted, "pq", "hlg");
    assert.deepEqual(converted, white);
  },
]);
