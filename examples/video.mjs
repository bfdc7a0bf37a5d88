// Converts a clip from PQ to HLG, or from HLG to PQ, and keeps its sound: node video.mjs in.mov out.mov
// Needs ffmpeg. The result is 10-bit HEVC: upright, of even width and height, at a constant frame rate.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { convertTransfer } from "hdr-image-transfer-cache";

const TAGS = { pq: "smpte2084", hlg: "arib-std-b67" }; // ffmpeg's names
const [input, output = ""] = process.argv.slice(2);
// The name until the file is complete. ffmpeg chooses the format by the extension.
const partial = join(dirname(output), `partial-${process.pid}-${basename(output)}`);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => interrupt.abort());

try {
  if (!output) throw new Error("usage: node video.mjs in.mov out.mov");
  if (existsSync(output)) throw new Error(`${output} already exists`);
  await convert(probe());
  renameSync(partial, output);
  console.log(`written: ${output}`);
} catch (error) {
  rmSync(partial, { force: true });
  console.error(interrupt.signal.aborted ? "interrupted" : error.message);
  process.exitCode = 1;
}

function probe() {
  const args = "-v error -select_streams V:0 -show_streams -of json".split(" ");
  const { error, status, stdout, stderr } = spawnSync("ffprobe", [...args, input], { encoding: "utf8" });
  if (error) throw new Error(`ffmpeg is not installed, or not on the PATH: ${error.message}`);
  if (status !== 0) throw new Error(stderr.trim().split("\n").at(-1));
  return JSON.parse(stdout).streams[0] ?? {};
}

async function convert({ color_transfer: tag, avg_frame_rate: rate, nb_frames: total = "?", ...video }) {
  if (tag !== TAGS.pq && tag !== TAGS.hlg)
    throw new Error(`${input} is neither PQ nor HLG: its color_transfer is ${tag ?? "not set"}`);
  const from = tag === TAGS.pq ? "pq" : "hlg";
  const to = from === "pq" ? "hlg" : "pq";
  const isTurned = video.side_data_list?.some(({ rotation = 0 }) => rotation % 180 !== 0);
  const upright = isTurned ? [video.height, video.width] : [video.width, video.height];
  const [width, height] = upright.map((length) => length - (length % 2));
  const raw = `-f rawvideo -pix_fmt rgb48le -r ${rate}`;
  const scale = "scale=in_color_matrix=bt2020:out_color_matrix=bt2020:flags=full_chroma_int+full_chroma_inp";
  const decoder = ffmpeg(`-map 0:V:0 -vf crop=${width}:${height}:0:0,${scale} ${raw}`, "-");
  const encoder = ffmpeg(
    `${raw} -s ${width}x${height} -i - -map 1 -map 0:a? -c:a copy -vf ${scale} -pix_fmt yuv420p10le
    -color_primaries bt2020 -color_trc ${TAGS[to]} -colorspace bt2020nc -color_range tv
    -c:v libx265 -crf 18 -x265-params log-level=error -tag:v hvc1 -xerror`,
    partial,
  );
  let frames = 0;
  for await (const frame of readFrames(decoder.stdout, Buffer.alloc(width * height * 6))) {
    convertTransfer(frame, from, to); // With { ootf: "luminance" } as the last argument, by BT.2100.
    // Waits until the encoder has the frame, since the next one is written over it.
    if (await new Promise((done) => encoder.stdin.write(frame, done))) break;
    if (++frames % 50 === 0) console.log(`frame ${frames} of ${total}`);
  }
  encoder.stdin.end();
  // When the encoder fails, so does the decoder, which can no longer write.
  const problem = (await encoder.problem) || (await decoder.problem);
  if (problem) throw new Error(problem);
}

/** Reads one frame after the other, all into the same Buffer. */
async function* readFrames(stream, frame) {
  let filled = 0;
  for await (const chunk of stream) {
    for (let copied, at = 0; at < chunk.length; at += copied) {
      copied = chunk.copy(frame, filled, at);
      filled = (filled + copied) % frame.length;
      if (filled === 0) yield frame;
    }
  }
}

/** Starts ffmpeg. `problem` is, once it ends, the first line of its errors, or undefined if it succeeded. */
function ffmpeg(options, file) {
  const args = ["-v", "error", "-i", input, ...options.split(/\s+/), file];
  const child = spawn("ffmpeg", args, { signal: interrupt.signal, killSignal: "SIGKILL" });
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  child.on("error", ({ message }) => (errors += message));
  child.stdin.on("error", () => {}); // ffmpeg itself reports why it stopped reading.
  const ended = new Promise((done) => child.on("close", done));
  const problem = ended.then((code) => (code === 0 ? undefined : `ffmpeg: ${errors.split("\n")[0]}`));
  return { stdin: child.stdin, stdout: child.stdout, problem };
}
