// ffmpeg's zscale (zimg): another implementation of the luminance OOTF, for displays of 1000 cd/m².

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { summaryOf } from "./measure.mjs";

const NAMES = { pq: "smpte2084", hlg: "arib-std-b67" };
const FRAMES = 3;

/** Whether ffmpeg is installed, with zscale. */
export function hasZscale() {
  return spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" }).stdout?.includes(" zscale ");
}

/** The differences of the addon's codes from those of zscale, in the example photographs. */
export function compareWithZscale() {
  const photographs = [
    ["sunset-pq-512x256.png", "pq", "hlg"],
    ["venice-hlg-512x256.png", "hlg", "pq"],
  ];
  return photographs.map(([name, from, to]) => {
    const { width, height, data } = decode(
      readFileSync(new URL(`../examples/images/${name}`, import.meta.url)),
    );
    const samples = Buffer.from(Uint16Array.from(data).buffer);
    const expected = convertByZscale({ width, height, samples }, from, to);
    convertTransfer(samples, from, to, { ootf: "luminance" });
    const differences = expected.map((code, at) => Math.abs(code - samples.readUInt16LE(2 * at)));
    return {
      name,
      largest: differences.reduce((a, b) => Math.max(a, b)),
      mean: differences.reduce((a, b) => a + b, 0) / differences.length,
    };
  });
}

/** The samples of an image converted by zscale. */
function convertByZscale({ width, height, samples }, from, to) {
  return inFolder((folder) => {
    const [input, output] = [join(folder, "in"), join(folder, "out")];
    writeFileSync(input, samples);
    const format = ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gbrp16le", output];
    ffmpeg(input, { width, height }, 1, filters(from, to), format);
    return interleave(readFileSync(output));
  });
}

/** Milliseconds that zscale takes for an image, on one thread: those of ffmpeg with it less those of ffmpeg without it. */
export function timeZscale({ width, height, samples }, from, to) {
  return inFolder((folder) => {
    const input = join(folder, "in");
    writeFileSync(input, samples);
    const time = (chain) => {
      const start = performance.now();
      ffmpeg(input, { width, height }, FRAMES, chain, ["-f", "null", "-"]);
      return performance.now() - start;
    };
    const rounds = Array.from({ length: 3 }, () => time(filters(from, to)) - time("format=gbrp16le"));
    return summaryOf(rounds.map((ms) => ms / FRAMES));
  });
}

function filters(from, to) {
  const source = `min=gbr:pin=2020:tin=${NAMES[from]}:rin=full`;
  const target = `m=gbr:p=2020:t=${NAMES[to]}:r=full`;
  return `format=gbrp16le,zscale=${source}:${target}:npl=1000:agamma=0,format=gbrp16le`;
}

function ffmpeg(input, { width, height }, frames, chain, output) {
  const args = [
    ["-v", "error", "-y", "-threads", "1", "-filter_threads", "1", "-stream_loop", `${frames - 1}`],
    ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", `${width}x${height}`, "-i", input],
    ["-vf", chain, ...output],
  ];
  const { status, stderr } = spawnSync("ffmpeg", args.flat(), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
}

/** The samples of `rgb48le` from planes of G, B and R. */
function interleave(planes) {
  const codes = new Uint16Array(planes.buffer, planes.byteOffset, planes.length / 2);
  const count = codes.length / 3;
  const [g, b, r] = [0, 1, 2].map((plane) => codes.subarray(plane * count, (plane + 1) * count));
  return Uint16Array.from({ length: codes.length }, (_, at) => [r, g, b][at % 3][Math.floor(at / 3)]);
}

function inFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), "zscale-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
