// ffmpeg's zscale (zimg): another implementation of both conversions, for displays of 1000 cd/m².

import { spawnSync } from "node:child_process";

import { convertTransfer } from "hdr-image-transfer-cache";

import { createImage, DIRECTIONS, measure, SIZES, summaryOf } from "./measure.mjs";

const TRANSFERS = { pq: "smpte2084", hlg: "arib-std-b67" };
/** zscale's option `agamma`, on by default, converts each channel on its own, by an approximate gamma. */
const AGAMMA = { "per-channel": 1, luminance: 0 };
const FRAMES = 3;

/** The times of the addon and of zscale for a 4K image, on one thread. Prints how their code values differ. */
export async function zscale() {
  const { stdout } = spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" });
  if (!stdout?.includes(" zscale ")) {
    console.error("Not measured: ffmpeg with zscale is not installed.");
    return {};
  }
  const rows = {};
  for (const ootf of Object.keys(AGAMMA)) {
    for (const direction of DIRECTIONS) Object.assign(rows, await compare(ootf, ...direction));
  }
  return rows;
}

async function compare(ootf, from, to, direction) {
  const source = `min=gbr:pin=2020:tin=${TRANSFERS[from]}:rin=full`;
  const target = `m=gbr:p=2020:t=${TRANSFERS[to]}:r=full`;
  const planes = "format=gbrp16le";
  const filters = `${planes},zscale=${source}:${target}:agamma=${AGAMMA[ootf]},${planes}`;
  printDifferences(ootf, from, to, filters);

  const image = createImage(...SIZES["4K"]);
  const timeOf = (chain) => {
    const start = performance.now();
    ffmpeg(SIZES["4K"], image, `loop=${FRAMES - 1}:1,${chain}`, ["-f", "null", "-"]);
    return (performance.now() - start) / FRAMES;
  };
  const row = `${ootf}, ${direction}, 1 thread`;
  const addon = () => convertTransfer(image, from, to, { ootf });
  // The time of ffmpeg with zscale less that without it.
  const times = Array.from({ length: 3 }, () => timeOf(filters) - timeOf(planes));
  return { [row]: { ...(await measure(row, { addon }, { rounds: 5 })), zscale: summaryOf(times) } };
}

/** Compares all greys, and as many random colours. */
function printDifferences(ootf, from, to, filters) {
  const SIZE = [256, 512];
  const codes = Uint16Array.from({ length: 6 * 65536 }, (_, at) =>
    at < 3 * 65536 ? Math.floor(at / 3) : Math.floor(65536 * Math.random()),
  );
  const samples = Buffer.from(codes.buffer);
  const output = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"];
  const byZscale = ffmpeg(SIZE, samples, filters, output);
  convertTransfer(samples, from, to, { ootf });
  const differences = codes.map((code, at) => Math.abs(code - byZscale.readUInt16LE(2 * at)));
  const largest = differences.reduce((a, b) => Math.max(a, b));
  const share = differences.filter((difference) => difference > 2).length / differences.length;
  const more = `${(100 * share).toFixed(1)} % of the samples by more than 2`;
  console.error(`${ootf}, ${from} to ${to}: differs from zscale by at most ${largest} of 65535, ${more}`);
}

/** What ffmpeg writes to its standard output for an image. */
function ffmpeg(size, samples, filters, output) {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", size.join("x"), "-i", "-"];
  const args = ["-v", "error", "-threads", "1", "-filter_threads", "1", ...input, "-vf", filters, ...output];
  const { status, stdout, stderr } = spawnSync("ffmpeg", args, { input: samples, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
  return stdout;
}
