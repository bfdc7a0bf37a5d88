// The baselines: what the addon is compared with.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { convertTransfer } from "hdr-image-transfer-cache";

const SHA256 = {
  pq: "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c",
  hlg: "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61",
};

const tables = {};

/** The table to a transfer function, made by the addon when it is first used. */
function tableTo(to) {
  tables[to] ??= createTable(to);
  return tables[to];
}

function createTable(to) {
  const table = Uint16Array.from({ length: 65536 }, (_, code) => code);
  convertTransfer(Buffer.from(table.buffer), to === "hlg" ? "pq" : "hlg", to);
  assert.equal(createHash("sha256").update(table).digest("hex"), SHA256[to]);
  return table;
}

/** The loop of the TypeScript module that the addon replaces: bounds-checked reads and writes through a table. */
export function convertByLoop(buf, _from, to) {
  const table = tableTo(to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)], at);
  }
}

/** The same loop over a `Uint16Array`, which needs an even byteOffset. */
export function convertByView(buf, _from, to) {
  const table = tableTo(to);
  const samples = new Uint16Array(buf.buffer, buf.byteOffset, buf.length / 2);
  for (let at = 0; at < samples.length; at++) samples[at] = table[samples[at]];
}

/** A module like the addon's, in JavaScript. */
export function moduleOf(convert) {
  return {
    convertTransfer: convert,
    createHdrImageTransferCache: (limits) => new MapCache(convert, limits.maxBytes),
  };
}

/** The cache of the TypeScript module: a `Map` in order of use. It checks both byteLengths, as the addon does. */
export class MapCache {
  #images = new Map();
  #bytesUsed = 0;
  #convert;
  #maxBytes;

  /** @param convert Converts a Buffer in place. */
  constructor(convert, maxBytes = 200 * 2 ** 20) {
    this.#convert = convert;
    this.#maxBytes = maxBytes;
  }

  getConverted(imageId, from, to, source) {
    if (from === to) return source;
    const key = `${imageId}|${to}`;
    const cached = this.#images.get(key);
    if (cached !== undefined && cached.byteLength === source.byteLength) {
      this.#images.delete(key);
      this.#images.set(key, cached);
      return cached;
    }
    const converted = Buffer.from(source);
    this.#convert(converted, from, to);
    this.#store(key, converted);
    return converted;
  }

  #store(key, converted) {
    this.#delete(key);
    if (converted.byteLength > this.#maxBytes) return;
    while (this.#bytesUsed + converted.byteLength > this.#maxBytes) {
      this.#delete(this.#images.keys().next().value);
    }
    this.#images.set(key, converted);
    this.#bytesUsed += converted.byteLength;
  }

  #delete(key) {
    this.#bytesUsed -= this.#images.get(key)?.byteLength ?? 0;
    this.#images.delete(key);
  }
}
