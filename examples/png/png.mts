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

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const RGB = 2;
const COLOUR_TYPES: Record<number, string> = {
  0: "grey",
  2: "RGB",
  3: "palette",
  4: "grey with alpha",
  6: "RGBA",
};
/** 16384x16384, 1.6 GB of samples. */
const MAX_PIXELS = 2 ** 28;

// Code points of ITU-T H.273.
const BT2020_PRIMARIES = 9;
const RGB_MATRIX = 0;
const FULL_RANGE = 1;
const TRANSFER_CODES = { pq: 16, hlg: 18 } as const;

/** Reads a 16-bit RGB PNG file with a `cICP` chunk that says PQ or HLG. */
export async function readHdrPng(file: string): Promise<HdrImage> {
  return decodeHdrPng(file, await readBytes(file));
}

export function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((error) => {
    throw new UserError(`${file}: cannot be read: ${reasonOf(error)}`);
  });
}

/** Decodes what {@link readHdrPng} reads; errors name the file. */
export function decodeHdrPng(file: string, bytes: Buffer): HdrImage {
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
    throw new UserError(`${file}: is not a PNG file`);
  }
  const [header, ...chunks] = attempt(file, () => extractChunks(bytes));
  checkHeader(file, header!.data);
  const transfer = readTransfer(file, chunks.find(({ name }) => name === "cICP")?.data);
  const { width, height, data } = attempt(file, () => decode(bytes));
  return { width, height, transfer, samples: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

/** Checks the size before the decoder allocates memory for it. */
function checkHeader(file: string, header: Uint8Array): void {
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = attempt(file, () => [view.getUint32(0), view.getUint32(4)] as const);
  if (width * height === 0) throw new UserError(`${file}: has no pixels`);
  if (width * height > MAX_PIXELS) {
    throw new UserError(`${file}: is too large: ${width}x${height}, more than ${MAX_PIXELS} pixels`);
  }
  const [depth, colourType] = header.subarray(8);
  if (depth !== 16 || colourType !== RGB) {
    const kind = COLOUR_TYPES[colourType!] ?? `colour type ${colourType}`;
    throw new UserError(`${file}: is ${depth}-bit ${kind}, not 16-bit RGB`);
  }
}

function readTransfer(file: string, cicp: Uint8Array | undefined): HdrTransfer {
  if (!cicp) throw new UserError(`${file}: has no cICP chunk, so its transfer function is unknown`);
  const [primaries, transfer, matrix, range] = cicp;
  if (primaries !== BT2020_PRIMARIES || matrix !== RGB_MATRIX || range !== FULL_RANGE) {
    throw new UserError(`${file}: is not full-range RGB with BT.2020 primaries (cICP ${[...cicp]})`);
  }
  if (transfer === TRANSFER_CODES.pq) return "pq";
  if (transfer === TRANSFER_CODES.hlg) return "hlg";
  throw new UserError(`${file}: has transfer function ${transfer} (cICP), not 16 (PQ) or 18 (HLG)`);
}

function attempt<Result>(file: string, decodePart: () => Result): Result {
  try {
    return decodePart();
  } catch (error) {
    throw new UserError(`${file}: is a damaged PNG file: ${reasonOf(error)}`);
  }
}

/** Writes an image as a PNG file that {@link readHdrPng} reads back. */
export async function writeHdrPng(file: string, image: HdrImage): Promise<void> {
  await writeWhole(file, encodeHdrPng(image));
}

/** Encodes an image as a PNG file that {@link readHdrPng} reads back. */
export function encodeHdrPng({ width, height, transfer, samples }: HdrImage): Uint8Array {
  const data = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  const chunks = extractChunks(encode({ width, height, data, depth: 16, channels: 3 }));
  const cicp = [BT2020_PRIMARIES, TRANSFER_CODES[transfer], RGB_MATRIX, FULL_RANGE];
  // Before the image data; the first chunk is the header.
  chunks.splice(1, 0, { name: "cICP", data: Uint8Array.from(cicp) });
  return encodeChunks(chunks);
}
