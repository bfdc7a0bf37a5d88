/** The demo as a user runs it: what it renders, prints and rejects. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { drawTiles, samplesOf, scaleToFill } from "../examples/demo/images.mts";
import { type ImageLayer, type Job, renderFrames, type VideoLayer } from "../examples/demo/render.mts";
import { createHdrImageTransferCache } from "../examples/demo/typescript-module.mts";
import { type HdrImage, readHdrPng, writeHdrPng } from "../examples/png/png.mts";
import { interrupt, missing, type Result, run, start, SUNSET, VENICE, waitUntil } from "./examples.ts";
import { convertedCopy, image } from "./model.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const noFfmpeg = missing("ffmpeg");
const SMALL = ["--size", "128x72", "--fps", "10", "--seconds", "2"];
const PQ_JOB = { height: 1, fps: 1, transfer: "pq" } as const;
const SMALL_SIZE = { width: 128, height: 72 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hdr-demo-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** An image of greys, row by row. */
function greys(...rows: number[][]): HdrImage {
  const samples = Uint16Array.from(rows.flat().flatMap((grey) => [grey, grey, grey]));
  return {
    width: rows[0]!.length,
    height: rows.length,
    transfer: "pq",
    samples: Buffer.from(samples.buffer),
  };
}

function redsOf(samples: Buffer): number[] {
  return [...samplesOf(samples)].filter((_, at) => at % 3 === 0);
}

describe("frames", () => {
  test("an image is scaled by linear interpolation between pixel centres", () => {
    const scaled = (source: HdrImage, width: number, height: number) =>
      redsOf(scaleToFill(source, { width, height }).samples);
    // By 2, the pixel centres lie halfway between those of the source.
    expect(scaled(greys([0, 100, 1000, 3000], [0, 300, 1000, 5000]), 2, 1)).toEqual([100, 2500]);
    // By 1.5, at 0.25 and 1.75 of the source.
    const row = [0, 100, 200];
    const large = row.map((y) => row.map((x) => x + 10 * y));
    expect(scaled(greys(...large), 2, 2)).toEqual([25 + 250, 175 + 250, 25 + 1750, 175 + 1750]);
  });

  test("what exceeds the size is cut off evenly", () => {
    const { samples } = scaleToFill(greys([1, 2, 3, 4, 5, 6]), { width: 4, height: 1 });
    expect(redsOf(samples)).toEqual([2, 3, 4, 5]);
  });

  test("small images are repeated; a pan moves the rows in turn to the left and to the right", () => {
    const frame = Buffer.alloc(6 * 6 * 3);
    const rows = () => [0, 1, 2].map((row) => redsOf(frame.subarray(36 * row, 36 * (row + 1))));
    drawTiles(greys([1, 2, 3, 4]), frame, { width: 6, height: 3 });
    expect(rows()).toEqual([
      [1, 2, 3, 4, 1, 2],
      [3, 4, 1, 2, 3, 4],
      [1, 2, 3, 4, 1, 2],
    ]);
    drawTiles(greys([1, 2, 3, 4]), frame, { width: 6, height: 3 }, 3);
    expect(rows()).toEqual([
      [4, 1, 2, 3, 4, 1],
      [4, 1, 2, 3, 4, 1],
      [4, 1, 2, 3, 4, 1],
    ]);
  });

  test("one scene fades into the other in equal steps", () => {
    const layer = (id: string, code: number): ImageLayer => ({ image: { id, ...greys([code]) }, x: 0, y: 0 });
    const job: Job = {
      ...PQ_JOB,
      width: 1,
      frames: 6,
      transitionStart: 1,
      transitionFrames: 3,
      scenes: [() => [layer("from", 1000)], () => [layer("to", 5000)]],
    };
    const converter = { ...createHdrImageTransferCache(), convertTransfer: () => {} };
    const codes = Array.from(renderFrames(job, converter), (frame) => frame.readUInt16LE(0));
    expect(codes).toEqual([1000, 2000, 3000, 4000, 5000, 5000]);
  });

  test("a video frame is converted each time, and covered by what is in front of it", () => {
    const video: VideoLayer = {
      transfer: "hlg",
      decode: (time, frame) => void greys([1000 * time, 7]).samples.copy(frame),
    };
    const still: ImageLayer = { image: { id: "still", ...greys([9]) }, x: 1, y: 0 };
    const job: Job = {
      ...PQ_JOB,
      width: 2,
      frames: 4,
      transitionStart: 0,
      transitionFrames: 0,
      scenes: [() => [], () => [video, still]],
    };
    const addOne = (buf: Buffer) => samplesOf(buf).forEach((code, at, samples) => (samples[at] = code + 1));
    const converter = { ...createHdrImageTransferCache(), convertTransfer: addOne };
    const frames = Array.from(renderFrames(job, converter), (frame) => redsOf(frame));
    expect(frames).toEqual([
      [1, 9],
      [251, 9],
      [501, 9],
      [751, 9],
    ]);
  });
});

test("the TypeScript module caches, and evicts the least recently used image", () => {
  const cache = createHdrImageTransferCache(12);
  const convert = (id: string) => cache.getConverted(id, "hlg", "pq", Buffer.alloc(6));
  const [a, b] = [convert("a"), convert("b")];
  expect(convert("a")).toBe(a);
  const c = convert("c");
  expect([convert("a") === a, convert("c") === c, convert("b") === b]).toEqual([true, true, false]);
});

describe("a job", () => {
  /** The first lines after the table. */
  const summary = ({ stdout }: Result) => stdout.slice(stdout.lastIndexOf("┘") + 2);
  const HALF = 128 * 36 * 6;

  test("to HLG: the PQ image is converted once, then cached, and each video frame is converted", async () => {
    const out = join(folder, "hlg");
    const result = await run("demo", [...SMALL, "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    // 20 frames: 15 with the first scene, 15 with the second.
    expect(result.stdout).toContain("first frame: converts the still images");
    expect(result.stdout).toContain("later frame: cache hits (median of 19)");
    expect(result.stdout).toContain("video frame: converted in place (median of 15)");
    expect(summary(result)).toMatch(
      /^Cache of the addon: 1 cache miss, 29 hits, 15 passthroughs, 0\.1 MiB\n/,
    );
    expect(summary(result)).toMatch(
      /\nWith the addon, converting the first frame takes \S+ ms instead of \S+ ms, and each video frame takes \S+ ms instead of \S+ ms\.\n/,
    );
    expect(await readdir(out)).toEqual(["frame.png", "highlights.png", "ootfs.png"]);

    const frame = await readHdrPng(join(out, "frame.png"));
    expect(frame).toMatchObject({ ...SMALL_SIZE, transfer: "hlg" });
    // The inset is below.
    const background = scaleToFill(await readHdrPng(SUNSET), SMALL_SIZE);
    const expected = convertedCopy(background.samples.subarray(0, HALF), "pq", "hlg");
    expect(frame.samples.subarray(0, HALF).equals(expected)).toBe(true);
  });

  test("draws the highlights: wrapped on the left, clipped on the right, the same elsewhere", async () => {
    const out = join(folder, "pictures");
    expect(await run("demo", [...SMALL, "--out", out])).toMatchObject({ code: 0 });
    const { width, height, channels, data } = decode(await readFile(join(out, "highlights.png")));
    expect({ width, height }).toEqual({ width: 512 + 8 + 512, height: 34 + 256 });
    const pixel = (x: number, y: number) => {
      const at = ((34 + y) * width + x) * channels;
      return [...data.subarray(at, at + 3)];
    };
    // Above the sun, red and green wrap to dark.
    const [wrapped, clipped] = [pixel(307, 112), pixel(520 + 307, 112)];
    expect(Math.max(...wrapped.slice(0, 2))).toBeLessThan(16);
    expect(Math.min(...clipped)).toBeGreaterThan(200);
    expect(pixel(20, 20)).toEqual(pixel(520 + 20, 20));
    // The label is there.
    const label = Array.from({ length: 30 * width }, (_, at) => data[at * channels]!);
    expect(label.filter((red) => red < 64).length).toBeGreaterThan(500);

    const ootfs = decode(await readFile(join(out, "ootfs.png")));
    expect(ootfs).toMatchObject({ width: 3 * 340 + 2 * 8, height: 34 + 256 });
  });

  test("to PQ: the HLG image is converted once", async () => {
    const out = join(folder, "pq");
    const result = await run("demo", [...SMALL, "--target", "pq", "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    expect(summary(result)).toContain("1 cache miss, 14 hits, 30 passthroughs");
    expect(await readHdrPng(join(out, "frame.png"))).toMatchObject({ transfer: "pq" });
  });

  test("with the luminance OOTF, for another display", async () => {
    const out = join(folder, "luminance");
    const options = ["--ootf", "luminance", "--peak-luminance", "600"];
    const result = await run("demo", [...SMALL, ...options, "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    expect(summary(result)).toContain("The TypeScript module converts per channel");
    const frame = await readHdrPng(join(out, "frame.png"));
    const background = scaleToFill(await readHdrPng(SUNSET), SMALL_SIZE);
    convertTransfer(background.samples, "pq", "hlg", { ootf: "luminance", peakLuminance: 600 });
    expect(frame.samples.subarray(0, HALF).equals(background.samples.subarray(0, HALF))).toBe(true);
  });

  test("with HLG images only, smaller than the frame", async () => {
    const own = join(folder, "own.png");
    await writeHdrPng(own, { width: 10, height: 20, transfer: "hlg", samples: image(1200) });
    const out = join(folder, "own");
    const result = await run("demo", [...SMALL, "--background", own, "--inset", VENICE, "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    expect(summary(result)).toContain("0 cache misses, 0 hits, 45 passthroughs");
    expect(summary(result)).toMatch(/\nWith the addon, converting each video frame takes /);
    expect(await readdir(out)).toEqual(["frame.png", "ootfs.png"]);
  });

  test("of one frame", async () => {
    const out = join(folder, "one");
    const args = ["--size", "64x64", "--fps", "1", "--seconds", "0.1", "--out", out];
    const result = await run("demo", args);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).not.toMatch(/later frame/i);
    expect(result.stdout).toContain("(median of 1)");
  });

  test.skipIf(noFfmpeg)(`as a video${noFfmpeg}`, async () => {
    const out = join(folder, "video");
    const video = join(out, "video.mp4");
    const result = await run("demo", [...SMALL, "--out", out, "--video", video]);
    expect(result).toMatchObject({ code: 0 });
    const probe = ["-v", "error", "-show_streams", "-of", "json", video];
    const { streams } = JSON.parse(spawnSync("ffprobe", probe, { encoding: "utf8" }).stdout);
    expect(streams).toMatchObject([
      {
        codec_name: "hevc",
        pix_fmt: "yuv420p10le",
        color_primaries: "bt2020",
        color_transfer: "arib-std-b67",
        color_space: "bt2020nc",
        nb_frames: "20",
      },
    ]);
  });
});

test("--help names the limits of --size", async () => {
  const { code, stdout } = await run("demo", ["--help"]);
  expect({ code, text: stdout.replace(/\s+/g, " ") }).toEqual({
    code: 0,
    text: expect.stringContaining("size of the frames, both even, from 64 to 8192"),
  });
});

describe("wrong usage exits with 2 and points to --help", () => {
  test.concurrent.each([
    ["--target", "sdr", /--target.*sdr.*Allowed choices are pq, hlg/],
    ["--size", "1920", /--size.*1920.*WIDTHxHEIGHT/],
    ["--size", "0x0", /--size.*0x0.*WIDTHxHEIGHT/],
    ["--size", "1921x1080", /--size.*even/],
    ["--size", "8194x64", /--size.*from 64 to 8192/],
    ["--out", "", /--out.*empty/],
    ["--background", "", /--background.*empty/],
    ["--video", "", /--video.*\.mp4/],
    ["--video", "video.webm", /--video.*\.mp4/],
    ["--fps", "0", /--fps.*from 1 to 240/],
    ["--fps", "many", /--fps.*from 1 to 240/],
    ["--seconds", "", /--seconds.*from 0\.1 to 600/],
    ["--seconds", "1e9", /--seconds.*from 0\.1 to 600/],
    ["--frames", "3", /unknown option '--frames'/],
    ["sunset.png", "venice.png", /too many arguments/],
  ])("%s %s", async (option, value, message) => {
    const { code, stdout, stderr } = await run("demo", [option, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines[0]).toMatch(message);
    expect(lines.slice(-2)).toEqual(["See npm run demo -- --help", ""]);
  });
});

describe("an error is one line, before anything is rendered", () => {
  async function expectError(args: string[], message: string, env?: NodeJS.ProcessEnv): Promise<void> {
    const out = join(await mkdtemp(join(folder, "error-")), "out");
    const { code, stderr } = await run("demo", [...SMALL, "--out", out, ...args], env);
    // There is no progress bar.
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error: ${message}\n` });
    expect(existsSync(out) ? await readdir(out) : []).toEqual([]);
  }

  test("a missing file", async () => {
    await expectError(["--inset", "none.png"], "none.png: cannot be read: no such file or directory");
  });

  test("a text file", async () => {
    await expectError(["--background", "package.json"], "package.json: is not a PNG file");
  });

  test("a file in place of the folder", async () => {
    await expectError(["--out", "package.json"], "package.json: cannot be created: file already exists");
  });

  test.runIf(process.platform === "linux")("a folder that cannot be created", async () => {
    await expectError(["--out", "/proc/none"], "/proc/none: cannot be created: no such file or directory");
  });

  test("a folder in place of a picture", async () => {
    const out = join(folder, "taken");
    const picture = join(out, "ootfs.png");
    await mkdir(picture, { recursive: true });
    await expectError(["--out", out], `${picture}: is not a regular file`);
    expect(await readdir(out)).toEqual(["ootfs.png"]);
  });

  test("a video in a missing folder", async () => {
    const video = join("no-such-folder", "video.mp4");
    await expectError(["--video", video], `${video}: cannot be written: no such file or directory`);
  });

  test("no ffmpeg", async () => {
    const video = join(folder, "none.mp4");
    await expectError(["--video", video], "--video needs ffmpeg, which is not on the PATH", { PATH: "" });
    expect(await readdir(folder)).not.toContain("none.mp4");
  });
});

test.skipIf(process.platform === "win32")(
  "an error of ffmpeg is shown with the name of the video",
  async () => {
    const bin = await mkdtemp(join(folder, "bin-"));
    await writeFile(join(bin, "ffmpeg"), "#!/bin/sh\necho no such encoder >&2; exit 1\n", { mode: 0o755 });
    const video = join(bin, "video.mp4");
    const args = [...SMALL, "--out", join(bin, "out"), "--video", video];
    const { code, stderr } = await run("demo", args, { PATH: bin });
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(`error: ${video}: ffmpeg failed: no such encoder`);
    expect(code).toBe(1);
    expect(await readdir(bin)).toEqual(["ffmpeg", "out"]);
    expect(await readdir(join(bin, "out"))).toEqual([]);
  },
);

test.skipIf(noFfmpeg)(`an interrupt removes the unfinished video${noFfmpeg}`, async () => {
  const out = await mkdtemp(join(folder, "interrupted-"));
  const video = ["--seconds", "600", "--out", out, "--video", join(out, "video.mp4")];
  const child = start("demo", [...SMALL, ...video]);
  await waitUntil(() => existsSync(join(out, "video.mp4.partial.mp4")));
  expect(await interrupt(child)).toEqual([null, "SIGINT"]);
  expect(await readdir(out)).toEqual([]);
});
