/** Frames to a 10-bit HEVC file, by ffmpeg. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import type { Readable, Writable } from "node:stream";

import type { HdrTransfer } from "hdr-image-transfer-cache";

import { reasonOf, UserError } from "../png/user-error.mts";

const TRANSFER_NAMES = { pq: "smpte2084", hlg: "arib-std-b67" } as const;

/** What a video is made of. */
export interface VideoFormat {
  width: number;
  height: number;
  fps: number;
  transfer: HdrTransfer;
}

/** A video file in the making. It has its name only when it is whole. */
export class VideoWriter {
  readonly #file: string;
  readonly #partial: string;
  readonly #ffmpeg: ChildProcessByStdio<Writable, null, Readable>;
  readonly #exit: Promise<number | null>;
  #messages = "";
  readonly #interrupt = () => void this.abandon().then(() => process.exit(1));

  private constructor(file: string, { width, height, fps, transfer }: VideoFormat) {
    this.#file = file;
    this.#partial = `${file}.partial${extname(file)}`;
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
    // A broken pipe shows when a frame is written, and says less than ffmpeg itself.
    this.#ffmpeg.stdin.on("error", () => {});
    this.#exit = once(this.#ffmpeg, "close").then(([code]) => code as number | null);
    this.#exit.catch(() => {});
    process.on("SIGINT", this.#interrupt).on("SIGTERM", this.#interrupt);
  }

  /** Starts ffmpeg. */
  static async start(file: string, format: VideoFormat): Promise<VideoWriter> {
    const writer = new VideoWriter(file, format);
    try {
      await once(writer.#ffmpeg, "spawn");
    } catch {
      throw new UserError("--video needs ffmpeg, which is not on the PATH");
    }
    return writer;
  }

  /** Writes a frame, which may be reused when this is done. */
  async write(frame: Buffer): Promise<void> {
    const error = await new Promise((done) => this.#ffmpeg.stdin.write(frame, done));
    if (error) throw await this.#failure();
  }

  /** Makes the file whole. */
  async finish(): Promise<void> {
    this.#ffmpeg.stdin.end();
    if ((await this.#exit) !== 0) throw await this.#failure();
    this.#ignoreSignals();
    await rename(this.#partial, this.#file).catch((error) => {
      throw new UserError(`${this.#file}: cannot be written: ${reasonOf(error)}`);
    });
  }

  /** Gives up, and leaves nothing behind. */
  async abandon(): Promise<void> {
    this.#ignoreSignals();
    this.#ffmpeg.kill("SIGKILL");
    await this.#exit.catch(() => {});
    await rm(this.#partial, { force: true });
  }

  #ignoreSignals(): void {
    process.off("SIGINT", this.#interrupt).off("SIGTERM", this.#interrupt);
  }

  async #failure(): Promise<UserError> {
    await this.#exit.catch(() => {});
    return new UserError(`${this.#file}: ffmpeg failed: ${this.#messages.trim().split("\n")[0]}`);
  }
}
