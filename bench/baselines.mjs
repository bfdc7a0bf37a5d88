// The baselines: what the addon replaces, in JavaScript and with the same functions. The demo uses them, too.

import { convertTransfer } from "hdr-image-transfer-cache";

const tables = {};

/** The table to a transfer function, made by the addon when it is first used. */
function tableTo(to) {
  if (!tables[to]) {
    tables[to] = Uint16Array.from({ length: 65536 }, (_, code) => code);
    convertTransfer(Buffer.from(tables[to].buffer), to === "hlg" ? "pq" : "hlg", to);
  }
  return tables[to];
}

/** Reads and writes with bounds checks. */
function convertByReads(buf, _from, to) {
  const table = tableTo(to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)], at);
  }
}

/** Needs an even byteOffset. */
function convertByView(buf, _from, to) {
  const table = tableTo(to);
  const samples = new Uint16Array(buf.buffer, buf.byteOffset, buf.length / 2);
  for (let at = 0; at < samples.length; at++) samples[at] = table[samples[at]];
}

/** By the names that tables and charts give them. */
export const BASELINES = {
  "`readUInt16LE` loop": moduleOf(convertByReads),
  "`Uint16Array` loop": moduleOf(convertByView),
};

function moduleOf(convert) {
  return {
    convertTransfer: convert,
    createHdrImageTransferCache: ({ maxBytes }) => createMapCache(convert, maxBytes),
  };
}

/** A `Map` in order of use. It checks both byteLengths, as the addon does. */
function createMapCache(convert, maxBytes = 200 * 2 ** 20) {
  const images = new Map();
  let bytesUsed = 0;
  const remove = (key) => {
    bytesUsed -= images.get(key)?.byteLength ?? 0;
    images.delete(key);
  };
  return {
    getConverted(imageId, from, to, source) {
      if (from === to) return source;
      const key = `${imageId}|${to}`;
      const cached = images.get(key);
      if (cached?.byteLength === source.byteLength) {
        images.delete(key);
        images.set(key, cached);
        return cached;
      }
      const converted = Buffer.from(source);
      convert(converted, from, to);
      remove(key);
      if (converted.byteLength > maxBytes) return converted;
      while (bytesUsed + converted.byteLength > maxBytes) remove(images.keys().next().value);
      images.set(key, converted);
      bytesUsed += converted.byteLength;
      return converted;
    },
  };
}
