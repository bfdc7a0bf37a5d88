/** `examples/video.mjs`, with clips that ffmpeg makes. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { convertTransfer, type HdrTransfer } from "hdr-image-transfer-cache";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { samplesOf } from "../examples/demo/images.mts";
import { outcomeOf } from "./processes.ts";

const VIDEO = resolve("examples/video.mjs");
const HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=error:lossless=1 -pix_fmt yuv420p10le";

const hasFfmpeg = !spawnSync("ffmpeg", ["-version"]).error;
if (!hasFfmpeg) console.warn("SKIPPED: examples/video.mjs, since ffmpeg is not on the PATH");

const folder = mkdtempSync(join(tmpdir(), "hdr-video-"));
afterAll(() => rmSync(folder, { recursive: true }));

function ffmpeg(options: string): Buffer {
  return execFileSync("ffmpeg", ["-v", "error", ...options.split(" ")], { cwd: folder, maxBuffer: 2 ** 30 });
}

/** Makes a clip with the colours of a transfer function, given as ffmpeg names it. */
function makeClip(file: string, source: string, transfer: string, options: string): void {
  const colour = `-color_primaries bt2020 -color_trc ${transfer} -colorspace bt2020nc -color_range tv`;
  const filter = `-vf scale=out_color_matrix=bt2020:out_range=tv,setparams=color_trc=${transfer}`;
  ffmpeg(`-f lavfi -i ${source} -f lavfi -i sine=duration=2 ${filter} ${options} ${colour} ${file}`);
}

/** Turns the first track by 90 degrees, as phones do: by the matrix in its header (ISO/IEC 14496-12, 8.3.2). */
function turn(file: string): void {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  const matrix = [0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30];
  for (const [at, value] of matrix.entries()) bytes.writeInt32BE(value, bytes.indexOf("tkhd") + 44 + 4 * at);
  writeFileSync(path, bytes);
}

/** Runs the example. */
function convert(input: string, output: string, env = process.env) {
  return outcomeOf(process.execPath, [VIDEO, input, output], { cwd: folder, env });
}

function streamsOf(file: string) {
  const args = ["-v", "error", "-show_streams", "-of", "json", file];
  return JSON.parse(execFileSync("ffprobe", args, { cwd: folder, encoding: "utf8" })).streams;
}

/**
 * The mean difference of the samples of a converted clip from the right ones, in percent of the code range. `fit` makes
 * the frames of the source fit.
 */
function errorOf(
  source: string,
  from: HdrTransfer,
  converted: string,
  to: HdrTransfer,
  fit = "null",
): number {
  const decode = (file: string, filter: string) =>
    ffmpeg(`-i ${file} -vf ${filter},scale=in_color_matrix=bt2020 -f rawvideo -pix_fmt rgb48le -`);
  const [expected, actual] = [decode(source, fit), decode(converted, "null")];
  convertTransfer(expected, from, to);
  expect(actual.length).toBe(expected.length);
  const codes = samplesOf(actual);
  const difference = samplesOf(expected).reduce((sum, code, at) => sum + Math.abs(code - codes[at]!), 0);
  return (100 * difference) / codes.length / 65535;
}

describe.skipIf(!hasFfmpeg)("examples/video.mjs", () => {
  test("an HLG clip on its side: colours, tags and sound of the PQ clip", async () => {
    const source = "gradients=size=160x96:rate=25:duration=2:seed=1:c0=teal:c1=orange";
    makeClip("hlg.mov", source, "arib-std-b67", `${HEVC} -c:a aac`);
    turn("hlg.mov");
    expect(await convert("hlg.mov", "pq.mov")).toEqual({
      code: 0,
      stdout: "frame 50 of 50\nwritten: pq.mov\n",
      stderr: "",
    });
    expect(streamsOf("pq.mov")).toMatchObject([
      {
        codec_name: "hevc",
        codec_tag_string: "hvc1",
        pix_fmt: "yuv420p10le",
        width: 96,
        height: 160,
        color_primaries: "bt2020",
        color_transfer: "smpte2084",
        color_space: "bt2020nc",
        color_range: "tv",
        avg_frame_rate: "25/1",
        nb_frames: "50",
      },
      { codec_name: "aac" },
    ]);
    expect(errorOf("hlg.mov", "hlg", "pq.mov", "pq")).toBeLessThan(0.2);
    const sound = (file: string) => ffmpeg(`-i ${file} -map 0:a -c copy -f md5 -`).toString();
    expect(sound("pq.mov")).toBe(sound("hlg.mov"));
  });

  test("a PQ clip of odd size, without sound, at a varying frame rate", async () => {
    const source =
      "gradients=size=161x97:rate=25:duration=2:seed=2:c0=teal:c1=orange,select=lt(mod(n\\,5)\\,3)";
    makeClip("pq.mkv", source, "smpte2084", "-vsync vfr -an -c:v ffv1 -pix_fmt yuv444p10le");
    expect(await convert("pq.mkv", "hlg.mp4")).toMatchObject({ code: 0, stderr: "" });
    const [stream, ...others] = streamsOf("hlg.mp4");
    expect(others).toEqual([]);
    expect(stream).toMatchObject({ width: 160, height: 96, color_transfer: "arib-std-b67" });
    expect(stream.r_frame_rate).toBe(stream.avg_frame_rate);
    expect(Number(stream.duration)).toBeCloseTo(2, 0);
    const fit = `fps=${stream.avg_frame_rate},crop=160:96:0:0`;
    expect(errorOf("pq.mkv", "pq", "hlg.mp4", "hlg", fit)).toBeLessThan(0.4);
  });

  describe("an error is one line and leaves no file", () => {
    beforeAll(() => {
      makeClip("long.mov", "testsrc2=size=320x180:rate=25:duration=20", "smpte2084", `${HEVC} -an`);
      makeClip("short.mov", "testsrc2=size=320x180:rate=25:duration=2", "smpte2084", `${HEVC} -an`);
      ffmpeg("-f lavfi -i testsrc2=duration=1 sdr.mov");
      writeFileSync(join(folder, "text.mov"), "text");
    });

    test.each([
      ["sdr.mov", "error.mov", "sdr.mov is neither PQ nor HLG: its color_transfer is not set"],
      ["text.mov", "error.mov", "text.mov: Invalid data found when processing input"],
      ["long.mov", "sdr.mov", "sdr.mov already exists"],
      ["long.mov", "", "usage: node video.mjs in.mov out.mov"],
    ])("%s to %j", async (input, output, message) => {
      const before = readdirSync(folder);
      expect(await convert(input, output)).toEqual({ code: 1, stdout: "", stderr: `${message}\n` });
      expect(readdirSync(folder)).toEqual(before);
    });

    test("no ffmpeg", async () => {
      const { code, stderr } = await convert("long.mov", "error.mov", { PATH: "" });
      const message = "ffmpeg is not installed, or not on the PATH: spawnSync ffprobe ENOENT\n";
      expect({ code, stderr }).toEqual({ code: 1, stderr: message });
    });

    // Without the frames, or without the end only.
    test.for(["long.mov", "short.mov"])("a full disk: %s", async (input, { skip }) => {
      const disk = mkdtempSync(join(folder, "disk-"));
      const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
      if (status !== 0) skip("SKIPPED: only root can mount a small disk");
      onTestFinished(() => void spawnSync("umount", [disk]));
      const { code, stderr } = await convert(input, join(disk, "out.mov"));
      expect(stderr).toMatch(/^ffmpeg: .*No space left on device\n$/);
      expect(code).toBe(1);
      expect(readdirSync(disk)).toEqual([]);
    });

    test.each(["SIGINT", "SIGTERM"] as const)("%s", async (signal) => {
      const before = readdirSync(folder);
      const child = spawn(process.execPath, [VIDEO, "long.mov", "error.mov"], { cwd: folder });
      onTestFinished(() => void child.kill("SIGKILL"));
      let errors = "";
      child.stderr.on("data", (text) => (errors += text));
      await once(child.stdout, "data");
      expect(readdirSync(folder).length).toBe(before.length + 1);
      child.kill(signal);
      expect((await once(child, "close"))[0]).toBe(1);
      expect(errors).toBe("interrupted\n");
      expect(readdirSync(folder)).toEqual(before);
    });
  });
});
