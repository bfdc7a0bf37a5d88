// What the addon is compared with.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { convertTransfer } from "hdr-image-transfer-cache";

const SHA256 = {
  pq: "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c",
  hlg: "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61",
};

/** The table of one direction. */
function tableOf(from, to) {
  const table = Uint16Array.from({ length: 65536 }, (_, code) => code);
  convertTransfer(new Uint8Array(table.buffer), from, to);
  assert.equal(createHash("sha256").update(table).digest("hex"), SHA256[to]);
  return table;
}

const tables = {};

/** The table to a transfer function, made when it is first used, so that a process can begin without. */
function tableTo(to) {
  tables[to] ??= tableOf(to === "hlg" ? "pq" : "hlg", to);
  return tables[to];
}

/** The loop of the TypeScript module: bounds-checked reads and writes of 16 bits through a table. */
export function convertByLoop(buf, to) {
  const table = tableTo(to);
  for (let at = 0; at < buf.length; at += 2) {
    buf.writeUInt16LE(table[buf.readUInt16LE(at)], at);
  }
}

/** The same over a `Uint16Array`, which only aligned images allow. */
export function convertByView(buf, to) {
  const table = tableTo(to);
  const samples = new Uint16Array(buf.buffer, buf.byteOffset, buf.length / 2);
  for (let at = 0; at < samples.length; at++) samples[at] = table[samples[at]];
}

/** The cache of the TypeScript module: a `Map` in order of use, with both byteLength checks of the addon. */
export class MapCache {
  #images = new Map();
  #convert;

  /** @param convert Converts a Buffer in place to a transfer function. */
  constructor(convert = convertByLoop) {
    this.#convert = convert;
  }

  getConverted(imageId, from, to, source) {
    if (from === to) return source;
    const key = `${imageId}|${to}`;
    const kept = this.#images.get(key);
    if (kept !== undefined && kept.byteLength === source.byteLength) {
      this.#images.delete(key);
      this.#images.set(key, kept);
      return kept;
    }
    const converted = Buffer.from(source);
    this.#convert(converted, to);
    this.#images.set(key, converted);
    return converted;
  }
}

/** The TypeScript module before it had a cache. */
export const noCache = {
  getConverted(_imageId, from, to, source) {
    if (from === to) return source;
    const converted = Buffer.from(source);
    convertByLoop(converted, to);
    return converted;
  },
};
