/**
 * The conversion as the TypeScript module does it that the addon replaces: a table of 65536 codes, and a loop
 * over the samples. The addon is compared with it, defect included.
 */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../curves.ts";

const tables = new Map<string, Uint16Array>();

/** The table of one direction. A `Uint16Array` wraps: what HLG cannot show turns dark. */
function wrappingTable(from: HdrTransfer, to: HdrTransfer): Uint16Array {
  const key = `${from}-${to}`;
  let table = tables.get(key);
  if (!table) {
    table = Uint16Array.from({ length: 65536 }, (_, code) =>
      Math.round(convertSignal(code / 65535, from, to) * 65535),
    );
    tables.set(key, table);
  }
  return table;
}

/** Converts `rgb48le` samples in place. */
export function convertTransferLoop(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void {
  const table = wrappingTable(from, to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)]!, at);
  }
}
