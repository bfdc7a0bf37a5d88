// The results as tables for the console.

import Table from "cli-table3";

/** How each case is printed. */
export const REPORTS = { misses, inPlace, hits, first, memory, scale };

const MS = { unit: "ms", factor: 1 };
const NS = { unit: "ns", factor: 1e6 };

function misses(states) {
  return Object.entries(states)
    .map(([state, times]) => summaries(`Cache miss, HLG to PQ, ${state}`, times, "Buffer.from(source)", MS))
    .join("\n");
}

function inPlace({ addon, shared, loops, zscale }) {
  const byVariant = addon.map(({ set, threads, times }) =>
    summaries(
      `In place, 4K, ${set}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      times,
      "copy by buf.set(source)",
      MS,
    ),
  );
  const inShared = summaries("In place, 4K, in a SharedArrayBuffer, all threads", shared, undefined, MS);
  const inLoops = summaries("Baselines: loops, in place, 4K", loops, undefined, MS);
  if (!zscale) return [...byVariant, inShared, inLoops, "ffmpeg with zscale is not installed."].join("\n");
  const byZscale = summaries("Baseline: zscale, 4K, 1 thread", zscale.times, undefined, MS);
  const differences = zscale.differences.map(
    ({ name, largest, mean }) =>
      `${name}: differs from zscale by ${largest} codes at most, mean ${mean.toFixed(4)}`,
  );
  return [...byVariant, inShared, inLoops, byZscale, ...differences].join("\n");
}

function hits(times) {
  return summaries("Cache hits, and conversion of one pixel. Baseline: Map", times, "Map, short ids", NS);
}

function first(times) {
  return summaries("A new process: loading the addon, and converting 1080p in place", times, undefined, MS);
}

function memory(peaks) {
  return summaries("Peak memory of 100 misses at 4K within 200 MiB. Baseline: Map", peaks, "Map", {
    unit: "MiB",
    factor: 1,
  });
}

function scale({ oneThread, allThreads }) {
  const names = { copy: "copy", inPlace: "in place", newCopy: "Buffer.from", miss: "miss" };
  const rows = oneThread.map((one, at) => [
    `${one.megapixels}`,
    perMegapixel(one, "copy"),
    perMegapixel(one, "inPlace"),
    perMegapixel(allThreads[at], "inPlace"),
    perMegapixel(one, "newCopy"),
    perMegapixel(one, "miss"),
    perMegapixel(allThreads[at], "miss"),
  ]);
  const { copy, inPlace: convert, newCopy, miss } = names;
  return table(
    "Milliseconds per megapixel, HLG to PQ: minimum / median",
    [
      "megapixels",
      copy,
      `${convert}\n1 thread`,
      `${convert}\nthreads`,
      newCopy,
      `${miss}\n1 thread`,
      `${miss}\nthreads`,
    ],
    rows,
  );
}

function perMegapixel(row, name) {
  const { minimum, median } = row[name];
  return `${(minimum / row.megapixels).toFixed(2)} / ${(median / row.megapixels).toFixed(2)}`;
}

/** A table of summaries by name, with the ratio of each median to that of the baseline. */
function summaries(title, byName, baseline, { unit, factor }) {
  const digits = (value) => (factor * value).toFixed(factor * value < 100 && unit === "ms" ? 1 : 0);
  const rows = Object.entries(byName).map(([name, { minimum, median, maximum }]) => [
    name,
    digits(minimum),
    digits(median),
    digits(maximum),
    ...(baseline ? [(median / byName[baseline].median).toFixed(2)] : []),
  ]);
  const head = [unit, "minimum", "median", "maximum", ...(baseline ? [`median / ${baseline}`] : [])];
  return table(title, head, rows);
}

function table(title, head, rows) {
  const colAligns = ["left", ...head.slice(1).map(() => "right")];
  const printed = new Table({ head, colAligns, style: { head: [], border: [] } });
  printed.push(...rows);
  return `\n${title}\n${printed}`;
}
