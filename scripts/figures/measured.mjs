// Charts of what was measured.

import { machineInWords } from "../../bench/machine.mjs";
import { ADDON, BASELINE, valueAxis, WIDTH, writeBars, writeChart } from "./chart.mjs";

const digits = (value) => value.toFixed(value < 10 ? 1 : 0);
const ms = (value) => `${digits(value)} ms`;

/** What converting the video layer of a frame costs a host, by implementation. */
export function drawHost({ machine, frames }) {
  const onNode = frames.filter(({ runtime }) => runtime.startsWith("Node.js"));
  const sizes = [...new Set(onNode.map(({ size }) => size))];
  writeBars("host", {
    title: "Converting one HDR video layer of a frame, HLG to PQ",
    subtitle: `Median of each.\n${onNode[0].runtime}, ${machine}`,
    unit: "milliseconds per frame",
    groups: sizes.map((size) => {
      const rows = onNode.filter((row) => row.size === size);
      const addon = rows.find(({ name }) => name === "addon").video.median;
      return {
        name: size,
        bars: rows.map(({ name, video: { median } }) => ({
          label: name,
          value: median,
          text: name === "addon" ? ms(median) : `${ms(median)}, ${digits(median / addon)} times as long`,
          isAddon: name === "addon",
        })),
      };
    }),
  });
}

/** A miss in both states of memory. */
export function drawMiss({ runtime, machine, cases: { misses } }) {
  const states = Object.entries(misses).filter(([state]) => state.startsWith("4K"));
  writeBars("miss", {
    title: "A cache miss at 4K (3840x2160), HLG to PQ",
    subtitle: `Median, and in brackets minimum to maximum.\n${runtime}, ${machineInWords(machine)}`,
    unit: "milliseconds",
    groups: states.map(([state, times]) => ({
      name: state.replace("4K, ", "").replace(/^./, (letter) => letter.toUpperCase()),
      bars: Object.entries(times).map(([name, { minimum, median, maximum }]) => ({
        label: name === "Buffer.from(source)" ? "Buffer.from(source),\nno conversion" : name,
        value: median,
        text:
          `${ms(median)} (${minimum.toFixed(0)} to ${maximum.toFixed(0)})` +
          (name === "addon" ? "" : `, ${digits(median / times.addon.median)} times as long`),
        isAddon: name === "addon",
      })),
    })),
  });
}

/** Time per megapixel: a level line means that time grows in proportion to the image. */
export function drawScale({ runtime, machine, cases: { scale } }) {
  const { oneThread, allThreads } = scale;
  const threads = `addon, ${machine.cores} threads`;
  const panels = [
    { name: "In place", column: "inPlace", baseline: "copy", baselineName: "copy" },
    { name: "Cache miss", column: "miss", baseline: "newCopy", baselineName: "Buffer.from(source)" },
  ];
  const lines = panels.flatMap(({ column, baseline }, panel) => [
    { panel, rows: oneThread, column: baseline, name: "copy, 1 thread", color: BASELINE },
    { panel, rows: oneThread, column, name: "addon, 1 thread", color: "#79b8ff" },
    { panel, rows: allThreads, column, name: threads, color: ADDON },
  ]);
  const left = (panel) => 60 + panel * (WIDTH / 2 - 10);
  writeChart("scale", 440, {
    title: "Time per megapixel: a level line is linear growth",
    subtitle: `Lines are medians, bands reach down to minima. HLG to PQ.\n${runtime}, ${machineInWords(machine)}`,
    legend: {
      top: 82,
      left: 12,
      itemGap: 18,
      data: ["addon, 1 thread", threads, "copy, 1 thread"],
      textStyle: { fontSize: 13, color: "#24292f" },
      icon: "roundRect",
      itemHeight: 4,
    },
    graphic: panels.map(({ name, baselineName }, panel) => ({
      type: "text",
      left: left(panel) - 38,
      top: 114,
      style: {
        text: `{name|${name}}  {copy|copy: ${baselineName === "copy" ? "into memory in use" : baselineName}}`,
        rich: {
          name: { fill: "#24292f", font: "bold 14px sans-serif" },
          copy: { fill: "#57606a", font: "13px sans-serif" },
        },
      },
    })),
    grid: panels.map((_, panel) => ({ left: left(panel), top: 144, width: WIDTH / 2 - 85, bottom: 58 })),
    xAxis: panels.map((_, gridIndex) => ({
      ...valueAxis("megapixels, logarithmic", { gridIndex }),
      type: "category",
      boundaryGap: false,
      data: oneThread.map(({ megapixels }) => `${megapixels}`),
      axisLabel: { interval: 0, fontSize: 12, color: "#57606a" },
    })),
    yAxis: panels.map((_, gridIndex) => valueAxis("ms per megapixel", { gridIndex, min: 0, gap: 36 })),
    series: lines.flatMap((line, at) => linesOf(line, at)),
  });
}

/** A line of medians, over a band from the minima. */
function linesOf({ panel, rows, column, name, color }, at) {
  const axes = { type: "line", xAxisIndex: panel, yAxisIndex: panel };
  const per = (which) => rows.map((row) => row[column][which] / row.megapixels);
  const [minima, medians] = [per("minimum"), per("median")];
  const band = { ...axes, stack: `${at}`, symbol: "none", lineStyle: { width: 0 }, silent: true };
  return [
    { ...band, data: minima },
    {
      ...band,
      data: medians.map((value, each) => value - minima[each]),
      areaStyle: { color, opacity: 0.25 },
    },
    {
      ...axes,
      name,
      data: medians,
      symbol: "circle",
      symbolSize: 5,
      color,
      lineStyle: { width: 2.5, type: column === "copy" || column === "newCopy" ? "dashed" : "solid" },
    },
  ];
}

/** RSS over the time of a soak. */
export function drawSoak({ runtime, misses, caches, afterWarmUp, samples }) {
  const data = highestOfEach(samples, WIDTH / 2);
  writeChart("soak", 340, {
    title: `Memory of a process over ${misses} cache misses in ${caches} caches`,
    subtitle: `After the warm-up (dashed): ${afterWarmUp} MiB. At the end: ${samples.at(-1).rss} MiB. ${runtime}`,
    grid: { left: 72, right: 30, top: 84, bottom: 58 },
    xAxis: valueAxis("seconds", { max: Math.ceil(samples.at(-1).seconds) }),
    yAxis: valueAxis("RSS, MiB", { gap: 48, min: 0 }),
    series: [
      {
        type: "line",
        showSymbol: false,
        color: ADDON,
        lineStyle: { width: 1.5 },
        data,
        markLine: {
          symbol: "none",
          lineStyle: { color: "#24292f", type: "dashed" },
          label: { show: false },
          data: [{ yAxis: afterWarmUp }],
        },
      },
    ],
  });
}

/** The highest sample of each of `count` spans of time, and the last sample. */
function highestOfEach(samples, count) {
  const last = samples.at(-1);
  const highest = new Map();
  for (const sample of samples.slice(0, -1)) {
    const span = Math.floor((count * sample.seconds) / last.seconds);
    if (!(highest.get(span)?.rss > sample.rss)) highest.set(span, sample);
  }
  return [...highest.values(), last].map(({ seconds, rss }) => [seconds, rss]);
}
