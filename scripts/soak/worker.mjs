// Converts until it is terminated.

import { parentPort } from "node:worker_threads";

import { convertTransfer, createHdrImageTransferCache } from "hdr-image-transfer-cache";

const cache = createHdrImageTransferCache(4);
const source = Buffer.alloc(6 * 1920 * 1080, 0x55);
for (let id = 0; ; id++) {
  cache.getConverted(`${id}`, "pq", "hlg", source);
  convertTransfer(source, "hlg", "pq");
  if (id === 2) parentPort.postMessage("converting");
}
