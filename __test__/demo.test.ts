/** The demo as a user runs it: what it writes and says, and what it says when something is wrong. */

import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode, encode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";
import encodeChunks from "png-chunks-encode";
import extractChunks from "png-chunks-extract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { readHdrPng, writeHdrPng } from "../examples/png/png.mts";
import { scaleToFill } from "../examples/demo/render.mts";
import { convertedCopy, image } from "./model.ts";

const SUNSET = "examples/images/sunset-pq-512x256.png";
const VENICE = "examples/images/venice-hlg-512x256.png";
const SMALL = ["--size", "128x72", "--fps", "10", "--seconds", "2"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hdr-demo-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function demo(args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Result> {
  const command = [require.resolve("tsx/cli"), "examples/demo/main.mts", ...args];
  return new Promise((done) => {
    execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** The cells of a row of the table. */
function row({ stdout }: Result, name: string): string[] {
  const line = stdout.split("\n").find((text) => text.startsWith(`│ ${name} `));
  return line!
    .split("│")
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe("a job", () => {
  test("to HLG: the PQ image is converted once, and then a hit", async () => {
    const out = join(folder, "hlg");
    const result = await demo([...SMALL, "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    // 20 frames, the last 10 with two scenes.
    expect(row(result, "frames")).toEqual(["20", "20"]);
    expect(row(result, "conversions")).toEqual(["1", "30"]);
    expect(row(result, "hits")).toEqual(["29", "0"]);
    expect(row(result, "passthroughs")).toEqual(["30", "30"]);
    expect(await readdir(out)).toEqual(["frame.png", "highlights.png", "ootfs.png"]);

    const frame = await readHdrPng(join(out, "frame.png"));
    expect(frame).toMatchObject({ width: 128, height: 72, transfer: "hlg" });
    // Above the inset, there is the background alone.
    const background = scaleToFill("", await readHdrPng(SUNSET), 128, 72);
    const upperHalf = 128 * 36 * 6;
    const expected = convertedCopy(background.samples.subarray(0, upperHalf), "pq", "hlg");
    expect(frame.samples.subarray(0, upperHalf).equals(expected)).toBe(true);

    const highlights = decode(await readFile(join(out, "highlights.png")));
    expect(highlights).toMatchObject({ width: 810, height: 400, depth: 8, channels: 3 });
    const pixel = (x: number, y: number) => [...highlights.data.subarray((y * 810 + x) * 3).subarray(0, 3)];
    // The same spot in the glow: red wraps to black on the left, and is as bright as it gets on the right.
    const [wrapped, saturated] = [pixel(160, 175), pixel(160 + 410, 175)];
    expect(wrapped[0]).toBeLessThan(16);
    expect(saturated[0]).toBe(255);
    // Elsewhere both are the same.
    expect(pixel(20, 20)).toEqual(pixel(20 + 410, 20));
  });

  test("to PQ: the HLG image is converted, once for each of its sizes", async () => {
    const out = join(folder, "pq");
    const result = await demo([...SMALL, "--target", "pq", "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    expect(row(result, "conversions")).toEqual(["2", "30"]);
    expect(row(result, "hits")).toEqual(["28", "0"]);
    expect(await readHdrPng(join(out, "frame.png"))).toMatchObject({ transfer: "pq" });
  });

  test("by luminance, for another display", async () => {
    const out = join(folder, "luminance");
    const options = ["--ootf", "luminance", "--peak-luminance", "600"];
    expect(await demo([...SMALL, ...options, "--out", out])).toMatchObject({ code: 0 });
    const frame = await readHdrPng(join(out, "frame.png"));
    const background = scaleToFill("", await readHdrPng(SUNSET), 128, 72);
    convertTransfer(background.samples, "pq", "hlg", { ootf: "luminance", peakLuminance: 600 });
    const upperHalf = 128 * 36 * 6;
    expect(frame.samples.subarray(0, upperHalf).equals(background.samples.subarray(0, upperHalf))).toBe(true);

    const ootfs = decode(await readFile(join(out, "ootfs.png")));
    expect(ootfs).toMatchObject({ width: 810, height: 400, depth: 8, channels: 3 });
    const half = (left: number) =>
      Array.from({ length: 400 }, (_, y) => ootfs.data.subarray((y * 810 + left) * 3).subarray(0, 1200));
    expect(half(0)).not.toEqual(half(410));
  });

  test("of one's own images", async () => {
    const own = join(folder, "own.png");
    await writeHdrPng(own, { width: 10, height: 20, transfer: "hlg", samples: image(1200) });
    const out = join(folder, "own");
    const result = await demo([...SMALL, "--background", own, "--inset", VENICE, "--out", out]);
    expect(result).toMatchObject({ code: 0 });
    expect(row(result, "conversions")).toEqual(["0", "0"]);
    // Without a PQ image, there are no highlights to saturate.
    expect(await readdir(out)).toEqual(["frame.png", "ootfs.png"]);
  });

  test.skipIf(spawnSync("ffmpeg", ["-version"]).error)("to video", async () => {
    const video = join(folder, "video.mp4");
    const result = await demo([...SMALL, "--out", join(folder, "video"), "--video", video]);
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

test("a PNG file is read as it was written", async () => {
  for (const transfer of ["pq", "hlg"] as const) {
    const file = join(folder, `${transfer}.png`);
    const written = { width: 5, height: 7, transfer, samples: image(210) };
    await writeHdrPng(file, written);
    expect(await readHdrPng(file)).toEqual(written);
    const chunk = extractChunks(await readFile(file))[1]!;
    expect([chunk.name, ...chunk.data]).toEqual(["cICP", 9, transfer === "pq" ? 16 : 18, 0, 1]);
  }
});

describe("what is wrong is said in a line", () => {
  async function expectError(
    args: string[],
    message: string | RegExp,
    env?: NodeJS.ProcessEnv,
  ): Promise<void> {
    const out = await mkdtemp(join(folder, "out-"));
    const { code, stdout, stderr } = await demo([...SMALL, "--out", out, ...args], env);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(message);
    expect(stderr).not.toContain("    at ");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(await readdir(out)).toEqual([]);
  }

  /** A PNG file of the sunset, with other chunks. */
  async function withChunks(name: string, change: (chunk: { name: string; data: Uint8Array }) => unknown) {
    const chunks = extractChunks(await readFile(SUNSET));
    const file = join(folder, `${name}.png`);
    await writeFile(file, encodeChunks(chunks.filter((chunk) => change(chunk) !== null)));
    return file;
  }

  test("no such file", async () => {
    await expectError(
      ["--inset", "none.png"],
      /^error: none\.png: cannot be read: no such file or directory$/,
    );
  });

  test("not a PNG file", async () => {
    await expectError(["--inset", "package.json"], /^error: package\.json: is not a whole PNG file: /);
  });

  test("a PNG file cut short", async () => {
    const file = join(folder, "short.png");
    await writeFile(file, (await readFile(SUNSET)).subarray(0, 100_000));
    await expectError(["--inset", file], /^error: .*short\.png: is not a whole PNG file: /);
  });

  test("a damaged PNG file", async () => {
    const bytes = await readFile(SUNSET);
    bytes[100_000]! ^= 1;
    const file = join(folder, "damaged.png");
    await writeFile(file, bytes);
    await expectError(["--inset", file], /^error: .*damaged\.png: is not a whole PNG file: CRC /);
  });

  test("no cICP chunk", async () => {
    const file = await withChunks("untagged", ({ name }) => (name === "cICP" ? null : name));
    await expectError(["--background", file], /^error: .*untagged\.png: has no cICP chunk/);
  });

  test("another transfer function", async () => {
    const file = await withChunks("sdr", ({ name, data }) => name === "cICP" && (data[1] = 13));
    await expectError(
      ["--background", file],
      /^error: .*sdr\.png: has transfer function 13 \(cICP\), .*PQ.*HLG/,
    );
  });

  test("narrow range", async () => {
    const file = await withChunks("narrow", ({ name, data }) => name === "cICP" && (data[3] = 0));
    await expectError(["--background", file], /^error: .*narrow\.png: is not full-range RGB/);
  });

  test("8 bits", async () => {
    const chunks = extractChunks(encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3 }));
    chunks.splice(1, 0, { name: "cICP", data: Uint8Array.of(9, 16, 0, 1) });
    const file = join(folder, "8-bit.png");
    await writeFile(file, encodeChunks(chunks));
    await expectError(
      ["--background", file],
      /^error: .*8-bit\.png: has 3 channels of 8 bits, where 3 of 16/,
    );
  });

  test.each([
    ["--target", "sdr", /--target.*sdr.*Allowed choices are pq, hlg/],
    ["--size", "1920", /--size.*1920.*WIDTHxHEIGHT/],
    ["--size", "0x0", /--size.*0x0.*WIDTHxHEIGHT/],
    ["--size", "1921x1080", /--size.*even/],
    ["--out", "", /--out.*folder/],
    ["--video", "", /--video.*\.mp4/],
    ["--video", "video.webm", /--video.*\.mp4/],
    ["--fps", "0", /--fps.*from 1 to 240/],
    ["--fps", "many", /--fps.*from 1 to 240/],
    ["--seconds", "", /--seconds.*from 0\.1 to 600/],
    ["--seconds", "1e9", /--seconds.*from 0\.1 to 600/],
    ["--frames", "3", /unknown option '--frames'/],
    ["sunset.png", "venice.png", /too many arguments/],
  ])("%s %s", async (option, value, message) => {
    await expectError([option, value], message);
  });

  test("a file where the folder should be", async () => {
    const { code, stderr } = await demo([...SMALL, "--out", "package.json"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: package.json: cannot be created: file already exists\n",
    });
  });

  test.runIf(process.platform === "linux")("a folder that cannot be", async () => {
    const { code, stderr } = await demo([...SMALL, "--out", "/proc/none"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: "error: /proc/none: cannot be created: no such file or directory\n",
    });
  });

  test("a folder where a file should be", async () => {
    const out = join(folder, "taken");
    await mkdir(join(out, "frame.png"), { recursive: true });
    const { code, stderr } = await demo([...SMALL, "--out", out]);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^error: .*frame\.png: cannot be written: /);
    expect(code).toBe(1);
    expect(await readdir(out)).toEqual(["frame.png"]);
  });

  test("no ffmpeg", async () => {
    const video = join(folder, "none.mp4");
    await expectError(["--video", video], /^error: --video needs ffmpeg, which is not on the PATH$/, {
      PATH: "",
    });
    expect(await readdir(folder)).not.toContain("none.mp4");
  });

  test.skipIf(spawnSync("ffmpeg", ["-version"]).error)("an interrupt leaves no video behind", async () => {
    const out = await mkdtemp(join(folder, "interrupted-"));
    const video = ["--seconds", "600", "--out", out, "--video", join(out, "video.mp4")];
    const child = spawn(process.execPath, ["--import", "tsx", "examples/demo/main.mts", ...SMALL, ...video]);
    const hasBegun = async () => (await readdir(out)).includes("video.mp4.partial.mp4");
    while (!(await hasBegun())) await setTimeout(20);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([1, null]);
    expect(await readdir(out)).toEqual([]);
  });

  test.skipIf(spawnSync("ffmpeg", ["-version"]).error)("ffmpeg fails", async () => {
    const video = join(folder, "no-such-folder", "video.mp4");
    await expectError(["--video", video], /^error: .*video\.mp4: ffmpeg failed: .*No such file or directory/);
  });
});
