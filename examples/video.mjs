// Converts a clip between PQ and HLG, and keeps its sound: node video.mjs in.mov out.mov
// Needs ffmpeg. The result is 10-bit HEVC: upright, of even width and height, at a constant frame rate.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { convertTransfer } from "hdr-image-transfer-cache";

const TAGS = { pq: "smpte2084", hlg: "arib-std-b67" };
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => interrupt.abort());

const [input, output = ""] = process.argv.slice(2);
// The name until the file is complete. ffmpeg chooses the format by the extension.
const partial = join(dirname(output), `partial-${process.pid}-${basename(output)}`);
const children = [];
try {
  if (!output) throw new Error("usage: node video.mjs in.mov out.mov");
  if (existsSync(output)) throw new Error(`${output} already exists`);
  await convert(probe());
  renameSync(partial, output);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  interrupt.abort();
  await Promise.all(children.map(({ closed }) => closed));
  rmSync(partial, { force: true });
}

function probe() {
  const args = "-v error -select_streams V:0 -show_streams -of json".split(" ");
  const { error, status, stdout, stderr } = spawnSync("ffprobe", [...args, input], { encoding: "utf8" });
  if (error) throw new Error(`ffprobe, which comes with ffmpeg, cannot be started: ${error.code}`);
  if (status !== 0) throw new Error(stderr.trim().split("\n").at(-1));
  return JSON.parse(stdout).streams[0] ?? {};
}

async function convert({ color_transfer: tag, avg_frame_rate: rate, nb_frames: total = "?", ...video }) {
  const from = Object.keys(TAGS).find((name) => TAGS[name] === tag);
  if (!from) throw new Error(`${input} is neither PQ nor HLG: its color_transfer is ${tag ?? "not set"}`);
  const to = from === "pq" ? "hlg" : "pq";
  const isTurned = video.side_data_list?.some(({ rotation = 0 }) => rotation % 180 !== 0);
  const size = isTurned ? [video.height, video.width] : [video.width, video.height];
  const [width, height] = size.map((length) => length - (length % 2));
  const raw = `-f rawvideo -pix_fmt rgb48le -r ${rate}`;
  const scale = "scale=in_color_matrix=bt2020:out_color_matrix=bt2020:flags=full_chroma_int+full_chroma_inp";
  const decoder = ffmpeg(`-map 0:V:0 -vf crop=${width}:${height}:0:0,${scale} ${raw}`, "-");
  const encoder = ffmpeg(
    `${raw} -s ${width}x${height} -i - -map 1 -map 0:a? -c:a copy -vf ${scale} -pix_fmt yuv420p10le
    -color_primaries bt2020 -color_trc ${TAGS[to]} -colorspace bt2020nc -color_range tv
    -c:v libx265 -crf 18 -x265-params log-level=error -tag:v hvc1 -xerror`,
    partial,
  );
  const frame = Buffer.alloc(width * height * 6);
  let [filled, frames] = [0, 0];
  for await (let chunk of decoder.stdout) {
    while (chunk.length > 0) {
      const copied = chunk.copy(frame, filled);
      chunk = chunk.subarray(copied);
      filled = (filled + copied) % frame.length;
      if (filled > 0) break;
      convertTransfer(frame, from, to);
      // Waits until ffmpeg has the frame, since the next one is written over it.
      if (await new Promise((done) => encoder.stdin.write(frame, done))) await finish(encoder);
      if (++frames % 50 === 0) console.log(`frame ${frames} of ${total}`);
    }
  }
  await finish(decoder);
  encoder.stdin.end();
  await finish(encoder);
}

function ffmpeg(options, file) {
  const args = ["-v", "error", "-i", input, ...options.split(/\s+/), file];
  const child = spawn("ffmpeg", args, { signal: interrupt.signal, killSignal: "SIGKILL" });
  child.errors = "";
  child.stderr.on("data", (text) => (child.errors += text));
  child.on("error", ({ message }) => (child.errors += message));
  child.stdin.on("error", () => {}); // `finish` throws what ffmpeg says.
  child.closed = new Promise((done) => child.on("close", done));
  children.push(child);
  return child;
}

/** Waits for ffmpeg. Throws the first line of its errors if it fails. */
async function finish(child) {
  if ((await child.closed) !== 0) throw new Error(`ffmpeg: ${child.errors.split("\n")[0]}`);
}
