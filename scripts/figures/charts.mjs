// The charts of conversions and timings.

import { convertTransfer } from "hdr-image-transfer-cache";

import { medianOf } from "../../bench/report.mjs";
import { ADDON, BASELINE, chart, GREEN, MUTED, RED, svg, text, valueAxis, WIDTH } from "./chart.mjs";

/** Nominal peak luminances of HLG displays, in cd/m². */
const PEAKS = { 400: GREEN, 1000: ADDON, 4000: RED };

/** Two panels of lines. */
function panels(top, { headings, xAxis, yAxis, series, ...texts }) {
  const left = (at) => 72 + (at * WIDTH) / 2;
  return chart(420, {
    ...texts,
    headings: headings.map((heading, at) => [heading, left(at) - 6, top - 32]),
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
    xAxis: headings.map((_, gridIndex) => ({ ...xAxis(gridIndex), gridIndex })),
    yAxis: headings.map((_, gridIndex) => ({ ...yAxis(gridIndex), gridIndex })),
    series: series.map(({ at, dash = "solid", ...line }) => ({
      type: "line",
      xAxisIndex: at,
      yAxisIndex: at,
      showSymbol: false,
      lineStyle: { width: 2.5, type: dash },
      ...line,
    })),
  });
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
    xAxis: (at) => axis(`${directions[at][0].toUpperCase()} in`, 30),
    yAxis: (at) => axis(`${directions[at][1].toUpperCase()} out`, 62),
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
    xAxis: () => ({
      ...valueAxis("megapixels, logarithmic"),
      type: "category",
      boundaryGap: false,
      data: Object.keys(rows).map((row) => `${Number.parseFloat(row)}`),
      axisLabel: { interval: 0, fontSize: 12, color: MUTED },
    }),
    yAxis: () => valueAxis("ms per megapixel", 36),
    series: lines.map(({ column, ...line }) => ({
      ...line,
      data: Object.values(rows).map((row) => row[column].minimum),
    })),
  });
}

/** What converting the video layer of a 1080p frame costs a host: one group of bars for each runtime. */
export function drawFrame(byRuntime, machine) {
  const groups = Object.entries(byRuntime).map(([runtime, rows]) => [runtime, rows["1080p, video layer"]]);
  const longest = Math.max(...groups.flatMap(([, bars]) => Object.values(bars).map(({ median }) => median)));
  const [LEFT, LONGEST, BAR, PITCH] = [150, 580, 20, 30];
  const parts = [
    text("Converting one HDR video layer of a 1080p frame, HLG to PQ", { y: 22, size: 17, weight: "bold" }),
    text(`Medians, in milliseconds from 0. ${machine}`, { y: 44, size: 13 }),
  ];
  let y = 84;
  for (const [runtime, bars] of groups) {
    parts.push(text(runtime, { y, size: 14, weight: "bold" }));
    for (const [name, { median }] of Object.entries(bars)) {
      y += PITCH;
      const width = Math.round((LONGEST * median) / longest);
      const [fill, ofText, weight] = name === "addon" ? [ADDON, ADDON, "bold"] : [BASELINE, MUTED, "normal"];
      parts.push(
        text(name.replaceAll("`", ""), { x: LEFT - 8, y, anchor: "end", size: 13 }),
        `<rect x="${LEFT}" y="${y - 15}" width="${width}" height="${BAR}" fill="${fill}"/>`,
        text(medianOf({ median }), { x: LEFT + width + 8, y, size: 13, fill: ofText, weight }),
      );
    }
    y += 1.5 * PITCH;
  }
  return svg(y - PITCH, parts);
}
