/** The example of README.md as it stands, with ffmpeg and a clip that it makes. */

import { exec, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";

import { convertTransfer } from "hdr-image-transfer-cache";
import { run } from "./processes.ts";

const [WIDTH, HEIGHT, BANNER_HEIGHT] = [1920, 1080, 120];
/** The left and the right half of each frame, and the banner: the R, G and B code values in HLG. */
const FRAMES = Array.from({ length: 5 }, (_, at) => ({
  left: [20_000 + 5000 * at, 12_000, 55_000],
  right: [60_000, 44_000 - 4000 * at, 10_000],
}));
const BANNER = [30_000, 52_000, 45_000];
const TO_YUV = "format=gbrp16le,zscale=min=gbr:rin=full:m=2020_ncl:r=limited:c=topleft,format=yuv420p10le";
/** Of 65535, for what 10 bits, subsampling and compression lose. */
const TOLERANCE = 600;

const hasFfmpeg = !spawnSync("ffmpeg", ["-version"]).error;
if (!hasFfmpeg) console.warn("SKIPPED: the example of README.md, since ffmpeg is not on the PATH");

const folder = mkdtempSync(join(tmpdir(), "hdr-readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [, example = "", command = ""] =
  /<!-- example -->\s+```js\s+([^]*?)\s+```\s+```sh\s+(.*)\s+```/.exec(readFileSync("README.md", "utf8")) ??
  [];

beforeAll(() => {
  writeFileSync(join(folder, "overlay.mjs"), example);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("."), join(folder, "node_modules", "hdr-image-transfer-cache"), "junction");
});

test("it has at most 25 lines", () => {
  expect(example).toContain("convertTransfer(");
  expect(example.split("\n").length).toBeLessThanOrEqual(25);
});

function ffmpeg(args: string, input?: Buffer): Buffer {
  const options = { cwd: folder, input, maxBuffer: 2 ** 30 };
  return execFileSync("ffmpeg", ["-v", "error", ...args.split(" ")], options);
}

test.skipIf(!hasFfmpeg)("a video layer and a banner in HLG become PQ", async () => {
  const raw = `-f rawvideo -pix_fmt rgb48le -s ${WIDTH}x${HEIGHT}`;
  const tags = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc";
  const clip = FRAMES.map(({ left, right }) => {
    const colourAt = (at: number) => (at < 1.5 * WIDTH ? left : right)[at % 3]!;
    const row = Uint16Array.from({ length: 3 * WIDTH }, (_, at) => colourAt(at));
    return Buffer.alloc(WIDTH * HEIGHT * 6, Buffer.from(row.buffer));
  });
  const lossless = "-c:v libx265 -preset ultrafast -x265-params log-level=error:lossless=1";
  ffmpeg(`${raw} -r 25 -i - -vf ${TO_YUV},${tags} ${lossless} clip.mov`, Buffer.concat(clip));
  const data = Uint16Array.from({ length: WIDTH * BANNER_HEIGHT * 3 }, (_, at) => BANNER[at % 3]!);
  const png = encode({ width: WIDTH, height: BANNER_HEIGHT, depth: 16, channels: 3, data });
  writeFileSync(join(folder, "banner.png"), png);

  await promisify(exec)(command, { cwd: folder });

  const entries = "color_primaries,color_transfer,color_space,color_range,nb_frames";
  const probe = `-v error -show_entries stream=${entries} -of json pq.mov`.split(" ");
  const { streams } = JSON.parse(execFileSync("ffprobe", probe, { cwd: folder, encoding: "utf8" }));
  expect(streams).toEqual([
    {
      color_range: "tv",
      color_space: "bt2020nc",
      color_transfer: "smpte2084",
      color_primaries: "bt2020",
      nb_frames: `${FRAMES.length}`,
    },
  ]);
  const frames = ffmpeg("-i pq.mov -vf zscale=m=gbr:r=full,format=gbrp16le -f rawvideo -pix_fmt rgb48le -");
  expect(frames.length).toBe(FRAMES.length * WIDTH * HEIGHT * 6);
  for (const [at, { left, right }] of FRAMES.entries()) {
    for (const [x, y, hlg] of [
      [960, 40, BANNER],
      [480, 140, left],
      [480, 1070, left],
      [1440, 600, right],
    ] as const) {
      const start = ((at * HEIGHT + y) * WIDTH + x) * 6;
      const expected = Buffer.from(Uint16Array.from(hlg).buffer);
      convertTransfer(expected, "hlg", "pq", { ootf: "luminance" });
      for (const channel of [0, 2, 4]) {
        const difference = frames.readUInt16LE(start + channel) - expected.readUInt16LE(channel);
        expect(Math.abs(difference), `frame ${at}, ${x}, ${y}`).toBeLessThan(TOLERANCE);
      }
    }
  }
});

test.skipIf(!hasFfmpeg)("it fails without a clip", async () => {
  rmSync(join(folder, "clip.mov"), { force: true });
  await expect(run(process.execPath, ["overlay.mjs"], { cwd: folder })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("clip.mov: No such file or directory"),
  });
});
