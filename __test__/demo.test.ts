/** The demo as a user runs it, and the job that it renders. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { decode } from "fast-png";
import { afterAll, expect, test } from "vitest";

import { FRAMES, FRAMES_OF_IMAGE, render, sunset, venice } from "../examples/demo/job.mts";
import { outcomeOf } from "./processes.ts";

const TSX = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const DEMO = resolve("examples/demo/main.mts");

const folder = mkdtempSync(join(tmpdir(), "hdr-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the demo in a new folder. */
async function demo(name: string, ...args: string[]) {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  const outcome = await outcomeOf(process.execPath, ["--import", TSX, DEMO, ...args], { cwd });
  return { ...outcome, files: readdirSync(cwd), out: join(cwd, "out") };
}

test("it compares the addon with two loops, and draws pictures", async () => {
  const { code, stdout, stderr, out } = await demo("small", "--size", "128x72");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^60 PQ frames of 128x72/);
  // The columns are in this order, and each row has three times.
  expect(stdout).toMatch(/readUInt16LE │ Uint16Array │ +addon │/);
  const time = String.raw`[ \d.]+ ms │`;
  for (const row of ["video, a frame", "HLG image, once", "all conversions"]) {
    expect(stdout).toMatch(new RegExp(`│ ${row} *│(${time}){3}\n`));
  }
  expect(stdout).toMatch(/\nWithout its cache, the addon would take [\d.]+ ms more\.\n/);
  expect(stdout).toMatch(/SDR renderings:\nout\/frame\.png\nout\/ootfs\.png\nout\/highlights\.png\n$/);
  // Progress, without a terminal, is in plain lines.
  expect(stderr).toMatch(/\[=+\] 180 of 180 frames\n/);
  expect(stderr).not.toContain("\u001B");
  for (const line of [...stdout.split("\n"), ...stderr.split("\n")]) expect(line.length).toBeLessThan(61);

  expect(readdirSync(out)).toEqual(["frame.png", "highlights.png", "ootfs.png"]);
  const picture = (name: string) => {
    const { width, height, channels, data } = decode(readFileSync(join(out, name)));
    const pixel = (x: number, y: number) =>
      [0, 1, 2].map((channel) => data[(y * width + x) * channels + channel]!);
    return { width, height, pixel };
  };
  const PAIR = { width: 2 * 512 + 3 * 8, height: 256 + 68 };
  /** The same pixel of a photograph in the two halves of a picture. */
  const both = (name: string, x: number, y: number) =>
    [8, 528].map((left) => picture(name).pixel(left + x, 34 + y));

  // The sky of the video, and the evening sky of the image over it.
  expect(picture("frame.png")).toMatchObject({ width: 128, height: 72 });
  const [sky, evening] = [picture("frame.png").pixel(64, 10), picture("frame.png").pixel(64, 54)];
  expect(sky[2]! - sky[0]!).toBeGreaterThan(60);
  expect(Math.abs(evening[2]! - evening[0]!)).toBeLessThan(60);
  // The sky is more saturated per channel, and greys are the same.
  expect(picture("ootfs.png")).toMatchObject(PAIR);
  const [perChannel, luminance] = both("ootfs.png", 60, 60);
  expect(perChannel![0]).toBeLessThan(luminance![0]! - 8);
  // Without clipping, red and green of the sun are dark. Elsewhere the halves are the same.
  expect(picture("highlights.png")).toMatchObject(PAIR);
  const [wrapped, clipped] = both("highlights.png", 306, 112);
  expect(Math.max(...wrapped!.slice(0, 2))).toBeLessThan(16);
  expect(Math.min(...clipped!)).toBeGreaterThan(200);
  const [left, right] = both("highlights.png", 20, 20);
  expect(left).toEqual(right);
});

test("a frame is a converted video frame with an image over its lower third", async () => {
  const calls: string[] = [];
  const [width, height] = [512, 256];
  let frames = 0;
  const { first } = await render(
    {
      convertTransfer: (buf, from, to) => {
        calls.push(`video, ${from} to ${to}`);
        buf.fill(1);
      },
      createHdrImageTransferCache: () => ({
        getConverted: (id, from, to, source) => {
          calls.push(`${id}, ${from} to ${to}`);
          return source;
        },
      }),
    },
    width,
    height,
    () => frames++,
  );
  expect(frames).toBe(FRAMES);
  const image = Math.floor(height / 3) * width * 6;
  expect(first.subarray(0, -image).every((byte) => byte === 1)).toBe(true);
  // The photograph is as wide as the frame, so its middle rows are there.
  const start = Math.floor((height - Math.floor(height / 3)) / 2) * width * 6;
  expect(first.subarray(-image).equals(sunset.pixels.subarray(start, start + image))).toBe(true);
  const expected = Array.from({ length: FRAMES }, (_, at) => {
    const count = Math.floor(at / FRAMES_OF_IMAGE);
    return ["video, hlg to pq", `image ${count}, ${[sunset, venice][count % 2]!.transfer} to pq`];
  });
  expect(calls).toEqual(expected.flat());
});

const USAGE = "--size WIDTHxHEIGHT: each from 64 to 4096";

test("help", async () => {
  const { code, stdout, files } = await demo("help", "--help");
  expect({ code, files }).toEqual({ code: 0, files: [] });
  expect(stdout).toBe(`npm run demo -- ${USAGE} (default: 1920x1080)\n`);
});

test.concurrent.each(["128", "63x64", "64x4097"])("--size %s is an error", async (size) => {
  const { code, stdout, stderr, files } = await demo("size", "--size", size);
  expect({ code, stdout, files }).toEqual({ code: 1, stdout: "", files: [] });
  expect(stderr).toBe(`error: ${USAGE}\n`);
});

test("an error is one line", async () => {
  expect(await demo("unknown", "--frames")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "error: Unknown option '--frames'\n",
  });
  mkdirSync(join(folder, "file"));
  writeFileSync(join(folder, "file", "out"), "");
  const { code, stdout, stderr } = await demo("file", "--size", "64x64");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^error: EEXIST: file already exists, mkdir '.*out'\n$/);
});
