/** `convert` and `inspect` as a user runs them, on photographs and on images of known light. */

import { type ChildProcess, spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { convertTransfer, type HdrTransfer, type HlgOotf } from "hdr-image-transfer-cache";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { countClipped, measureLight } from "../examples/png/light.mts";
import { type HdrImage, readHdrPng, writeHdrPng } from "../examples/png/png.mts";
import { argumentsOf, interrupt, missing, run, start, SUNSET, VENICE, waitUntil } from "./examples.ts";
import { convertedCopy } from "./model.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const LAST_PQ_CODE_IN_HLG = 49271;
const noFfmpeg = missing("ffmpeg");

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hdr-png-commands-"));
});
afterAll(() => rm(root, { recursive: true }));

const newFolder = () => mkdtemp(join(root, "folder-"));

function codesOf(samples: Buffer): Uint16Array {
  return new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
}

async function expectSameBytes(a: string, b: string): Promise<void> {
  expect((await readFile(a)).equals(await readFile(b))).toBe(true);
}

/** The largest difference between the codes of two images, over the pixels for which `counts` is true. */
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
  /** The folders with the photographs converted to HLG, then to PQ, then to HLG again. */
  const folders: string[] = [];
  beforeAll(async () => {
    let from = "examples/images";
    for (const to of ["hlg", "pq", "hlg"]) {
      const folder = await newFolder();
      const files = names.map((name) => join(from, name));
      const args = [...files, "--to", to, "--ootf", ootf, "--out-dir", folder];
      const { stderr } = await run("convert", args);
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

  test("PQ to HLG and back changes unclipped pixels by at most one code", async () => {
    const source = await readHdrPng(SUNSET);
    const [hlg, pq] = await Promise.all(folders.map((folder) => readHdrPng(join(folder, names[0]!))));
    expect(hlg!.transfer).toBe("hlg");
    expect(hlg!.samples.equals(inHlg(source.samples))).toBe(true);

    expect(pq!.transfer).toBe("pq");
    const codes = codesOf(hlg!.samples);
    const isClipped = (pixel: number) => codes.subarray(3 * pixel, 3 * pixel + 3).includes(65535);
    const clipped = Array.from({ length: 512 * 256 }, (_, pixel) => pixel).filter(isClipped);
    expect(clipped.length).toBeLessThan(0.01 * 512 * 256);
    expect(largestDifference(pq!, source, (pixel) => !isClipped(pixel))).toBe(1);
  });

  test("HLG is copied unchanged; to PQ and back changes it by at most one code", async () => {
    const [copy, pq, hlg] = folders.map((folder) => join(folder, names[1]!));
    await expectSameBytes(copy!, VENICE);
    expect((await readHdrPng(pq!)).transfer).toBe("pq");
    expect(largestDifference(await readHdrPng(hlg!), await readHdrPng(VENICE))).toBe(1);
  });

  /** Checks the pixels that a program decodes and writes as `rgb48le`. */
  function expectSamePixels(program: string, argsFor: (file: string) => string[]): void {
    const read = (file: string) => spawnSync(program, argsFor(file), { maxBuffer: 2 ** 24 }).stdout;
    const source = read(SUNSET);
    expect(source.length).toBe(512 * 256 * 6);
    expect(read(join(folders[0]!, names[0]!)).equals(inHlg(source))).toBe(true);
  }

  test.skipIf(noFfmpeg)(`ffmpeg decodes the result${noFfmpeg}`, () => {
    const output = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"];
    expectSamePixels("ffmpeg", (file) => ["-v", "error", "-i", file, ...output]);
  });

  const magick = ["magick", "convert"].find((name) =>
    spawnSync(name, ["-version"], { encoding: "utf8" }).stdout?.includes("ImageMagick"),
  );
  test.skipIf(!magick)(`ImageMagick decodes the result${magick ? "" : missing("magick")}`, () => {
    expectSamePixels(magick!, (file) => [file, "-depth", "16", "-endian", "LSB", "rgb:-"]);
  });
});

test.concurrent("a bad file of several fails alone", async () => {
  const folder = join(await newFolder(), "new");
  const files = [SUNSET, "package.json", VENICE];
  const result = await run("convert", [...files, "--to", "hlg", "--out-dir", folder, "--json"]);
  expect(result.code).toBe(1);
  expect(result.stderr).toBe("error: package.json: is not a PNG file\n");
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
      error: "package.json: is not a PNG file",
    },
    { file: VENICE, out: join(folder, basename(VENICE)), from: "hlg", to: "hlg", ...size, clippedSamples: 0 },
  ]);
  expect(await readdir(folder)).toEqual([SUNSET, VENICE].map((file) => basename(file)));
});

test.concurrent("a file is replaced only with --force, even by itself", async () => {
  const file = join(await newFolder(), "image.png");
  await copyFile(VENICE, file);
  expect(await run("convert", [file, file, "--to", "pq"])).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: ${file}: already exists; --force replaces it\n`,
  });
  await expectSameBytes(file, VENICE);

  // The target of the link is replaced, not the link. (Creating links needs a privilege on Windows.)
  const link = process.platform === "win32" ? file : join(dirname(file), "link to image.png");
  if (link !== file) await symlink(file, link);
  const forced = await run("convert", [file, link, "--to", "pq", "--peak-luminance", "600", "--force"]);
  expect(forced).toMatchObject({ code: 0, stderr: "" });
  expect(forced.stdout).toMatch(/image\.png: HLG to PQ, 512x256, \d+\.\d ms, 0 samples clipped\n$/);
  expect((await lstat(link)).isSymbolicLink()).toBe(link !== file);
  const { transfer, samples } = await readHdrPng(file);
  expect(transfer).toBe("pq");
  expect(samples.equals(convertedCopy((await readHdrPng(VENICE)).samples, "hlg", "pq", 600))).toBe(true);
});

test.concurrent.each([
  ["none", "no such file or directory"],
  ["file", "not a directory"],
])("the folder of OUT is not created: %s", async (name, reason) => {
  const folder = await newFolder();
  await copyFile("package.json", join(folder, "file"));
  const out = join(folder, name, "out.png");
  expect(await run("convert", [SUNSET, out, "--to", "hlg"])).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: ${out}: cannot be written: ${reason}\n`,
  });
  expect(await readdir(folder)).toEqual(["file"]);
});

test.concurrent("--force does not replace a folder", async () => {
  const out = join(await newFolder(), "out.png");
  await mkdir(out);
  const { code, stderr } = await run("convert", [SUNSET, out, "--to", "hlg", "--force"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: `error: ${out}: is not a regular file\n` });
});

describe.skipIf(process.platform === "win32")("POSIX files and signals:", () => {
  describe("--force replaces regular files only", () => {
    test.each([
      ["a FIFO", "p"],
      ["a character device", "c", "1", "3"],
    ])("%s", async (name, ...kind) => {
      const out = join(await newFolder(), "out.png");
      if (!makeNode(out, ...kind)) return console.warn(`not tested: making ${name} needs root`);
      const { mode, ino } = await lstat(out);
      expect(await run("convert", [SUNSET, out, "--to", "hlg", "--force"])).toEqual({
        code: 1,
        stdout: "",
        stderr: `error: ${out}: is not a regular file\n`,
      });
      expect(await lstat(out)).toMatchObject({ mode, ino });
    });
  });

  test("a dangling link as output is refused", async () => {
    const folder = await newFolder();
    const link = join(folder, "link.png");
    await symlink(join(folder, "missing.png"), link);
    for (const force of [[], ["--force"]]) {
      expect(await run("convert", [SUNSET, link, "--to", "hlg", ...force])).toEqual({
        code: 1,
        stdout: "",
        stderr: `error: ${link}: is a link to a missing file\n`,
      });
    }
    expect(await readdir(folder)).toEqual(["link.png"]);
  });

  test("an interrupt while writing removes the temporary file", async () => {
    const folder = await newFolder();
    const out = join(folder, "out.png");
    const child = start("convert", [SUNSET, out, "--to", "hlg"]);
    // A FIFO in place of the temporary file blocks the write.
    const partial = `${out}.${child.pid}.partial`;
    expect(makeNode(partial, "p")).toBe(true);
    const pipe = openSync(partial, constants.O_RDONLY | constants.O_NONBLOCK);
    await waitUntil(() => readSome(pipe));
    expect(await interrupt(child)).toEqual([null, "SIGINT"]);
    closeSync(pipe);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a FIFO is read once, to be converted or copied", async () => {
    const folder = await newFolder();
    for (const [name, to] of [
      ["a.png", "pq"],
      ["b.png", "hlg"],
    ] as const) {
      const fifo = join(folder, name);
      expect(makeNode(fifo, "p")).toBe(true);
      const writing = writeFile(fifo, await readFile(VENICE));
      const { code } = await run("convert", [fifo, join(folder, `out ${name}`), "--to", to]);
      expect(code).toBe(0);
      await writing;
    }
    expect((await readHdrPng(join(folder, "out a.png"))).transfer).toBe("pq");
    await expectSameBytes(join(folder, "out b.png"), VENICE);
  });

  describe("a FIFO as input can be interrupted", () => {
    test.each(["convert", "inspect", "demo"] as const)("%s", async (name) => {
      const folder = await newFolder();
      const fifo = join(folder, "in.png");
      expect(makeNode(fifo, "p")).toBe(true);
      const args = {
        convert: [fifo, join(folder, "out.png"), "--to", "hlg"],
        inspect: [fifo],
        demo: ["--background", fifo, "--out", join(folder, "out")],
      };
      const child = start(name, args[name]);
      // Without a writer, opening blocks; with one that writes nothing, reading does.
      const pipe = await waitForReader(fifo, child);
      expect(await interrupt(child)).toEqual([null, "SIGINT"]);
      closeSync(pipe);
      expect(await readdir(folder)).toEqual(["in.png"]);
    });

    test("convert, while opening it", async () => {
      const folder = await newFolder();
      const [ready, fifo] = [join(folder, "ready.png"), join(folder, "in.png")];
      for (const file of [ready, fifo]) expect(makeNode(file, "p")).toBe(true);
      const child = start("convert", [ready, fifo, "--to", "hlg", "--out-dir", join(folder, "out")]);
      // When the first file ends, the second is opened.
      closeSync(await waitForReader(ready, child));
      await new Promise((done) => setTimeout(done, 500));
      expect(await interrupt(child)).toEqual([null, "SIGINT"]);
    });
  });
});

/** Makes a node: a FIFO (`p`), or what `mknod` may make for root only. */
function makeNode(file: string, ...kind: string[]): boolean {
  return spawnSync("mknod", [file, ...kind]).status === 0;
}

/** Opens the other end of a FIFO, which a command that reads it waits for. */
async function waitForReader(fifo: string, child: ChildProcess): Promise<number> {
  let pipe = -1;
  await waitUntil(() => {
    expect(child.exitCode).toBeNull();
    try {
      // Fails with ENXIO until there is a reader.
      pipe = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {}
    return pipe !== -1;
  });
  return pipe;
}

/** Reads from a pipe; returns whether there was anything to read. */
function readSome(pipe: number): boolean {
  try {
    return readSync(pipe, Buffer.alloc(65536)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

describe.concurrent("wrong usage exits with 2 and points to --help", () => {
  const to = ["--to", "hlg"];
  test.each([
    ["convert", ["a.png", "b.png"], "required option '--to <pq|hlg>' not specified"],
    ["convert", ["a.png", "b.png", "--to"], "option '--to <pq|hlg>' argument missing"],
    ["convert", ["a.png", "b.png", "--to", "hlgg"], "'hlgg' is invalid. Allowed choices are pq, hlg."],
    ["convert", ["a.png", ...to], "expected IN and OUT, or any number of IN with --out-dir"],
    [
      "convert",
      ["a.png", "b.png", "c.png", ...to],
      "expected IN and OUT, or any number of IN with --out-dir",
    ],
    ["convert", ["1/a.png", "2/a.png", ...to, "--out-dir", "out"], `written to ${join("out", "a.png")}`],
    ["convert", ["a.png", "", ...to], "Expected a name, got an empty one."],
    ["convert", ["a.png", ...to, "--out-dir", ""], "Expected a name, got an empty one."],
    ["convert", ["a.png", "b.png", ...to, "--forced"], "unknown option '--forced'"],
    ["inspect", [], "missing required argument 'file'"],
    ["inspect", ["a.png", "b.png"], "too many arguments"],
    ["inspect", [""], "Expected a name, got an empty one."],
    ["inspect", ["a.png", "--ootf", "none"], "Allowed choices are per-channel, luminance."],
    ["inspect", ["a.png", "--peak-luminance", "0"], "Expected a number from 1 to 10000."],
  ] as const)("%s %j", async (name, args, message) => {
    const { code, stdout, stderr } = await run(name, [...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines[0]).toMatch(/^error: /);
    expect(lines[0]).toContain(message);
    expect(lines.slice(-2)).toEqual([`See npm run ${name} -- --help`, ""]);
  });

  test.runIf(process.platform === "linux")("a name that is not UTF-8", () => {
    const invalid = `"$(printf 'caf\\351.png')"`;
    for (const args of [`${invalid} out.png`, `${SUNSET} ${invalid}`]) {
      const command = `exec "$0" "$@" ${args}`;
      const options = argumentsOf("convert", ["--to", "hlg"]);
      const { status, stderr } = spawnSync("sh", ["-c", command, process.execPath, ...options]);
      expect(`${stderr}`).toContain("Expected a name in UTF-8.");
      expect(status).toBe(2);
    }
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

  test("of PQ does not depend on the display", () => {
    for (const peak of [1000, 300]) expectLight(measureLight(pq, peak), pqLight);
  });

  test("of HLG scales with the display", () => {
    // At 100 cd/m² the system gamma is below 1; black must stay black.
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

  test("is clipped above the peak; with the luminance OOTF, saturated colours are clipped below it", () => {
    expect(countClipped(pq, "per-channel", 1000)).toBe(2);
    // The brightest pure blue of HLG at 1000 cd/m² has 568 cd/m².
    expect(countClipped(pq, "luminance", 1000)).toBe(3);
    expect(countClipped(pq, "per-channel", 10_000)).toBe(0);
    expect(countClipped(hlg, "luminance", 1000)).toBe(0);
  });

  test("of a pure colour is clipped above the peak that the addon converts to", () => {
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

  test.concurrent("is printed as a table", async () => {
    const file = join(await newFolder(), "pq.png");
    await writeHdrPng(file, pq);
    const { code, stdout } = await run("inspect", [file, "--ootf", "luminance"]);
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

  test.concurrent("is printed as JSON", async () => {
    const file = join(await newFolder(), "hlg.png");
    await writeHdrPng(file, hlg);
    const { code, stdout } = await run("inspect", [file, "--json", "--peak-luminance", "600"]);
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

  test.concurrent("a missing file is an error", async () => {
    expect(await run("inspect", ["none.png"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "error: none.png: cannot be read: no such file or directory\n",
    });
  });
});
