// ffmpeg's zscale (zimg): another implementation of the luminance OOTF, for displays of 1000 cd/m².

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { decode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { createImage, DIRECTIONS, SIZES } from "./cases.mjs";
import { measure, summaryOf } from "./measure.mjs";

const TRANSFERS = { pq: "smpte2084", hlg: "arib-std-b67" };
const PHOTOGRAPHS = { pq: "sunset-pq-512x256.png", hlg: "venice-hlg-512x256.png" };
const FRAMES = 3;

/** The times of the addon and of zscale for a 4K image, on one thread. Prints how their code values differ. */
export async function zscale() {
  const { stdout } = spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" });
  if (!stdout?.includes(" zscale ")) {
    console.error("Not measured: ffmpeg with zscale is not installed.");
    return {};
  }
  const rows = {};
  for (const direction of DIRECTIONS) Object.assign(rows, await compare(...direction));
  return rows;
}

async function compare(from, to, direction) {
  const source = `min=gbr:pin=2020:tin=${TRANSFERS[from]}:rin=full`;
  const target = `m=gbr:p=2020:t=${TRANSFERS[to]}:r=full`;
  const planes = "format=gbrp16le";
  const filters = `${planes},zscale=${source}:${target}:npl=1000:agamma=0,${planes}`;

  const file = readFileSync(new URL(`../examples/images/${PHOTOGRAPHS[from]}`, import.meta.url));
  const { width, height, data } = decode(file);
  const samples = Buffer.from(Uint16Array.from(data).buffer);
  const output = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"];
  const byZscale = ffmpeg([width, height], samples, filters, output);
  convertTransfer(samples, from, to, { ootf: "luminance" });
  const largest = Array.from(data, (_, at) => 2 * at)
    .map((at) => Math.abs(byZscale.readUInt16LE(at) - samples.readUInt16LE(at)))
    .reduce((a, b) => Math.max(a, b));
  console.error(`${PHOTOGRAPHS[from]}: differs from zscale by at most ${largest} of 65535`);

  const image = createImage(...SIZES["4K"]);
  const timeOf = (chain) => {
    const start = performance.now();
    ffmpeg(SIZES["4K"], image, `loop=${FRAMES - 1}:1,${chain}`, ["-f", "null", "-"]);
    return (performance.now() - start) / FRAMES;
  };
  const row = `luminance, ${direction}, 1 thread`;
  const addon = () => convertTransfer(image, from, to, { ootf: "luminance" });
  // The time of ffmpeg with zscale less that without it.
  const times = Array.from({ length: 3 }, () => timeOf(filters) - timeOf(planes));
  return { [row]: { ...(await measure(row, { addon }, { rounds: 5 })), zscale: summaryOf(times) } };
}

/** What ffmpeg writes to its standard output for an image. */
function ffmpeg(size, samples, filters, output) {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", size.join("x"), "-i", "-"];
  const args = ["-v", "error", "-threads", "1", "-filter_threads", "1", ...input, "-vf", filters, ...output];
  const { status, stdout, stderr } = spawnSync("ffmpeg", args, { input: samples, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
  return stdout;
}
