// The charts of the documentation. Their background is transparent: the colours have a contrast of at least 3 to white and
// to GitHub's dark background, that of the text at least 4.5 to white.

import { convertTransfer } from "hdr-image-transfer-cache";
import * as echarts from "echarts";

import { withUnit } from "../bench/report.mjs";

/** About the width at which GitHub shows a document. */
const WIDTH = 830;
const TEXT = "#70767d";
const ADDON = "#2f81f7";
const BASELINE = "#8b949e";
/** By the nominal peak luminance of an HLG display, in cd/m². */
const OF_PEAK = { 400: "#2da44e", 1000: ADDON, 4000: "#e5534b" };

function draw(height, { title, subtitle, headings = [], ...options }) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const style = (fontSize) => ({ fontSize, color: TEXT });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "sans-serif", ...style(13) },
    title: [
      { text: title, subtext: subtitle, left: 0, top: 4, textStyle: style(17), subtextStyle: style(13) },
      ...headings.map((heading) => ({ textStyle: style(14), ...heading })),
    ],
    ...options,
  });
  const svg = `${chart.renderToSVGString()}\n`;
  chart.dispose();
  return svg;
}

/** What converting the video layer of a 1080p frame costs a host: a group of bars for each runtime. */
export function drawHost(byRuntime, machine) {
  const runtimes = Object.keys(byRuntime);
  const times = Object.values(byRuntime).map((rows) => rows["1080p, video layer"]);
  return draw(300, {
    title: "Converting one HDR video layer of a 1080p frame, HLG to PQ",
    subtitle: `Medians, in milliseconds. ${machine}`,
    grid: { left: 124, top: 62, right: 190, bottom: 8 },
    xAxis: { type: "value", max: "dataMax", show: false },
    yAxis: {
      type: "category",
      data: runtimes,
      inverse: true,
      axisTick: { show: false },
      axisLabel: { fontSize: 14, color: TEXT },
      axisLine: { lineStyle: { color: TEXT } },
    },
    series: Object.keys(times[0]).map((name) => ({
      type: "bar",
      data: times.map((bars) => bars[name].median),
      color: name === "addon" ? ADDON : BASELINE,
      label: {
        show: true,
        position: "right",
        color: TEXT,
        fontSize: 13,
        fontWeight: name === "addon" ? "bold" : "normal",
        formatter: ({ value }) => `${name.replaceAll("`", "")}: ${withUnit(value)}`,
      },
    })),
  });
}

/** The converted code value over the code value of a grey: a panel for each direction. */
export function drawConversion() {
  const DIRECTIONS = [
    ["pq", "hlg"],
    ["hlg", "pq"],
  ];
  const left = (gridIndex) => 72 + (gridIndex * WIDTH) / 2;
  const axis = (gridIndex, name, nameGap) => ({
    gridIndex,
    type: "value",
    name,
    nameLocation: "middle",
    nameGap,
    nameTextStyle: { color: TEXT, fontSize: 13 },
    min: 0,
    max: 65535,
    interval: 16384,
    axisLabel: { color: TEXT, fontSize: 12, formatter: String },
    axisLine: { lineStyle: { color: TEXT } },
    splitLine: { lineStyle: { color: "#80808044" } },
  });
  const curve = (from, to, peakLuminance) =>
    Array.from({ length: 65 }, (_, at) => {
      const code = Math.min(1024 * at, 65535);
      const sample = Buffer.from(Uint16Array.of(code).buffer);
      convertTransfer(sample, from, to, { peakLuminance });
      return [code, sample.readUInt16LE()];
    });
  return draw(420, {
    title: "Code value in, code value out",
    subtitle:
      "A grey, for HLG displays of three peak luminances. PQ to HLG clips at the peak: the lines end flat.",
    headings: DIRECTIONS.map(([from, to], at) => ({
      text: `${from.toUpperCase()} to ${to.toUpperCase()}`,
      left: left(at) - 6,
      top: 102,
    })),
    legend: {
      top: 72,
      left: 0,
      itemGap: 22,
      itemWidth: 28,
      itemHeight: 4,
      icon: "rect",
      textStyle: { color: TEXT },
    },
    grid: DIRECTIONS.map((_, at) => ({ left: left(at), top: 134, width: WIDTH / 2 - 104, bottom: 54 })),
    xAxis: DIRECTIONS.map(([from], at) => axis(at, `${from.toUpperCase()} in`, 30)),
    yAxis: DIRECTIONS.map(([, to], at) => axis(at, `${to.toUpperCase()} out`, 62)),
    series: DIRECTIONS.flatMap(([from, to], at) =>
      Object.entries(OF_PEAK).map(([peak, color]) => ({
        type: "line",
        name: `display of ${peak} cd/m²${peak === "1000" ? " (default)" : ""}`,
        xAxisIndex: at,
        yAxisIndex: at,
        showSymbol: false,
        color,
        lineStyle: { width: 2.5 },
        data: curve(from, to, Number(peak)),
      })),
    ),
  });
}
