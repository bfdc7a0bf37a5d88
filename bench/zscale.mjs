// ffmpeg's zscale (zimg): another implementation of the luminance OOTF, for displays of 1000 cd/m².

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { createImage, SIZES } from "./cases.mjs";
import { measure, summaryOf } from "./measure.mjs";

const TRANSFERS = { pq: "smpte2084", hlg: "arib-std-b67" };
const FRAMES = 3;

/** The time of zscale and of the addon for a 4K image. Prints how their code values differ in the photographs. */
export async function zscale() {
  const { stdout } = spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" });
  if (!stdout?.includes(" zscale ")) {
    console.error("Not measured: ffmpeg with zscale is not installed.");
    return {};
  }
  compareWithPhotograph("sunset-pq-512x256.png", "pq", "hlg");
  compareWithPhotograph("venice-hlg-512x256.png", "hlg", "pq");
  const [width, height] = SIZES["4K"];
  const samples = createImage(width, height);
  const rows = {};
  for (const [from, to] of [
    ["hlg", "pq"],
    ["pq", "hlg"],
  ]) {
    const row = `luminance, ${from.toUpperCase()} to ${to.toUpperCase()}, 1 thread`;
    const convert = () => convertTransfer(samples, from, to, { ootf: "luminance" });
    rows[row] = {
      ...(await measure(row, { addon: convert }, { rounds: 5 })),
      zscale: timeZscale({ width, height, samples }, from, to),
    };
  }
  return rows;
}

function compareWithPhotograph(name, from, to) {
  const file = readFileSync(new URL(`../examples/images/${name}`, import.meta.url));
  const { width, height, data } = decode(file);
  const samples = Buffer.from(Uint16Array.from(data).buffer);
  const format = ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb48le", "-"];
  const expected = ffmpeg({ width, height, samples }, 1, filters(from, to), format);
  convertTransfer(samples, from, to, { ootf: "luminance" });
  const differences = Array.from({ length: data.length }, (_, at) =>
    Math.abs(expected.readUInt16LE(2 * at) - samples.readUInt16LE(2 * at)),
  );
  const largest = differences.reduce((a, b) => Math.max(a, b));
  const mean = differences.reduce((a, b) => a + b) / differences.length;
  console.error(`${name}: differs from zscale by ${largest} at most, mean ${mean.toFixed(4)}, of 65535`);
}

/** Milliseconds that zscale takes for an image, on one thread: those of ffmpeg with it less those without it. */
function timeZscale(image, from, to) {
  const time = (chain) => {
    const start = performance.now();
    ffmpeg(image, FRAMES, chain, ["-f", "null", "-"]);
    return performance.now() - start;
  };
  const rounds = Array.from({ length: 3 }, () => time(filters(from, to)) - time("format=gbrp16le"));
  return summaryOf(rounds.map((ms) => ms / FRAMES));
}

function filters(from, to) {
  const source = `min=gbr:pin=2020:tin=${TRANSFERS[from]}:rin=full`;
  const target = `m=gbr:p=2020:t=${TRANSFERS[to]}:r=full`;
  return `format=gbrp16le,zscale=${source}:${target}:npl=1000:agamma=0,format=gbrp16le`;
}

/** Runs ffmpeg on the same image some times, and returns what it writes to its standard output. */
function ffmpeg({ width, height, samples }, frames, chain, output) {
  const folder = mkdtempSync(join(tmpdir(), "zscale-"));
  try {
    const input = join(folder, "in");
    writeFileSync(input, samples);
    const args = [
      ["-v", "error", "-threads", "1", "-filter_threads", "1", "-stream_loop", `${frames - 1}`],
      ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", `${width}x${height}`, "-i", input],
      ["-vf", chain, ...output],
    ];
    const { status, stdout, stderr } = spawnSync("ffmpeg", args.flat(), { maxBuffer: 2 ** 30 });
    if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
