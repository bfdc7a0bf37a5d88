/** HDR images as PNG files: read as they were written, and rejected with the reason. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encode } from "fast-png";
import encodeChunks from "png-chunks-encode";
import extractChunks from "png-chunks-extract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { readHdrPng, writeHdrPng } from "../examples/png/png.mts";
import { UserError } from "../examples/png/user-error.mts";
import { SUNSET } from "./examples.ts";
import { image } from "./model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hdr-png-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(["pq", "hlg"] as const)("%s is read as it was written", async (transfer) => {
  const file = join(folder, `${transfer}.png`);
  const written = { width: 5, height: 7, transfer, samples: image(210) };
  await writeHdrPng(file, written);
  expect(await readHdrPng(file)).toEqual(written);
  const chunk = extractChunks(await readFile(file))[1]!;
  expect([chunk.name, ...chunk.data]).toEqual(["cICP", 9, transfer === "pq" ? 16 : 18, 0, 1]);
});

type Change = (chunk: { name: string; data: Uint8Array }) => unknown;

/** The bytes of the sunset with changed chunks; those for which `change` returns `null` are dropped. */
async function withChunks(change: Change): Promise<Uint8Array> {
  return encodeChunks(extractChunks(await readFile(SUNSET)).filter((chunk) => change(chunk) !== null));
}

function setCicp(at: number, value: number): Change {
  return ({ name, data }) => name === "cICP" && (data[at] = value);
}

function setSize(width: number, height: number): Change {
  return ({ name, data }) => {
    if (name === "IHDR") Buffer.from(data.buffer, data.byteOffset).writeUInt32BE(width, 0);
    if (name === "IHDR") Buffer.from(data.buffer, data.byteOffset).writeUInt32BE(height, 4);
  };
}

test.each<[string, () => Promise<Uint8Array>, RegExp]>([
  ["text", () => readFile("package.json"), /is not a PNG file$/],
  ["empty", async () => new Uint8Array(), /is not a PNG file$/],
  ["cut short", async () => (await readFile(SUNSET)).subarray(0, 100_000), /is a damaged PNG file: /],
  ["one bit flipped", async () => flipBit(await readFile(SUNSET), 100_000), /is a damaged PNG file: CRC /],
  ["without cICP", () => withChunks(({ name }) => (name === "cICP" ? null : name)), /has no cICP chunk/],
  [
    "cICP: BT.709 primaries",
    () => withChunks(setCicp(0, 1)),
    /is not full-range RGB with BT\.2020 .*1,16,0,1/,
  ],
  ["cICP: sRGB", () => withChunks(setCicp(1, 13)), /has transfer function 13 \(cICP\), not 16 \(PQ\) or 18/],
  ["cICP: a YCbCr matrix", () => withChunks(setCicp(2, 9)), /is not full-range RGB/],
  ["cICP: narrow range", () => withChunks(setCicp(3, 0)), /is not full-range RGB/],
  ["60000x60000", () => withChunks(setSize(60_000, 60_000)), /is too large: 60000x60000/],
  ["16000x16000 without the data", () => withChunks(setSize(16_000, 16_000)), /is a damaged PNG file/],
  ["0x256", () => withChunks(setSize(0, 256)), /has no pixels/],
  [
    "8 bits",
    async () => encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3 }),
    /is 8-bit RGB, not/,
  ],
  [
    "alpha",
    async () => encode({ width: 1, height: 1, depth: 16, data: new Uint16Array(4), channels: 4 }),
    /is 16-bit RGBA/,
  ],
])("rejected: %s", async (name, bytes, message) => {
  const file = join(folder, `${name.replace(/\W/g, "-")}.png`);
  await writeFile(file, await bytes());
  const error = await readHdrPng(file).catch((reason: unknown) => reason as Error);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message.startsWith(`${file}: `)).toBe(true);
});

function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 1;
  return bytes;
}
