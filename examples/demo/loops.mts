/**
 * What the addon is compared with: loops over the samples through a table, as a TypeScript module has them, and its
 * cache. The table has the defect of that module: PQ above the range of HLG wraps around.
 */

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../curves.ts";
import { samplesOf } from "./images.mts";
import type { Converter } from "./job.mts";

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

/** The `readUInt16LE` loop. */
export function convertByReads(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void {
  const table = wrappingTable(from, to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)]!, at);
  }
}

/** The `Uint16Array` loop, for Buffers at an even address. */
export function convertByView(buf: Buffer, from: HdrTransfer, to: HdrTransfer): void {
  const table = wrappingTable(from, to);
  const samples = samplesOf(buf);
  for (let at = 0; at < samples.length; at++) samples[at] = table[samples[at]!]!;
}

/** A loop with a cache, in order of use. It needs no limit for a few images. */
export function withCache(convertTransfer: Converter["convertTransfer"]): Converter {
  const images = new Map<string, Buffer>();
  return {
    convertTransfer,
    getConverted: (imageId, from, to, source) => {
      const key = `${imageId} ${to}`;
      let image = images.get(key);
      if (image) {
        images.delete(key);
      } else {
        image = Buffer.from(source);
        convertTransfer(image, from, to);
      }
      images.set(key, image);
      return image;
    },
  };
}
