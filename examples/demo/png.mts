/** Reads HDR images from 16-bit PNG files with a `cICP` chunk (PNG, 3rd edition, 11.3.2.6). */

import { readFileSync } from "node:fs";
import { crc32, inflateSync } from "node:zlib";

import { decode } from "fast-png";
import type { HdrTransfer } from "hdr-image-transfer-cache";

/** An image in `rgb48le`: full range, BT.2020 primaries, 6 bytes a pixel. */
export interface HdrImage {
  width: number;
  height: number;
  transfer: HdrTransfer;
  samples: Buffer;
}

/** An error in what the user gave: shown as one line, without a stack. */
export class UserError extends Error {}

/** The reason in the message of a failed system call: "no such file or directory". */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "");
}

interface Chunk {
  type: string;
  data: Buffer;
  /** With length, type and checksum. */
  bytes: Buffer;
}

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
/** The end of `IHDR`: 16 bits, RGB, deflate, the usual filters, no interlacing. */
const FORMAT = Buffer.from([16, 2, 0, 0, 0]);
const MAX_PIXELS = 2 ** 26;
const EXIF_ORIENTATION = 0x0112;

/** Reads an image. Throws a {@link UserError} that names the file. */
export function readHdrPng(file: string): HdrImage {
  try {
    return decodeHdrPng(readFileSync(file));
  } catch (error) {
    throw new UserError(`${file}: ${reasonOf(error)}`);
  }
}

function decodeHdrPng(bytes: Buffer): HdrImage {
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new Error("is not a PNG file");
  const chunks = [...chunksOf(bytes)];
  const named = (name: string) => chunks.filter(({ type }) => type === name);
  const [header, secondHeader] = named("IHDR");
  if (header === undefined || header !== chunks[0] || header.data.length !== 13 || secondHeader) {
    throw new Error("does not start with its only IHDR chunk");
  }
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)];
  if (width * height === 0) throw new Error("has no pixels");
  if (width * height > MAX_PIXELS) throw new Error(`has more than ${MAX_PIXELS} pixels`);
  if (!header.data.subarray(8).equals(FORMAT))
    throw new Error("is not 16-bit RGB, without alpha or interlacing");
  if (named("tRNS").length > 0) throw new Error("has a transparent colour");
  if (named("acTL").length > 0) throw new Error("is animated");
  if (named("eXIf").some(({ data }) => orientationOf(data) !== 1))
    throw new Error("is to be rotated or mirrored");

  const imageData = named("IDAT");
  const beforeData = chunks.slice(0, chunks.indexOf(imageData[0]!));
  const transfer = transferOf(beforeData.find(({ type }) => type === "cICP")?.data);
  // The decoder takes missing rows for black.
  const size = height * (1 + 6 * width);
  const inflated = inflateSync(Buffer.concat(imageData.map(({ data }) => data)), { maxOutputLength: size });
  if (inflated.length < size) throw new Error("ends before its last row");
  const needed = [header, ...imageData, ...named("IEND")].map((chunk) => chunk.bytes);
  const { data } = decode(Buffer.concat([SIGNATURE, ...needed]));
  return { width, height, transfer, samples: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

function* chunksOf(file: Buffer): Generator<Chunk> {
  let type = "";
  for (let start = SIGNATURE.length, end; type !== "IEND"; start = end) {
    if (start + 12 > file.length) throw new Error("ends before its IEND chunk");
    end = start + 12 + file.readUInt32BE(start);
    if (end > file.length) throw new Error("has a chunk that is longer than the file");
    type = file.toString("latin1", start + 4, start + 8);
    if (crc32(file.subarray(start + 4, end - 4)) !== file.readUInt32BE(end - 4)) {
      throw new Error(`has a ${type} chunk with a wrong checksum`);
    }
    yield { type, data: file.subarray(start + 8, end - 4), bytes: file.subarray(start, end) };
  }
}

/** Code points are those of ITU-T H.273. */
function transferOf(cicp: Buffer | undefined): HdrTransfer {
  if (cicp === undefined)
    throw new Error("has no cICP chunk before its image data, so its transfer function is unknown");
  const [primaries, transfer, matrix, isFullRange] = cicp;
  if (primaries !== 9 || matrix !== 0 || isFullRange !== 1 || cicp.length !== 4) {
    throw new Error(`is not full-range RGB with BT.2020 primaries (cICP ${[...cicp]})`);
  }
  if (transfer !== 16 && transfer !== 18) throw new Error(`is neither PQ nor HLG (cICP ${[...cicp]})`);
  return transfer === 16 ? "pq" : "hlg";
}

/** The orientation in Exif data: 1 is upright. */
function orientationOf(exif: Buffer): number {
  const isLittleEndian = exif.toString("latin1", 0, 2) === "II";
  const uint16 = (at: number) => (isLittleEndian ? exif.readUInt16LE(at) : exif.readUInt16BE(at));
  const directory = isLittleEndian ? exif.readUInt32LE(4) : exif.readUInt32BE(4);
  for (let entry = 0; entry < uint16(directory); entry++) {
    const at = directory + 2 + 12 * entry;
    if (uint16(at) === EXIF_ORIENTATION) return uint16(at + 8);
  }
  return 1;
}
