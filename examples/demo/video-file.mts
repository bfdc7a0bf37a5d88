/** Encodes frames to a 10-bit HEVC file with ffmpeg. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { extname } from "node:path";
import type { Readable, Writable } from "node:stream";

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { checkOutput } from "../png/files.mts";
import { onInterrupt } from "../png/interrupt.mts";
import { reasonOf, UserError } from "../png/user-error.mts";

const TRANSFER_NAMES = { pq: "smpte2084", hlg: "arib-std-b67" } as const;

export interface VideoFormat {
  width: number;
  height: number;
  fps: number;
  transfer: HdrTransfer;
}

/** A video file that is being written, under a temporary name until it is complete. */
export class VideoFile {
  readonly #file: string;
  readonly #partial: string;
  readonly #ffmpeg: ChildProcessByStdio<Writable, null, Readable>;
  readonly #exit: Promise<number | null>;
  readonly #interrupt = onInterrupt(() => this.#discard());
  #messages = "";

  private constructor(file: string, { width, height, fps, transfer }: VideoFormat) {
    this.#file = file;
    this.#partial = `${checkOutput(file)}.partial${extname(file)}`;
    const colour = {
      color_primaries: "bt2020",
      color_trc: TRANSFER_NAMES[transfer],
      colorspace: "bt2020nc",
    };
    const colourOptions = Object.entries(colour).flatMap(([name, value]) => [`-${name}`, value]);
    const x265 = `log-level=error:colorprim=bt2020:transfer=${colour.color_trc}:colormatrix=bt2020nc`;
    this.#ffmpeg = spawn(
      "ffmpeg",
      [
        ["-hide_banner", "-loglevel", "error", "-y"],
        ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", `${width}x${height}`, "-r", `${fps}`, "-i", "-"],
        ["-vf", "scale=out_color_matrix=bt2020:out_range=tv", "-pix_fmt", "yuv420p10le"],
        ["-c:v", "libx265", "-preset", "fast", "-x265-params", x265, "-tag:v", "hvc1"],
        [...colourOptions, this.#partial],
      ].flat(),
      { stdio: ["pipe", "ignore", "pipe"] },
    );
    this.#ffmpeg.stderr.setEncoding("utf8").on("data", (text: string) => (this.#messages += text));
    // `write` rejects with what ffmpeg says, which is more than "broken pipe".
    this.#ffmpeg.stdin.on("error", () => {});
    this.#exit = once(this.#ffmpeg, "close").then(([code]) => code as number | null);
    this.#exit.catch(() => {});
  }

  static async create(file: string, format: VideoFormat): Promise<VideoFile> {
    const video = new VideoFile(file, format);
    try {
      await once(video.#ffmpeg, "spawn");
      return video;
    } catch {
      video.#interrupt.ignore();
      throw new UserError("--video needs ffmpeg, which is not on the PATH");
    }
  }

  /** Writes a frame. Its Buffer may be reused when the promise resolves. */
  async write(frame: Buffer): Promise<void> {
    const error = await new Promise((done) => this.#ffmpeg.stdin.write(frame, done));
    if (error) throw await this.#failure();
  }

  /** Completes the file. */
  async finish(): Promise<void> {
    this.#ffmpeg.stdin.end();
    if ((await this.#exit) !== 0) throw await this.#failure();
    await rename(this.#partial, checkOutput(this.#file)).catch((error) => {
      throw new UserError(`${this.#file}: cannot be written: ${reasonOf(error)}`);
    });
    this.#interrupt.ignore();
  }

  /** Ends ffmpeg and removes the temporary file. */
  async abandon(): Promise<void> {
    this.#interrupt.ignore();
    this.#discard();
    await this.#exit.catch(() => {});
    this.#discard();
  }

  #discard(): void {
    this.#ffmpeg.kill("SIGKILL");
    rmSync(this.#partial, { force: true });
  }

  async #failure(): Promise<UserError> {
    await this.#exit.catch(() => {});
    return new UserError(`${this.#file}: ffmpeg failed: ${this.#messages.trim().split("\n")[0]}`);
  }
}
