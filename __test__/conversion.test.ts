import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";

import { convertTransfer, createHdrImageTransferCache, type HdrTransfer } from "hdr-image-transfer-cache";
import { describe, expect, test } from "vitest";

import { convertCode, convertedCopy, everyCode, image } from "./model.ts";

const SHA256 = {
  "hlg-pq": "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c",
  "pq-hlg": "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61",
} as const;

const DIRECTIONS: [HdrTransfer, HdrTransfer][] = [
  ["pq", "hlg"],
  ["hlg", "pq"],
];

function converted(source: Buffer, from: HdrTransfer, to: HdrTransfer): Buffer {
  return createHdrImageTransferCache().getConverted("image", from, to, source);
}

describe.each(DIRECTIONS)("%s to %s", (from, to) => {
  test("every code, to a new Buffer and in place", () => {
    const expected = convertedCopy(everyCode(), from, to);
    const inPlace = everyCode();
    convertTransfer(inPlace, from, to);
    expect(converted(everyCode(), from, to).equals(expected)).toBe(true);
    expect(inPlace.equals(expected)).toBe(true);
    expect(createHash("sha256").update(inPlace).digest("hex")).toBe(
      SHA256[`${from}-${to}` as keyof typeof SHA256],
    );
  });

  test("every length up to 100 samples", () => {
    for (let samples = 0; samples <= 100; samples++) {
      const source = image(2 * samples, samples);
      const expected = convertedCopy(source, from, to);
      expect(converted(source, from, to)).toEqual(expected);
      convertTransfer(source, from, to);
      expect(source).toEqual(expected);
    }
  });
});

test.each([
  ["18 % grey", 38.0, 37.86],
  ["83 % grey", 55.72, 71.26],
  ["90 % grey", 56.76, 72.92],
  ["HDR reference white", 58.07, 74.99],
])("BT.2408: %s is %f % in PQ and %f % in HLG", (_, pqPercent, hlgPercent) => {
  const pq = Buffer.alloc(2);
  pq.writeUInt16LE(Math.round((pqPercent / 100) * 65535));
  // Two rounded percentages are compared, hence the tolerance of 0.05.
  expect(converted(pq, "pq", "hlg").readUInt16LE() / 655.35).toBeCloseTo(hlgPercent, 1);
});

test("PQ above 1000 cd/m² saturates", () => {
  expect(convertCode(49271, "pq", "hlg")).toBe(65535);
  const highlights = everyCode().subarray(2 * 49271);
  const whites = converted(highlights, "pq", "hlg");
  expect(whites.every((byte) => byte === 0xff)).toBe(true);
});

describe("memory of any kind", () => {
  const bytes = image(60);
  const expected = convertedCopy(bytes, "pq", "hlg");

  const sources: [string, () => Uint8Array][] = [
    ["a Buffer at an odd offset", () => Buffer.concat([Buffer.alloc(1), bytes]).subarray(1)],
    ["a Buffer of the pool", () => Buffer.from(bytes)],
    ["a Uint8Array", () => new Uint8Array(bytes)],
    [
      "a Uint8Array over a SharedArrayBuffer, at an odd offset",
      () => {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
        shared.set(bytes);
        return shared;
      },
    ],
    [
      "a Uint8Array that tracks a resizable ArrayBuffer",
      () => {
        // Not in the types of the oldest Node.
        const options = { maxByteLength: 1000 } as unknown;
        const Resizable = ArrayBuffer as new (length: number, options: unknown) => ArrayBuffer;
        const array = new Uint8Array(new Resizable(bytes.length, options));
        array.set(bytes);
        return array;
      },
    ],
    [
      "a subclass",
      () => {
        class Picture extends Uint8Array {}
        return Picture.from(bytes);
      },
    ],
  ];

  test.each(sources)("%s, to a new Buffer", (_, make) => {
    const source = make();
    const result = converted(source as Buffer, "pq", "hlg");
    expect(result).toEqual(expected);
    expect(Buffer.compare(source, bytes)).toBe(0);
    expect(result.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test.each(sources)("%s, in place", (_, make) => {
    const buf = make();
    convertTransfer(buf, "pq", "hlg");
    expect(Buffer.compare(buf, expected)).toBe(0);
  });

  test("bytes around the image stay as they are", () => {
    const around = Buffer.alloc(bytes.length + 20, 0xa5);
    bytes.copy(around, 7);
    convertTransfer(around.subarray(7, 7 + bytes.length), "pq", "hlg");
    expect(around.subarray(7, 7 + bytes.length)).toEqual(expected);
    expect(Buffer.concat([around.subarray(0, 7), around.subarray(7 + bytes.length)])).toEqual(
      Buffer.alloc(20, 0xa5),
    );
  });
});

test("equal transfers leave an image in place as it is", () => {
  for (const transfer of ["pq", "hlg"] as const) {
    const buf = everyCode();
    expect(convertTransfer(buf, transfer, transfer)).toBeUndefined();
    expect(buf.equals(everyCode())).toBe(true);
  }
});

describe("whatever kernel and threads the environment asks for", () => {
  // Large enough to be split, with samples left over; every code is in it.
  const large = Buffer.concat([...Array.from({ length: 40 }, everyCode), image(154)]);
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const perChannel = sha256(convertedCopy(large, "pq", "hlg"));
  const copy = Buffer.from(large);
  convertTransfer(copy, "hlg", "pq", { ootf: "luminance" });
  const byLuminance = sha256(copy);
  const script = `
    const { createHash } = require("node:crypto");
    const { convertTransfer, createHdrImageTransferCache } = require("hdr-image-transfer-cache");
    const source = require("node:fs").readFileSync(0);
    const converted = createHdrImageTransferCache().getConverted("image", "pq", "hlg", source);
    const byLuminance = Buffer.from(source);
    convertTransfer(byLuminance, "hlg", "pq", { ootf: "luminance" });
    convertTransfer(source, "pq", "hlg");
    const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
    console.log([converted, source, byLuminance].map(hash).join(" "));
  `;

  test.each([
    {},
    { HDR_IMAGE_TRANSFER_KERNEL: "portable" },
    { HDR_IMAGE_TRANSFER_KERNEL: "portable", RAYON_NUM_THREADS: "3" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx2" },
    { HDR_IMAGE_TRANSFER_KERNEL: "avx512" },
    { HDR_IMAGE_TRANSFER_KERNEL: "no such kernel" },
    { RAYON_NUM_THREADS: "1" },
    { RAYON_NUM_THREADS: "7" },
    { RAYON_NUM_THREADS: "many" },
  ])("%j", (environment) => {
    const env = { ...process.env, ...environment };
    const child = spawnSync(process.execPath, ["-e", script], { env, input: large, encoding: "utf8" });
    expect(child.stdout).toBe(`${perChannel} ${perChannel} ${byLuminance}\n`);
  });
});
