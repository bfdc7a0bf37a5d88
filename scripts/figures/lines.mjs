// The charts that have lines: docs/charts/conversion.svg and scale.svg.

import { convertTransfer } from "hdr-image-transfer-cache";
import * as echarts from "echarts";

import { ADDON, BASELINE, GREEN, MUTED, RED, WIDTH } from "./shapes.mjs";

const HEIGHT = 420;
/** Nominal peak luminances of HLG displays, in cd/m². */
const PEAKS = { 400: GREEN, 1000: ADDON, 4000: RED };

/** Two panels side by side, the `x` and `y` axes of which are given by functions of the panel. */
function panels(top, { title, subtitle, headings, x, y, series }) {
  const left = (at) => 72 + (at * WIDTH) / 2;
  const heading = (text, fontSize, position) => ({
    text,
    textStyle: { fontSize, color: MUTED },
    ...position,
  });
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "sans-serif", fontSize: 13, color: MUTED },
    title: [
      {
        ...heading(title, 17, { left: 0, top: 4 }),
        subtext: subtitle,
        itemGap: 6,
        subtextStyle: { fontSize: 13, lineHeight: 18, color: MUTED },
      },
      ...headings.map((text, at) => heading(text, 14, { left: left(at) - 6, top: top - 32 })),
    ],
    legend: {
      top: top - 62,
      left: 0,
      itemGap: 22,
      itemWidth: 28,
      itemHeight: 4,
      icon: "rect",
      textStyle: { fontSize: 13, color: MUTED },
    },
    grid: headings.map((_, at) => ({ left: left(at), top, width: WIDTH / 2 - 104, bottom: 54 })),
    xAxis: headings.map((_, gridIndex) => ({ ...x(gridIndex), gridIndex })),
    yAxis: headings.map((_, gridIndex) => ({ ...y(gridIndex), gridIndex })),
    series: series.map(({ at, dash = "solid", ...line }) => ({
      type: "line",
      xAxisIndex: at,
      yAxisIndex: at,
      showSymbol: false,
      lineStyle: { width: 2.5, type: dash },
      ...line,
    })),
  });
  const svg = `${chart.renderToSVGString()}\n`;
  chart.dispose();
  return svg;
}

/** An axis of numbers, from zero, named along its middle. */
function valueAxis(name, gap = 30) {
  return {
    type: "value",
    name,
    min: 0,
    nameLocation: "middle",
    nameGap: gap,
    nameTextStyle: { color: MUTED, fontSize: 13 },
    axisLabel: { color: MUTED, fontSize: 12 },
    axisLine: { lineStyle: { color: MUTED } },
    splitLine: { lineStyle: { color: "#80808044" } },
  };
}

/** The converted code value over the code value of a grey. */
export function drawConversion() {
  const directions = [
    ["pq", "hlg"],
    ["hlg", "pq"],
  ];
  const curve = (from, to, peakLuminance) =>
    Array.from({ length: 65 }, (_, at) => {
      const code = Math.min(1024 * at, 65535);
      const sample = Buffer.from(Uint16Array.of(code).buffer);
      convertTransfer(sample, from, to, { peakLuminance });
      return [code, sample.readUInt16LE()];
    });
  const nameOf = (peak) => `display of ${peak} cd/m²${peak === "1000" ? " (default)" : ""}`;
  const axis = (name, gap) => ({ ...valueAxis(name, gap), max: 65536, interval: 16384 });
  return panels(134, {
    title: "Code value in, code value out",
    subtitle:
      "A grey, for HLG displays of three peak luminances. PQ to HLG clips at the peak: the lines end flat.",
    headings: ["PQ to HLG", "HLG to PQ"],
    x: (at) => axis(`${directions[at][0].toUpperCase()} in`, 30),
    y: (at) => axis(`${directions[at][1].toUpperCase()} out`, 62),
    series: directions.flatMap(([from, to], at) =>
      Object.entries(PEAKS).map(([peak, color]) => ({
        at,
        name: nameOf(peak),
        color,
        data: curve(from, to, Number(peak)),
      })),
    ),
  });
}

/** Time per megapixel: a level line means that time grows in proportion to the image. */
export function drawScale(byRuntime, machine) {
  const [[runtime, rows]] = Object.entries(byRuntime);
  const columns = Object.keys(Object.values(rows)[0]);
  const lines = ["in place", "miss"].flatMap((kind, at) => {
    const one = `${kind}, 1 thread`;
    const all = columns.find((column) => column.startsWith(kind) && column !== one);
    const copy = at === 0 ? "copy" : "`Buffer.from(source)`";
    return [
      { at, column: copy, name: "copy", color: BASELINE, dash: "dashed" },
      { at, column: one, name: "addon, 1 thread", color: GREEN },
      { at, column: all, name: `addon, ${all.split(", ")[1]}`, color: ADDON },
    ];
  });
  return panels(152, {
    title: "Time per megapixel: a level line is growth in proportion to the image",
    subtitle: `Minima, HLG to PQ. ${runtime},\n${machine}`,
    headings: ["In place, and a copy into memory in use", "Cache miss, and Buffer.from(source)"],
    x: () => ({
      ...valueAxis("megapixels, logarithmic"),
      type: "category",
      boundaryGap: false,
      data: Object.keys(rows).map((row) => `${Number.parseFloat(row)}`),
      axisLabel: { interval: 0, fontSize: 12, color: MUTED },
    }),
    y: () => valueAxis("ms per megapixel", 36),
    series: lines.map(({ column, ...line }) => ({
      ...line,
      data: Object.values(rows).map((row) => row[column].minimum),
    })),
  });
}
