/** `convert` and `inspect` as a user runs them, on photographs and on images of known light. */

import { execFile, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { convertTransfer, type HdrTransfer, type HlgOotf } from "hdr-image-transfer-cache";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { countClipped, measureLight } from "../examples/png/light.mts";
import { type HdrImage, readHdrPng, writeHdrPng } from "../examples/png/png.mts";
import { convertedCopy } from "./model.ts";

const SUNSET = "examples/images/sunset-pq-512x256.png";
const VENICE = "examples/images/venice-hlg-512x256.png";
const LAST_PQ_CODE_IN_HLG = 49271;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hdr-convert-"));
});
afterAll(() => rm(root, { recursive: true }));

const newFolder = () => mkdtemp(join(root, "folder-"));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function run(tool: "convert" | "inspect", ...args: string[]): Promise<Result> {
  const command = ["--import", "tsx", `examples/png/${tool}.mts`, ...args];
  return new Promise((done) => {
    execFile(process.execPath, command, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

function codesOf(samples: Buffer): Uint16Array {
  return new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
}

async function expectSameBytes(a: string, b: string): Promise<void> {
  expect((await readFile(a)).equals(await readFile(b))).toBe(true);
}

/** The largest difference between the codes of two images, in the pixels that are asked for. */
function largestDifference(
  a: HdrImage,
  b: HdrImage,
  counts: (pixel: number) => boolean = () => true,
): number {
  expect({ width: a.width, height: a.height }).toEqual({ width: b.width, height: b.height });
  const other = codesOf(b.samples);
  return codesOf(a.samples).reduce(
    (largest, code, at) =>
      counts(Math.floor(at / 3)) ? Math.max(largest, Math.abs(code - other[at]!)) : largest,
    0,
  );
}

describe.each<HlgOotf>(["per-channel", "luminance"])("photographs, %s", (ootf) => {
  const names = [SUNSET, VENICE].map((file) => basename(file));
  /** The folders of the photographs in HLG, of those in PQ, and of those in HLG again. */
  const folders: string[] = [];
  beforeAll(async () => {
    let from = "examples/images";
    for (const to of ["hlg", "pq", "hlg"]) {
      const folder = await newFolder();
      const files = names.map((name) => join(from, name));
      const { stderr } = await run("convert", ...files, "--to", to, "--ootf", ootf, "--out-dir", folder);
      if (stderr !== "") throw new Error(stderr);
      folders.push(folder);
      from = folder;
    }
  });

  function inHlg(samples: Buffer): Buffer {
    const copy = Buffer.from(samples);
    convertTransfer(copy, "pq", "hlg", { ootf });
    return copy;
  }

  test("PQ goes to HLG and back within a code, below saturation", async () => {
    const source = await readHdrPng(SUNSET);
    const [hlg, pq] = await Promise.all(folders.map((folder) => readHdrPng(join(folder, names[0]!))));
    expect(hlg!.transfer).toBe("hlg");
    expect(hlg!.samples.equals(inHlg(source.samples))).toBe(true);

    expect(pq!.transfer).toBe("pq");
    const codes = codesOf(hlg!.samples);
    const isSaturated = (pixel: number) => codes.subarray(3 * pixel, 3 * pixel + 3).includes(65535);
    const saturated = Array.from({ length: 512 * 256 }, (_, pixel) => pixel).filter(isSaturated);
    expect(saturated.length).toBeLessThan(0.01 * 512 * 256);
    expect(largestDifference(pq!, source, (pixel) => !isSaturated(pixel))).toBe(1);
  });

  test("HLG is copied, then goes to PQ and back within a code", async () => {
    const [copy, pq, hlg] = folders.map((folder) => join(folder, names[1]!));
    await expectSameBytes(copy!, VENICE);
    expect((await readHdrPng(pq!)).transfer).toBe("pq");
    expect(largestDifference(await readHdrPng(hlg!), await readHdrPng(VENICE))).toBe(1);
  });

  /** Sees that a program which writes `rgb48le` to its output finds the right pixels. */
  function expectRightPixels(program: string, argsFor: (file: string) => string[]): void {
    const read = (file: string) => spawnSync(program, argsFor(file), { maxBuffer: 2 ** 24 }).stdout;
    const source = read(SUNSET);
    expect(source.length).toBe(512 * 256 * 6);
    expect(read(join(folders[0]!, names[0]!)).equals(inHlg(source))).toBe(true);
  }

  test.skipIf(spawnSync("ffmpeg", ["-version"]).error)("ffmpeg reads the result", () => {
    const output = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"];
    expectRightPixels("ffmpeg", (file) => ["-v", "error", "-i", file, ...output]);
  });

  const magick = ["magick", "convert"].find((name) =>
    spawnSync(name, ["-version"], { encoding: "utf8" }).stdout?.includes("ImageMagick"),
  );
  test.skipIf(magick === undefined)("ImageMagick reads the result", () => {
    expectRightPixels(magick!, (file) => [file, "-depth", "16", "-endian", "LSB", "rgb:-"]);
  });
});

test.concurrent("a bad file of several fails alone", async () => {
  const folder = join(await newFolder(), "new");
  const files = [SUNSET, "package.json", VENICE];
  const result = await run("convert", ...files, "--to", "hlg", "--out-dir", folder, "--json");
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/^error: package\.json: is not a whole PNG file: .*\n$/);
  const clippedSamples = codesOf((await readHdrPng(SUNSET)).samples).filter(
    (code) => code > LAST_PQ_CODE_IN_HLG,
  );
  const size = { width: 512, height: 256, milliseconds: expect.any(Number) };
  expect(JSON.parse(result.stdout)).toEqual([
    {
      file: SUNSET,
      out: join(folder, basename(SUNSET)),
      from: "pq",
      to: "hlg",
      ...size,
      clippedSamples: clippedSamples.length,
    },
    {
      file: "package.json",
      out: join(folder, "package.json"),
      to: "hlg",
      error: expect.stringMatching(/^package\.json: is not/),
    },
    { file: VENICE, out: join(folder, basename(VENICE)), from: "hlg", to: "hlg", ...size, clippedSamples: 0 },
  ]);
  expect(await readdir(folder)).toEqual([SUNSET, VENICE].map((file) => basename(file)));
});

test.concurrent("a file is overwritten by force only, even by itself", async () => {
  const file = join(await newFolder(), "image.png");
  await copyFile(VENICE, file);
  expect(await run("convert", file, file, "--to", "pq")).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: ${file}: exists already; --force overwrites it\n`,
  });
  await expectSameBytes(file, VENICE);

  // Through a link, which stays one. (Windows lets few users make any.)
  const link = process.platform === "win32" ? file : join(dirname(file), "link to image.png");
  if (link !== file) await symlink(file, link);
  const forced = await run("convert", file, link, "--to", "pq", "--peak-luminance", "600", "--force");
  expect(forced).toMatchObject({ code: 0, stderr: "" });
  expect(forced.stdout).toMatch(/image\.png: HLG to PQ, 512x256, \d+\.\d ms, 0 samples clipped\n$/);
  const { transfer, samples } = await readHdrPng(file);
  expect(transfer).toBe("pq");
  expect(samples.equals(convertedCopy((await readHdrPng(VENICE)).samples, "hlg", "pq", 600))).toBe(true);
});

test.concurrent.each([
  ["none", "no such file or directory"],
  ["file", "not a directory"],
])("one file is not written where there is no folder: %s", async (name, reason) => {
  const folder = await newFolder();
  await copyFile("package.json", join(folder, "file"));
  const out = join(folder, name, "out.png");
  expect(await run("convert", SUNSET, out, "--to", "hlg")).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: ${out}: cannot be written: ${reason}\n`,
  });
  expect(await readdir(folder)).toEqual(["file"]);
});

test.skipIf(process.platform === "win32")("an interrupt leaves nothing behind", async () => {
  const folder = await newFolder();
  const out = join(folder, "out.png");
  const command = ["--import", "tsx", "examples/png/convert.mts", SUNSET, out, "--to", "hlg"];
  const child = spawn(process.execPath, command);
  onTestFinished(() => void child.kill("SIGKILL"));
  // A pipe in the place of the temporary file: to write it takes as long as nobody reads.
  const partial = `${out}.${child.pid}.partial`;
  expect(spawnSync("mkfifo", [partial]).status).toBe(0);
  const pipe = openSync(partial, constants.O_RDONLY | constants.O_NONBLOCK);
  while (!readSome(pipe)) await setTimeout(10);
  child.kill("SIGINT");
  while ((await readdir(folder)).length > 0) await setTimeout(10);
  // What it has begun to write, it ends before it exits.
  while (child.exitCode === null && child.signalCode === null) {
    if (!readSome(pipe)) await setTimeout(10);
  }
  closeSync(pipe);
  expect(child.exitCode).toBe(130);
  expect(await readdir(folder)).toEqual([]);
});

/** Reads from a pipe, if there is something to read. */
function readSome(pipe: number): boolean {
  try {
    return readSync(pipe, Buffer.alloc(65536)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

describe.concurrent("wrong usage", () => {
  test.each([
    ["a.png b.png", /required option '--to <transfer>' not specified/],
    ["a.png b.png c.png --to hlg", /expected IN and OUT, or --out-dir/],
    ["1/a.png 2/a.png --to hlg --out-dir out", /more than one file would become out.a\.png/],
  ] as const)("%s", async (args, message) => {
    const { code, stdout, stderr } = await run("convert", ...args.split(" "));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(stderr).toMatch(message);
  });
});

describe("light", () => {
  function imageOf(transfer: HdrTransfer, pixels: [number, number, number][]): HdrImage {
    const samples = Buffer.from(
      Uint16Array.from(pixels.flat(), (signal) => Math.round(65535 * signal)).buffer,
    );
    return { width: pixels.length, height: 1, transfer, samples };
  }

  // Signals of 100, 600, 1000, 4000 and 10000 cd/m² (SMPTE ST 2084).
  const [P100, P600, P1000, P4000, P10000] = [0.508078, 0.696294, 0.751827, 0.902572, 1];
  const pq = imageOf("pq", [
    [P100, P100, P100],
    [P10000, 0, 0],
    [P4000, P1000, P100],
    [0, 0, P600],
    [0, 0, 0],
  ]);
  const pqLight = {
    maxLight: 10_000,
    averageLight: (100 + 10_000 + 4000 + 600) / 5,
    averageLuminance: (100 + 2627 + (0.2627 * 4000 + 678 + 5.93) + 35.58) / 5,
    shareAbove1000: 2 / 5,
  };

  // Signals up to 1/2 are the square root of three times the scene light.
  const hlg = imageOf("hlg", [
    [1, 1, 1],
    [0.4, 0.2, 0],
    [0, 0, 0],
  ]);
  const [red, green] = [0.16 / 3, 0.04 / 3];
  const scene = 0.2627 * red + 0.678 * green;

  function expectLight(actual: object, expected: object) {
    for (const [name, value] of Object.entries(expected)) {
      const ratio = (actual as Record<string, number>)[name]! / value;
      expect({ [name]: ratio }).toEqual({ [name]: expect.closeTo(1, 4) });
    }
  }

  test("of PQ is absolute", () => {
    for (const peak of [1000, 300]) expectLight(measureLight(pq, peak), pqLight);
  });

  test("of HLG is that of its display", () => {
    // The system gamma at 100 cd/m² is below 1, and black has to stay black.
    for (const peak of [1000, 2000, 100]) {
      const gamma = 1.2 * 1.111 ** Math.log2(peak / 1000);
      const { shareAbove1000, ...light } = measureLight(hlg, peak);
      expect(shareAbove1000).toBe(peak > 1000 ? 1 / 3 : 0);
      expectLight(light, {
        maxLight: peak,
        averageLight: (peak * (1 + red * scene ** (gamma - 1))) / 3,
        averageLuminance: (peak * (1 + scene ** gamma)) / 3,
      });
    }
  });

  test("is clipped above the peak, and lower in saturated colours by luminance", () => {
    expect(countClipped(pq, "per-channel", 1000)).toBe(2);
    // HLG at 1000 cd/m² has 568 cd/m² in pure blue.
    expect(countClipped(pq, "luminance", 1000)).toBe(3);
    expect(countClipped(pq, "per-channel", 10_000)).toBe(0);
    expect(countClipped(hlg, "luminance", 1000)).toBe(0);
  });

  test("of a pure colour is clipped from where the addon has its peak", () => {
    for (const peakLuminance of [400, 1000]) {
      for (const channel of [0, 1, 2]) {
        const samples = Buffer.alloc(6);
        samples.writeUInt16LE(65535, 2 * channel);
        convertTransfer(samples, "hlg", "pq", { ootf: "luminance", peakLuminance });
        const peak = samples.readUInt16LE(2 * channel);
        const clipped = [peak - 2, peak + 2].map((code) => {
          samples.writeUInt16LE(code, 2 * channel);
          return countClipped({ ...pq, width: 1, samples }, "luminance", peakLuminance);
        });
        expect(clipped).toEqual([0, 1]);
      }
    }
  });

  test.concurrent("is told as a table", async () => {
    const file = join(await newFolder(), "pq.png");
    await writeHdrPng(file, pq);
    const { code, stdout } = await run("inspect", file, "--ootf", "luminance");
    expect(code).toBe(0);
    const rows = stdout.split("\n").filter((line) => line.startsWith("│"));
    expect(
      rows.map((row) =>
        row
          .split("│")
          .slice(1, 3)
          .map((cell) => cell.trim()),
      ),
    ).toEqual([
      ["size", "5x1"],
      ["transfer function", "PQ"],
      ["maximum light", "10000.0 cd/m²"],
      ["average light", "2940.0 cd/m²"],
      ["average luminance", "899.5 cd/m²"],
      ["pixels above 1000 cd/m²", "40.000 %"],
      ["samples clipped by a conversion, luminance, 1000 cd/m²", "20.000 %"],
    ]);
  });

  test.concurrent("is told as JSON", async () => {
    const file = join(await newFolder(), "hlg.png");
    await writeHdrPng(file, hlg);
    const { code, stdout } = await run("inspect", file, "--json", "--peak-luminance", "600");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      width: 3,
      height: 1,
      transfer: "hlg",
      ootf: "per-channel",
      peakLuminance: 600,
      ...measureLight(hlg, 600),
      shareClipped: 0,
    });
  });

  test.concurrent("of no image is told in a line", async () => {
    expect(await run("inspect", "none.png")).toEqual({
      code: 1,
      stdout: "",
      stderr: "error: none.png: cannot be read: no such file or directory\n",
    });
  });
});
