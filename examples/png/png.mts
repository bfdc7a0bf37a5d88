/** HDR images as 16-bit PNG files, the transfer function in their `cICP` chunk (PNG 3rd edition, 11.3.2.6). */

import { readFile } from "node:fs/promises";

import { decode, encode } from "fast-png";
import type { HdrTransfer } from "hdr-image-transfer-cache";
import encodeChunks from "png-chunks-encode";
import extractChunks from "png-chunks-extract";

import { writeWhole } from "./files.mts";
import { reasonOf, UserError } from "./user-error.mts";

/** An image in `rgb48le`: full range, BT.2020 primaries, 6 bytes a pixel. */
export interface HdrImage {
  width: number;
  height: number;
  transfer: HdrTransfer;
  samples: Buffer;
}

// Code points of ITU-T H.273.
const BT2020_PRIMARIES = 9;
const RGB_MATRIX = 0;
const FULL_RANGE = 1;
const TRANSFER_CODES = { pq: 16, hlg: 18 } as const;

/** Reads a PNG file of 16 bits a sample, RGB, that says it is PQ or HLG. */
export async function readHdrPng(file: string): Promise<HdrImage> {
  const bytes = await readFile(file).catch((error) => {
    throw new UserError(`${file}: cannot be read: ${reasonOf(error)}`);
  });
  const transfer = readTransfer(file, bytes);
  const { width, height, depth, channels, data } = attempt(`${file}: cannot be decoded`, () => decode(bytes));
  if (width === 0 || height === 0) throw new UserError(`${file}: has no pixels`);
  if (depth !== 16 || channels !== 3) {
    throw new UserError(
      `${file}: has ${channels} channels of ${depth} bits, where 3 of 16 bits (RGB) are needed`,
    );
  }
  return { width, height, transfer, samples: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

function readTransfer(file: string, bytes: Uint8Array): HdrTransfer {
  const chunks = attempt(`${file}: is not a whole PNG file`, () => extractChunks(bytes));
  const cicp = chunks.find((chunk) => chunk.name === "cICP");
  if (!cicp) {
    throw new UserError(`${file}: has no cICP chunk, so that its transfer function is not known`);
  }
  const [primaries, transfer, matrix, range] = cicp.data;
  if (primaries !== BT2020_PRIMARIES || matrix !== RGB_MATRIX || range !== FULL_RANGE) {
    throw new UserError(`${file}: is not full-range RGB with BT.2020 primaries (cICP ${[...cicp.data]})`);
  }
  if (transfer === TRANSFER_CODES.pq) return "pq";
  if (transfer === TRANSFER_CODES.hlg) return "hlg";
  throw new UserError(
    `${file}: has transfer function ${transfer} (cICP), which is neither 16 (PQ) nor 18 (HLG)`,
  );
}

function attempt<Result>(problem: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw new UserError(`${problem}: ${reasonOf(error)}`);
  }
}

/** Writes an image as a PNG file that {@link readHdrPng} reads back. */
export async function writeHdrPng(file: string, image: HdrImage): Promise<void> {
  await writeWhole(file, encodeHdrPng(image));
}

/** The bytes of a PNG file that {@link readHdrPng} reads back. */
export function encodeHdrPng({ width, height, transfer, samples }: HdrImage): Uint8Array {
  const data = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  const chunks = extractChunks(encode({ width, height, data, depth: 16, channels: 3 }));
  const cicp = [BT2020_PRIMARIES, TRANSFER_CODES[transfer], RGB_MATRIX, FULL_RANGE];
  // It has to stand before the image data; the first chunk is the header.
  chunks.splice(1, 0, { name: "cICP", data: Uint8Array.from(cicp) });
  return encodeChunks(chunks);
}

/** Writes 8-bit RGB as a plain PNG file, for any viewer. */
export async function writePlainPng(
  file: string,
  width: number,
  height: number,
  data: Uint8Array,
): Promise<void> {
  await writeWhole(file, encode({ width, height, data, depth: 8, channels: 3 }));
}
