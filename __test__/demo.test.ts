/** The demo as a user runs it, and the PNG files that it reads. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

import { decode } from "fast-png";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";

import { samplesOf, scaleToFill } from "../examples/demo/images.mts";
import { createJob, renderFrames } from "../examples/demo/job.mts";
import { type HdrImage, readHdrPng, UserError } from "../examples/demo/png.mts";
import { thrownBy } from "./contract/images.mjs";
import { outcomeOf } from "./processes.ts";

const SMALL = ["--size", "128x72", "--fps", "10", "--seconds", "2"];
const COMMAND = ["--import", "tsx", "examples/demo/main.mts"];

const folder = mkdtempSync(join(tmpdir(), "hdr-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

const demo = (...args: string[]) => outcomeOf(process.execPath, [...COMMAND, ...args]);

/** An image of greys, row by row. */
function greys(...rows: number[][]): HdrImage {
  const samples = Buffer.from(Uint16Array.from(rows.flat().flatMap((grey) => [grey, grey, grey])).buffer);
  return { width: rows[0]!.length, height: rows.length, transfer: "hlg", samples };
}

describe("frames", () => {
  test("an image is scaled by linear interpolation between pixel centres, and cut off evenly", () => {
    const scaled = (source: HdrImage, width: number, height: number) =>
      [...samplesOf(scaleToFill(source, { width, height }).samples)].filter((_, at) => at % 3 === 0);
    // By 2, the pixel centres lie halfway between those of the source.
    expect(scaled(greys([0, 100, 1000, 3000], [0, 300, 1000, 5000]), 2, 1)).toEqual([100, 2500]);
    expect(scaled(greys([1, 2, 3, 4, 5, 6]), 4, 1)).toEqual([2, 3, 4, 5]);
    // Enlarged, at 0, 0.25, 0.75 and 1 of the source.
    expect(scaled(greys([0, 100], [0, 100]), 4, 4).slice(0, 4)).toEqual([0, 25, 75, 100]);
  });

  test("still images are converted through the cache, one after the other, then each frame of a panned video", () => {
    const columns = Array.from({ length: 18 }, (_, x) => 10 * x);
    const images = [greys(columns.map(() => 1)), greys(columns)];
    const job = createJob(images, { width: 16, height: 1, fps: 1, frames: 8, transfer: "pq" });
    const calls: string[] = [];
    const frames = renderFrames(job, {
      getConverted: (id, from, to, source) => {
        calls.push(`${id} ${from} ${to}`);
        return source;
      },
      convertTransfer: (buf, from, to) => {
        calls.push(`video ${from} ${to}`);
        buf.writeUInt16LE(buf.readUInt16LE() + 1);
      },
    });
    expect(Array.from(frames, (frame) => frame.readUInt16LE())).toEqual([1, 1, 10, 10, 1, 1, 11, 11]);
    const stills = ["image-0", "image-0", "image-1", "image-1"];
    expect(calls).toEqual([...stills, "video", "video", "video", "video"].map((call) => `${call} hlg pq`));
  });
});

describe("a job", () => {
  const pixelOf = (file: string) => {
    const { width, channels, data } = decode(readFileSync(file));
    return (x: number, y: number) => [
      ...data.subarray((y * width + x) * channels, (y * width + x) * channels + 3),
    ];
  };

  test("to PQ: the HLG image is converted once, and each video frame", async () => {
    const out = join(folder, "pq");
    const { code, stdout } = await demo(...SMALL, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain("HLG to PQ, frames of 128x72\n");
    expect(stdout).toMatch(/readUInt16LE loop .*\n.*\n.* Uint16Array loop .*\n.*\n.* addon .*/);
    expect(stdout).toContain("Misses: 1, hits: 4, passthroughs: 5, cached: 0.1 MiB\n");
    expect(stdout).not.toContain("0.0 ");
    const lines = stdout.split("\n").filter((line: string) => !line.includes(folder));
    expect(Math.max(...lines.map((line: string) => line.length))).toBeLessThanOrEqual(60);

    expect(readdirSync(out)).toEqual(["frame.png", "highlights.png", "ootfs.png"]);
    expect(decode(readFileSync(join(out, "frame.png")))).toMatchObject({ width: 128, height: 72 });
    expect(decode(readFileSync(join(out, "ootfs.png")))).toMatchObject({
      width: 8 + 3 * 328,
      height: 256 + 68,
    });
    // Above the sun, red and green wrap to dark without clipping. Elsewhere the pictures are the same.
    const pixel = pixelOf(join(out, "highlights.png"));
    const [wrapped, clipped] = [pixel(8 + 207, 34 + 106), pixel(426 + 207, 34 + 106)];
    expect(Math.max(...wrapped.slice(0, 2))).toBeLessThan(16);
    expect(Math.min(...clipped)).toBeGreaterThan(200);
    expect(pixel(8 + 20, 34 + 20)).toEqual(pixel(426 + 20, 34 + 20));
  });

  test("to HLG, with other options than the loops have", async () => {
    const out = join(folder, "hlg");
    const options = ["--target", "hlg", "--ootf", "luminance", "--peak-luminance", "600", "--out", out];
    const { code, stdout } = await demo(...SMALL, ...options);
    expect(code).toBe(0);
    expect(stdout).toContain("Misses: 1, hits: 4, passthroughs: 5");
    expect(stdout).toContain("The loops convert per channel, for 1000 cd/m²");
  });

  test("of one frame, with an own image that needs no conversion", async () => {
    const out = join(folder, "own");
    const own = join(folder, "own.png");
    writeFileSync(own, png(IHDR, cicp(), IDAT));
    const oneFrame = ["--target", "hlg", "--fps", "1", "--seconds", "0.1", "--out", out];
    const { code, stdout } = await demo(own, ...SMALL, ...oneFrame);
    expect(code).toBe(0);
    expect(stdout).toContain("Misses: 0, hits: 0, passthroughs: 1");
    expect(stdout).not.toContain("NaN");
    expect(readdirSync(out)).toEqual(["frame.png", "ootfs.png"]);
  });

  test("an interrupted job leaves no folder", async () => {
    const out = join(folder, "interrupted");
    const child = spawn(process.execPath, [...COMMAND, ...SMALL, "--seconds", "600", "--out", out]);
    onTestFinished(() => void child.kill("SIGKILL"));
    for await (const text of child.stderr.setEncoding("utf8")) if (/ [1-9]\d* of 6000/.test(text)) break;
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([null, "SIGINT"]);
    expect(existsSync(out)).toBe(false);
  });
});

describe("wrong usage exits with 2 and points to --help", () => {
  test.concurrent.each([
    ["--target", "sdr", /--target.*sdr.*Allowed choices are pq, hlg/],
    ["--size", "1920", /--size.*1920.*WIDTHxHEIGHT/],
    ["--size", "4098x64", /--size.*from 64 to 4096/],
    ["--fps", "many", /--fps.*from 1 to 240/],
    ["--seconds", "", /--seconds.*from 0\.1 to 600/],
    ["--frames", "3", /unknown option '--frames'/],
  ])("%s %s", async (option, value, message) => {
    const { code, stdout, stderr } = await demo(option, value);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\nSee npm run demo -- --help\n$/);
  });
});

test.concurrent.each([
  [["none.png"], "none.png: no such file or directory"],
  [["package.json"], "package.json: is not a PNG file"],
  [["--out", "package.json"], "package.json: is not a folder"],
  [["--out", "none/out"], "none/out: no such file or directory"],
])("an error is one line, before anything is rendered: %j", async (args, message) => {
  expect(await demo(...SMALL, ...args)).toEqual({ code: 1, stdout: "", stderr: `error: ${message}\n` });
});

// A PNG file of 2x2 pixels, built from chunks.
const SAMPLES = Uint16Array.from({ length: 12 }, (_, at) => 5000 * at);
/** Rows without a filter, each after its filter type 0. */
const [ROW, ROW2] = [0, 6].map((start) =>
  Buffer.concat([Buffer.of(0), Buffer.from(SAMPLES.slice(start, start + 6).buffer).swap16()]),
) as [Buffer, Buffer];
const DATA = Buffer.concat([ROW, ROW2]);

function chunk(type: string, data: Uint8Array | number[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), Buffer.from(data), Buffer.alloc(4)]);
  bytes.writeUInt32BE(data.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

function png(...chunks: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks, chunk("IEND", [])]);
}

function ihdr(width = 2, height = 2, format = [16, 2, 0, 0, 0]): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width);
  size.writeUInt32BE(height, 4);
  return chunk("IHDR", [...size, ...format]);
}

const cicp = (...values: number[]) => chunk("cICP", values.length > 0 ? values : [9, 18, 0, 1]);
const idat = (rows: Buffer) => chunk("IDAT", deflateSync(rows));
const [IHDR, IDAT] = [ihdr(), idat(DATA)];
/** Little-endian Exif data with one entry: the orientation. */
const exif = (orientation: number) =>
  chunk("eXIf", [...Buffer.from("II*\0"), 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);

/** A file with another byte at a place. */
const changed = (at: number, value: number) => {
  const bytes = png(IHDR, cicp(), IDAT);
  bytes[at] = value;
  return bytes;
};

function readPng(bytes: Buffer): HdrImage {
  const file = join(folder, "image.png");
  writeFileSync(file, bytes);
  return readHdrPng(file);
}

test.each([
  ["HLG", "hlg", png(IHDR, cicp(), IDAT)],
  ["PQ", "pq", png(IHDR, cicp(9, 16, 0, 1), IDAT)],
  ["the first cICP of two", "pq", png(IHDR, cicp(9, 16, 0, 1), cicp(), IDAT)],
  ["upright", "hlg", png(IHDR, cicp(), exif(1), IDAT)],
  // The decoder fails for these, and need not know them.
  [
    "useless chunks",
    "hlg",
    png(IHDR, chunk("iCCP", [1]), chunk("pHYs", [1]), cicp(), IDAT, chunk("tEXt", [1])),
  ],
])("a PNG file is read: %s", (_, transfer, bytes) => {
  expect(readPng(bytes)).toEqual({ width: 2, height: 2, transfer, samples: Buffer.from(SAMPLES.buffer) });
});

test.each([
  ["no bytes", Buffer.alloc(0), /is not a PNG file/],
  ["no cICP", png(IHDR, IDAT), /has no cICP chunk before its image data/],
  ["cICP after the image data", png(IHDR, IDAT, cicp()), /has no cICP chunk before its image data/],
  ["P3 primaries", png(IHDR, cicp(12, 16, 0, 1), IDAT), /is not full-range RGB with BT.2020 .*12,16,0,1/],
  ["a matrix", png(IHDR, cicp(9, 16, 9, 1), IDAT), /is not full-range RGB/],
  ["narrow range", png(IHDR, cicp(9, 16, 0, 0), IDAT), /is not full-range RGB/],
  ["sRGB", png(IHDR, cicp(9, 13, 0, 1), IDAT), /is neither PQ nor HLG \(cICP 9,13,0,1\)/],
  ["alpha", png(ihdr(2, 2, [16, 6, 0, 0, 0]), cicp(), IDAT), /is not 16-bit RGB/],
  ["8 bits", png(ihdr(2, 2, [8, 2, 0, 0, 0]), cicp(), IDAT), /is not 16-bit RGB/],
  ["interlaced", png(ihdr(2, 2, [16, 2, 0, 0, 1]), cicp(), IDAT), /is not 16-bit RGB/],
  ["tRNS", png(IHDR, cicp(), chunk("tRNS", [0, 0, 0, 0, 0, 0]), IDAT), /has a transparent colour/],
  ["animated", png(IHDR, chunk("acTL", [0, 0, 0, 1, 0, 0, 0, 0]), cicp(), IDAT), /is animated/],
  ["rotated, after the image data", png(IHDR, cicp(), IDAT, exif(6)), /is to be rotated or mirrored/],
  ["damaged Exif data", png(IHDR, cicp(), chunk("eXIf", [73, 73]), IDAT), /./],
  ["no pixels", png(ihdr(0, 2), cicp(), IDAT), /has no pixels/],
  ["too many pixels", png(ihdr(60_000, 60_000), cicp(), IDAT), /has more than 67108864 pixels/],
  ["far too few rows", png(ihdr(8000, 8000), cicp(), IDAT), /ends before its last row/],
  ["a missing row", png(IHDR, cicp(), idat(ROW)), /ends before its last row/],
  ["a part of a row", png(IHDR, cicp(), idat(DATA.subarray(0, -1))), /ends before its last row/],
  ["too much data", png(IHDR, cicp(), idat(Buffer.alloc(1000))), /larger than/],
  ["a second IHDR", png(IHDR, cicp(), ihdr(1, 1), IDAT), /only IHDR/],
  ["IHDR not the first", png(cicp(), IHDR, IDAT), /only IHDR/],
  ["no IDAT", png(IHDR, cicp()), /unexpected end of file/],
  ["cut off", png(IHDR, cicp(), IDAT).subarray(0, -12), /ends before its IEND chunk/],
  ["a wrong length", changed(33, 255), /longer than the file/],
  ["a wrong checksum", changed(42, 16), /has a cICP chunk with a wrong checksum/],
])("a PNG file is rejected: %s", (_, bytes, message) => {
  const error = thrownBy(() => readPng(bytes)) as Error;
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(message);
  // One line, which names the file.
  expect(error.message).toMatch(/^\S*image\.png: .+$/);
});
