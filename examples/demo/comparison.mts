/** The conversions of a job, timed with the addon and with two loops. */

import Table from "cli-table3";
import {
  convertTransfer,
  type ConvertTransferOptions,
  createHdrImageTransferCache,
  type HdrTransfer,
} from "hdr-image-transfer-cache";

import type { Converter, Job } from "./job.mts";
import { convertByReads, convertByView, withCache } from "./loops.mts";

/** Later video frames are converted by the addon alone, since the loops take long. */
const COMPARED_VIDEO_FRAMES = 30;
const MIB = 2 ** 20;
const ADDON = "addon";

/** Milliseconds of each call. */
interface Times {
  misses: number[];
  hits: number[];
  videoFrames: number[];
}

/** Converts with each implementation, and returns the addon's result. The loops support the default options only. */
export class Comparison implements Converter {
  readonly times = new Map<string, Times>();
  readonly #cache;
  readonly #converters: [name: string, converter: Converter][];
  readonly #cachedIds = new Set<string>();

  constructor(job: Job, options: ConvertTransferOptions) {
    this.#cache = createHdrImageTransferCache(options);
    const addon: Converter = {
      getConverted: this.#cache.getConverted,
      convertTransfer: (buf, from, to) => convertTransfer(buf, from, to, options),
    };
    // The addon is the last, so that its results are those that stay.
    this.#converters = [
      ["readUInt16LE loop", withCache(convertByReads)],
      ["Uint16Array loop", withCache(convertByView)],
      [ADDON, addon],
    ];
    for (const [name, converter] of this.#converters) {
      this.times.set(name, { misses: [], hits: [], videoFrames: [] });
      // Tables are built, and loops compiled, once a process.
      converter.convertTransfer(Buffer.alloc(6 * 2 ** 17), job.video.transfer, job.transfer);
    }
  }

  getConverted: Converter["getConverted"] = (id, from, to, source) => {
    if (from === to) return this.#cache.getConverted(id, from, to, source);
    const kind = this.#cachedIds.has(id) ? "hits" : "misses";
    this.#cachedIds.add(id);
    let converted = source;
    for (const [name, converter] of this.#converters) {
      this.#time(name, kind, () => (converted = converter.getConverted(id, from, to, source)));
    }
    return converted;
  };

  convertTransfer = (buf: Buffer, from: HdrTransfer, to: HdrTransfer): void => {
    const isCompared = this.times.get(ADDON)!.videoFrames.length < COMPARED_VIDEO_FRAMES;
    for (const [name, converter] of this.#converters) {
      if (name !== ADDON && !isCompared) continue;
      const frame = name === ADDON ? buf : Buffer.from(buf);
      this.#time(name, "videoFrames", () => converter.convertTransfer(frame, from, to));
    }
  };

  #time(name: string, kind: keyof Times, body: () => void): void {
    const start = performance.now();
    body();
    this.times.get(name)![kind].push(performance.now() - start);
  }

  stats() {
    return this.#cache.stats();
  }
}

/** Prints what a frame costs, and what the addon and the cache save. */
export function printComparison(job: Job, comparison: Comparison): void {
  const kinds = ["misses", "hits", "videoFrames"] as const;
  const table = new Table({
    head: ["conversion", "image,\ncache miss", "image,\ncache hit", "video\nframe"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const [name, times] of comparison.times) {
    table.push([name, ...kinds.map((kind) => formatMedian(times[kind]))]);
  }
  console.log(table.toString());

  const { misses, hits, passthroughs, bytesUsed } = comparison.stats();
  const size = `${(bytesUsed / MIB).toFixed(1)} MiB`;
  console.log(`Misses: ${misses}, hits: ${hits}, passthroughs: ${passthroughs}, cached: ${size}`);
  const [reads, view, addon] = [...comparison.times.values()] as [Times, Times, Times];
  if (hits > 0) {
    console.log(`
A hit costs about the same with all three: it looks up a
Buffer. In each later frame it saves what a miss costs.`);
  }
  // The loops have not converted all video frames.
  const total = ({ misses: first, hits: later, videoFrames }: Times) => {
    const video = videoFrames.length === 0 ? 0 : median(videoFrames) * addon.videoFrames.length;
    return formatMs(sum(first) + sum(later) + video);
  };
  console.log(`
All conversions of this job take ${total(reads)} with the first
loop, ${total(view)} with the second, ${total(addon)} with the addon.
At ${job.fps} fps, all work on a frame has to fit into ${formatMs(1000 / job.fps)}.`);
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function formatMedian(values: number[]): string {
  return values.length === 0 ? "-" : formatMs(median(values));
}

function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 0.1) return `${(ms * 1000).toFixed(1)} µs`;
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}
