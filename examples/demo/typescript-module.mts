/**
 * The TypeScript module that the addon replaces: a table of 65536 codes, a loop over the samples, and for each job
 * a cache of converted images. Its defect is kept: PQ above the range of HLG wraps around.
 */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../curves.ts";
import type { Converter } from "./render.mts";

const tables = new Map<string, Uint16Array>();

/** Assigning to a `Uint16Array` wraps around. */
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

export function convertTransfer(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void {
  const table = wrappingTable(from, to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)]!, at);
  }
}

export function createHdrImageTransferCache(maxBytes = 200 * 2 ** 20): Pick<Converter, "getConverted"> {
  /** In order of use, the least recently used image first. */
  const images = new Map<string, Buffer>();
  let bytes = 0;
  return {
    getConverted: (imageId, from, to, source) => {
      if (from === to) return source;
      const key = `${imageId} ${to}`;
      let image = images.get(key);
      if (image) {
        images.delete(key);
      } else {
        image = Buffer.from(source);
        convertTransfer(image, from, to);
        bytes += image.length;
      }
      images.set(key, image);
      for (const [oldest, { length }] of images) {
        if (bytes <= maxBytes) break;
        images.delete(oldest);
        bytes -= length;
      }
      return image;
    },
  };
}
