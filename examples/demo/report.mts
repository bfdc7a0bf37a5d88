/** The job rendered, and measured, with the addon and with the TypeScript loop. */

import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import {
  type ConvertTransferOptions,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
} from "hdr-image-transfer-cache";

import { type ImageCache, type Job, renderFrames } from "./render.mts";
import { convertTransferLoop } from "./typescript-loop.mts";

const LOOP_SECONDS = 5;
const MIB = 2 ** 20;

type GetConverted = HdrImageTransferCache["getConverted"];

/** What a way of converting did, for the table. */
export interface Report {
  frames: number;
  conversions: number;
  hits: number;
  passthroughs: number;
  bytesHeld: number;
  milliseconds: number;
}

/** Renders all frames with the addon, converting as the options say, and gives each to `onFrame`. */
export async function renderWithAddon(
  job: Job,
  options: ConvertTransferOptions,
  onFrame: (frame: Buffer, number: number) => Promise<void>,
): Promise<Report> {
  const cache = createHdrImageTransferCache(options);
  const timer = new Timer(cache.getConverted);
  const bar = progressBar("addon          ", job.frames);
  let frames = 0;
  try {
    for (const frame of renderFrames(job, timer)) {
      await onFrame(frame, frames++);
      bar.update(frames);
    }
  } finally {
    bar.stop();
  }
  const { misses, hits, passthroughs, bytesUsed } = cache.stats();
  const { milliseconds } = timer;
  return { frames, conversions: misses, hits, passthroughs, bytesHeld: bytesUsed, milliseconds };
}

/** Renders as many frames as some seconds allow with the TypeScript loop, which keeps nothing. */
export function renderWithLoop(job: Job): Report {
  const report = { frames: 0, conversions: 0, hits: 0, passthroughs: 0, bytesHeld: 0, milliseconds: 0 };
  const timer = new Timer((_imageId, from, to, source) => {
    if (from === to) {
      report.passthroughs++;
      return source;
    }
    report.conversions++;
    const copy = Buffer.from(source);
    convertTransferLoop(copy, from, to);
    return copy;
  });
  const bar = progressBar("TypeScript loop", job.frames);
  const end = performance.now() + 1000 * LOOP_SECONDS;
  for (const _frame of renderFrames(job, timer)) {
    bar.update(++report.frames);
    if (performance.now() > end) break;
  }
  bar.stop();
  return { ...report, milliseconds: timer.milliseconds };
}

/** Measures the time spent in `getConverted`. */
class Timer implements ImageCache {
  milliseconds = 0;
  readonly #getConverted: GetConverted;

  constructor(getConverted: GetConverted) {
    this.#getConverted = getConverted;
  }

  getConverted: GetConverted = (...args) => {
    const start = performance.now();
    const converted = this.#getConverted(...args);
    this.milliseconds += performance.now() - start;
    return converted;
  };
}

function progressBar(title: string, total: number): SingleBar {
  const bar = new SingleBar({
    format: `${title} [{bar}] {value} of {total} frames`,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  bar.start(total, 0);
  return bar;
}

/** Prints the two reports beside each other. */
export function showReports(addon: Report, loop: Report): void {
  const table = new Table({
    head: ["", "addon, cached", `TypeScript loop, uncached, ${loop.frames} of ${addon.frames} frames`],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [] },
  });
  const addRow = (name: string, show: (report: Report) => string | number) => {
    table.push([name, show(addon), show(loop)]);
  };
  const ms = (milliseconds: number) => `${milliseconds.toFixed(milliseconds < 10 ? 3 : 1)} ms`;
  addRow("frames", (report) => report.frames);
  addRow("conversions", (report) => report.conversions);
  addRow("hits", (report) => report.hits);
  addRow("passthroughs", (report) => report.passthroughs);
  addRow("bytes held", (report) => `${(report.bytesHeld / MIB).toFixed(1)} MiB`);
  addRow("time in getConverted", (report) => ms(report.milliseconds));
  addRow("  per frame", (report) => ms(report.milliseconds / report.frames));
  console.log(table.toString());
}
