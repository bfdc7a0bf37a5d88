/** The conversions of a job, timed with the addon and with the TypeScript module. */

import Table from "cli-table3";
import {
  convertTransfer,
  type ConvertTransferOptions,
  createHdrImageTransferCache,
  type HdrTransfer,
} from "hdr-image-transfer-cache";

import type { Converter, Job } from "./render.mts";
import * as typescriptModule from "./typescript-module.mts";

/** Video frames are converted with the TypeScript module, too, until that has taken so long. */
const TYPESCRIPT_VIDEO_MS = 5000;
const MIB = 2 ** 20;

/** Milliseconds. */
interface Times {
  addon: number;
  typescript: number;
}

/** Converts with both and returns the addon's results. The TypeScript module supports the defaults only. */
export class Comparison implements Converter {
  /** The time that the still images of each frame took. */
  readonly stills: Times[] = [];
  /** The time that each video frame took, of those converted with both. */
  readonly videoFrames: Times[] = [];
  videoFrameCount = 0;
  readonly #options: ConvertTransferOptions;
  readonly #addonCache;
  readonly #typescriptCache = typescriptModule.createHdrImageTransferCache();
  #frame: Times = { addon: 0, typescript: 0 };
  #copy = Buffer.alloc(0);
  #typescriptVideoMs = 0;

  constructor(job: Job, options: ConvertTransferOptions) {
    this.#options = options;
    this.#addonCache = createHdrImageTransferCache(options);
    // The tables are built once a process, not once a job.
    const from = job.transfer === "pq" ? "hlg" : "pq";
    this.convertTransfer(Buffer.alloc(6), from, job.transfer);
    this.videoFrames.pop();
    this.videoFrameCount = 0;
  }

  getConverted: Converter["getConverted"] = (...args) => {
    const [addon, converted] = timed(() => this.#addonCache.getConverted(...args));
    const [typescript] = timed(() => this.#typescriptCache.getConverted(...args));
    this.#frame.addon += addon;
    this.#frame.typescript += typescript;
    return converted;
  };

  convertTransfer = (buf: Buffer, from: HdrTransfer, to: HdrTransfer): void => {
    this.videoFrameCount++;
    const isCompared = this.#typescriptVideoMs < TYPESCRIPT_VIDEO_MS;
    if (isCompared) {
      if (this.#copy.length !== buf.length) this.#copy = Buffer.alloc(buf.length);
      buf.copy(this.#copy);
    }
    const [addonMs] = timed(() => convertTransfer(buf, from, to, this.#options));
    if (!isCompared) return;
    const [typescriptMs] = timed(() => typescriptModule.convertTransfer(this.#copy, from, to));
    this.#typescriptVideoMs += typescriptMs;
    this.videoFrames.push({ addon: addonMs, typescript: typescriptMs });
  };

  endFrame(): void {
    this.stills.push(this.#frame);
    this.#frame = { addon: 0, typescript: 0 };
  }

  stats() {
    return this.#addonCache.stats();
  }
}

function timed<Result>(body: () => Result): [milliseconds: number, result: Result] {
  const start = performance.now();
  const result = body();
  return [performance.now() - start, result];
}

/** Prints what a frame costs, and says what the addon saves. */
export function printComparison(job: Job, comparison: Comparison): void {
  const [first, ...later] = comparison.stills as [Times, ...Times[]];
  const { videoFrames, videoFrameCount } = comparison;
  const { misses, hits, passthroughs, bytesUsed } = comparison.stats();
  const [laterTimes, videoTimes] = [medians(later), medians(videoFrames)];

  const table = new Table({
    head: [`conversions of a frame, ${job.width}x${job.height}`, "addon", "TypeScript module", "gain"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const addRow = (name: string, times: Times | undefined) => {
    if (times) table.push([name, ms(times.addon), ms(times.typescript), ratio(times)]);
  };
  addRow("first frame: converts the still images", first);
  addRow(`later frame: cache hits (median of ${later.length})`, laterTimes);
  addRow(`video frame: converted in place (median of ${videoFrames.length})`, videoTimes);
  console.log(table.toString());
  const counters = `${count(misses, "cache miss", "es")}, ${count(hits, "hit")}, ${count(passthroughs, "passthrough")}`;
  console.log(`Cache of the addon: ${counters}, ${(bytesUsed / MIB).toFixed(1)} MiB\n`);

  const gain = (what: string, times: Times) =>
    `${what} takes ${ms(times.addon)} instead of ${ms(times.typescript)}`;
  const gains = [
    ...(misses > 0 ? [gain("the first frame", first)] : []),
    ...(videoTimes ? [gain("each video frame", videoTimes)] : []),
  ];
  if (gains.length > 0) console.log(`With the addon, converting ${gains.join(", and ")}.`);
  if (hits > 0 && laterTimes) {
    console.log("Later frames of still images cost next to nothing with either: both cache.");
  }
  if (gains.length > 0) {
    const total = (name: keyof Times) =>
      `${((first[name] + videoFrameCount * (videoTimes?.[name] ?? 0)) / 1000).toFixed(1)} s`;
    const frames = `${comparison.stills.length} frames, ${videoFrameCount} of them with video`;
    console.log(
      `For this job of ${frames}, that is about ${total("addon")} instead of ${total("typescript")}.`,
    );
  }
  console.log(`At ${job.fps} fps, all work on a frame has to fit into ${ms(1000 / job.fps)}.`);
}

function medians(times: Times[]): Times | undefined {
  if (times.length === 0) return undefined;
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    addon: median(times.map(({ addon }) => addon)),
    typescript: median(times.map(({ typescript }) => typescript)),
  };
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 1 ? 3 : milliseconds < 100 ? 1 : 0)} ms`;
}

function ratio({ addon, typescript }: Times): string {
  return typescript >= 1 ? `${(typescript / addon).toFixed(typescript / addon < 10 ? 1 : 0)} x` : "";
}

function count(number: number, noun: string, plural = "s"): string {
  return `${number} ${noun}${number === 1 ? "" : plural}`;
}
