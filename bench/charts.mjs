// Charts of the results, as SVG, for README.

import { mkdirSync, writeFileSync } from "node:fs";

import * as echarts from "echarts";

const FOLDER = new URL("../docs/charts/", import.meta.url);
const WIDTH = 760;

/** Writes docs/charts/ from what bench.mjs measured. */
export function writeCharts(results) {
  mkdirSync(FOLDER, { recursive: true });
  const times = { ...results.inPlace["best kernel, one thread"] };
  writeBars("in-place", `In place, 3840x2160, one thread, ${results.runtime}`, {
    "warm copy": times["warm copy"],
    "addon, AVX-512": times["PQ to HLG"],
    "addon, portable": results.inPlace["portable kernel, one thread"]["PQ to HLG"],
    "Uint16Array loop": times["Uint16Array loop"],
    "TypeScript loop": times.loop,
  });
  const miss = results.misses["4K"];
  writeBars("miss", `A miss into new memory, 3840x2160, ${results.runtime}`, {
    "addon, PQ to HLG": miss["PQ to HLG"],
    "Buffer.from(source), no conversion": miss["Buffer.from"],
    "TypeScript loop, with its copy": miss["loop, with its copy"],
  });
  const byLuminance = (kernel) => results.luminance[`${kernel}, one thread`];
  const best = byLuminance("AVX-512");
  writeBars("luminance", `By luminance, HLG to PQ, 3840x2160, one thread, ${results.runtime}`, {
    "addon, AVX-512": best["HLG to PQ"],
    "addon, AVX2": byLuminance("AVX2")["HLG to PQ"],
    "addon, portable": byLuminance("portable")["HLG to PQ"],
    // There may be no ffmpeg.
    ...(best["HLG to PQ, zscale"] && { "zscale (zimg)": best["HLG to PQ, zscale"] }),
  });
  writeScale(results);
}

/** Writes docs/charts/soak.svg: how much memory the process took, from its start to its end. */
export function writeSoak({ title, samples, before }) {
  write("soak", 320, {
    title: { text: title, left: "center" },
    grid: { left: 60, right: 30, top: 45, bottom: 50 },
    xAxis: { type: "value", name: "seconds", nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", name: "RSS, MiB" },
    series: [
      {
        type: "line",
        showSymbol: false,
        data: samples.map(({ seconds, rss }) => [seconds, rss]),
        markLine: {
          symbol: "none",
          label: { formatter: `after the warm-up: ${before.rss} MiB`, position: "insideMiddleTop" },
          data: [{ yAxis: before.rss }],
        },
      },
    ],
  });
}

function writeBars(name, title, times) {
  const entries = Object.entries(times).toReversed();
  write(name, 70 + 40 * entries.length, {
    title: { text: title, left: "center" },
    grid: { left: 220, right: 80, top: 45, bottom: 20 },
    xAxis: { type: "log", logBase: 10, show: false, min: 1 },
    yAxis: { type: "category", data: entries.map(([label]) => label), axisTick: { show: false } },
    series: [
      {
        type: "bar",
        data: entries.map(([, time]) => time),
        label: { show: true, position: "right", formatter: ({ value }) => `${value.toFixed(1)} ms` },
      },
    ],
  });
}

function writeScale({ runtime, scale }) {
  const series = {
    "warm copy": [scale["one thread"], "copy", "dashed"],
    "in place, one thread": [scale["one thread"], "inPlace", "solid"],
    "in place, all threads": [scale["all threads"], "inPlace", "solid"],
    "new Buffer.from": [scale["one thread"], "newCopy", "dashed"],
    "miss, one thread": [scale["one thread"], "miss", "solid"],
    "miss, all threads": [scale["all threads"], "miss", "solid"],
  };
  write("scale", 420, {
    title: { text: `Milliseconds a megapixel, ${runtime}`, left: "center" },
    legend: { top: 30 },
    grid: { left: 60, right: 30, top: 90, bottom: 50 },
    xAxis: { type: "log", name: "megapixels", nameLocation: "middle", nameGap: 28, min: 0.1, max: 100 },
    yAxis: { type: "log", min: 0.05, max: 10 },
    series: Object.entries(series).map(([name, [rows, column, lineType]]) => ({
      name,
      type: "line",
      lineStyle: { type: lineType },
      data: rows.map((row) => [row.megapixels, row[column]]),
    })),
  });
}

function write(name, height, option) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, backgroundColor: "#fff", ...option });
  writeFileSync(new URL(`${name}.svg`, FOLDER), chart.renderToSVGString());
  chart.dispose();
}
