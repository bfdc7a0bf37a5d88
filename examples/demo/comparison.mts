/** The conversions of a job, timed with the addon and with two loops in JavaScript. */

import Table from "cli-table3";
import {
  convertTransfer,
  type ConvertTransferOptions,
  createHdrImageTransferCache,
  type HdrTransfer,
} from "hdr-image-transfer-cache";

import { BASELINES } from "../../bench/baselines.mjs";
import { summaryOf } from "../../bench/measure.mjs";
import { withUnit } from "../../bench/report.mjs";
import type { Converter, Job } from "./job.mts";

/** Later video frames are converted by the addon alone, since the loops take long. */
const COMPARED_VIDEO_FRAMES = 30;
const MIB = 2 ** 20;
const ADDON = "addon";

/** Milliseconds of each call. */
interface Times {
  passthroughs: number[];
  misses: number[];
  hits: number[];
  videoFrames: number[];
}

/** Converts with each implementation, and returns the addon's result. The loops support the default options only. */
export class Comparison implements Converter {
  readonly times = new Map<string, Times>();
  readonly stats;
  readonly #converters: [name: string, converter: Converter][] = [];
  readonly #cachedIds = new Set<string>();

  constructor(job: Job, options: ConvertTransferOptions) {
    for (const [name, loop] of Object.entries(BASELINES)) {
      const cache = loop.createHdrImageTransferCache({ maxBytes: Infinity });
      this.#add(name.replaceAll("`", ""), job, {
        getConverted: (...image) => cache.getConverted(...image),
        convertTransfer: loop.convertTransfer,
      });
    }
    const { getConverted, stats } = createHdrImageTransferCache(options);
    this.stats = stats;
    // The last, so that its results are those that stay.
    this.#add(ADDON, job, {
      getConverted,
      convertTransfer: (buf, from, to) => convertTransfer(buf, from, to, options),
    });
  }

  #add(name: string, job: Job, converter: Converter): void {
    this.#converters.push([name, converter]);
    this.times.set(name, { passthroughs: [], misses: [], hits: [], videoFrames: [] });
    // Tables are built, and loops compiled, once a process.
    converter.convertTransfer(Buffer.alloc(6 * 2 ** 17), job.video.transfer, job.transfer);
  }

  getConverted: Converter["getConverted"] = (id, from, to, source) => {
    const kind = from === to ? "passthroughs" : this.#cachedIds.has(id) ? "hits" : "misses";
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
}

/** Prints what the conversions cost, and what the cache saves. */
export function printComparison(job: Job, { times, stats }: Comparison): void {
  const table = new Table({
    head: ["", "image,\nmiss", "image,\nhit", "video\nframe", "whole\njob"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const videoFrames = times.get(ADDON)!.videoFrames.length;
  for (const [name, ms] of times) {
    const medians = [ms.misses, ms.hits, ms.videoFrames].map(medianOf);
    // The loops have not converted all video frames.
    const all = [...ms.misses, ...ms.hits, videoFrames * medians[2]!].reduce((sum, each) => sum + each);
    table.push([name, ...[...medians, all].map((each) => (each === 0 ? "-" : withUnit(each)))]);
  }
  console.log(table.toString());

  const { misses, hits, passthroughs, bytesUsed } = stats();
  const size = `${(bytesUsed / MIB).toFixed(1)} MiB`;
  console.log(`Misses: ${misses}, hits: ${hits}, passthroughs: ${passthroughs}, cached: ${size}`);
  if (hits > 0) {
    console.log(`
Hits cost next to nothing with all three: they look up a
Buffer. Each saves what a miss costs, in every later frame.`);
  }
  console.log(`
At ${job.fps} fps, all work on a frame has to fit into ${withUnit(1000 / job.fps)}.`);
}

function medianOf(values: number[]): number {
  return values.length === 0 ? 0 : summaryOf(values).median;
}
