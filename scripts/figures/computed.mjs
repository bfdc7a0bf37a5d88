// Charts of what the conversion computes.

import { convertTransfer } from "hdr-image-transfer-cache";

import { hlgOotfPerChannel, hlgInverseOetf, pqEotf } from "../../examples/curves.ts";
import { valueAxis, writeChart } from "./chart.mjs";

/** Signals from 0 to 1. */
const SIGNALS = Array.from({ length: 129 }, (_, at) => at / 128);

/** Nominal peak luminances of HLG displays, in cd/m², and their colours. */
const PEAKS = [
  [400, "#2da44e"],
  [1000, "#0969da"],
  [4000, "#cf222e"],
];

/** The codes of colours, converted from HLG to PQ. */
function toPq(colours, options) {
  const image = Buffer.from(Uint16Array.from(colours.flat()).buffer);
  convertTransfer(image, "hlg", "pq", options);
  return new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
}

/** The R, G and B codes of a colour whose brightest channel has the HLG signal of reference white. */
function colourOf(hue, saturation) {
  const white = 0.75 * 65535;
  const channel = (offset) => {
    const distance = Math.abs(((hue / 60 + offset) % 6) - 3);
    return Math.round(white * (1 - saturation * (1 - Math.min(Math.max(distance - 1, 0), 1))));
  };
  return [channel(0), channel(4), channel(2)];
}

/** The differences between the per-channel and the luminance conversion, over hue and saturation. */
export function drawOotfError() {
  const hues = Array.from({ length: 37 }, (_, at) => at * 10);
  const saturations = Array.from({ length: 21 }, (_, at) => at / 20);
  const cells = hues.flatMap((_hue, x) => saturations.map((_saturation, y) => [x, y]));
  const colours = cells.map(([x, y]) => colourOf(hues[x], saturations[y]));
  const [perChannel, luminance] = [toPq(colours), toPq(colours, { ootf: "luminance" })];
  const errors = cells.map(([x, y], at) => {
    const difference = (channel) => Math.abs(perChannel[3 * at + channel] - luminance[3 * at + channel]);
    return [x, y, Math.max(difference(0), difference(1), difference(2))];
  });
  const largest = Math.max(...errors.map(([, , error]) => error));
  console.log(
    `per channel, HLG to PQ, brightest channel 75 %: differs from luminance by up to ${largest} of 65535 codes`,
  );
  const names = ["red", "yellow", "green", "cyan", "blue", "magenta", "red"];
  const category = (name, data, interval, gap, more) => ({
    ...valueAxis(name, { gap }),
    type: "category",
    data,
    axisTick: { interval, alignWithLabel: true },
    axisLabel: { interval, fontSize: 12, color: "#57606a", ...more },
  });
  writeChart("ootf-error", 440, {
    title: "Error of the per-channel conversion, HLG to PQ",
    subtitle:
      "Largest error of the three channels, in codes of 65535. The brightest channel is at 75 % signal.",
    grid: { left: 76, right: 100, top: 78, bottom: 58 },
    xAxis: category(
      "hue",
      hues.map((hue) => (hue % 60 === 0 ? names[hue / 60] : `${hue}`)),
      5,
      32,
    ),
    yAxis: category(
      "saturation",
      saturations.map((saturation) => `${Math.round(100 * saturation)} %`),
      4,
      52,
    ),
    visualMap: {
      min: 0,
      max: Math.ceil(largest / 1000) * 1000,
      right: 16,
      top: 90,
      itemHeight: 250,
      text: [`${Math.ceil(largest / 1000) * 1000}`, "0"],
      textStyle: { fontSize: 12, color: "#57606a" },
      inRange: { color: ["#ffffff", "#fdd49e", "#ef6548", "#7f0000"] },
    },
    series: [{ type: "heatmap", data: errors }],
  });
}

/** Display light over the signal. */
export function drawLight() {
  const [least, most] = [0.01, 10_000];
  const data = (light) =>
    SIGNALS.map((signal) => [100 * signal, light(signal)]).filter(([, value]) => value >= least);
  writeLines("light", {
    title: "Display light of a grey",
    subtitle: "PQ signals state the light. HLG signals are relative to the peak of the display.",
    yAxis: valueAxis("cd/m², logarithmic", { type: "log", min: least, max: most, gap: 56 }),
    lines: [
      { name: "PQ", color: "#24292f", data: data(pqEotf) },
      ...PEAKS.map(([peak, color]) => ({
        name: `HLG, ${peak} cd/m² display`,
        color,
        data: data((signal) => hlgOotfPerChannel(hlgInverseOetf(signal), peak)),
      })),
    ],
  });
}

/** The converted signal over the signal: colour is the peak, the dash the direction. */
export function drawConversion() {
  const curve = (from, to, peakLuminance) =>
    SIGNALS.map((signal) => {
      const sample = Buffer.from(Uint16Array.of(Math.round(signal * 65535)).buffer);
      convertTransfer(sample, from, to, { peakLuminance });
      return [100 * signal, (100 * sample.readUInt16LE()) / 65535];
    });
  writeLines("conversion", {
    title: "Converted signal of a grey",
    subtitle: "Solid: PQ to HLG, clipped at the peak of the display. Dashed: HLG to PQ.",
    yAxis: valueAxis("converted signal, %", { min: 0, max: 100, gap: 44 }),
    lines: [
      ...PEAKS.map(([peak, color]) => ({
        name: `PQ to HLG, ${peak} cd/m²`,
        color,
        data: curve("pq", "hlg", peak),
      })),
      ...PEAKS.map(([peak, color]) => ({
        name: `HLG to PQ, ${peak} cd/m²`,
        color,
        dash: "dashed",
        data: curve("hlg", "pq", peak),
      })),
    ],
  });
}

function writeLines(name, { title, subtitle, yAxis, lines }) {
  const rows = Math.ceil(lines.length / 4);
  const perRow = Math.ceil(lines.length / rows);
  const legends = Array.from({ length: rows }, (_, row) => ({
    top: 68 + 24 * row,
    left: 12,
    itemGap: 22,
    itemWidth: 36,
    itemStyle: { opacity: 0 },
    data: lines.slice(row * perRow, (row + 1) * perRow).map((line) => line.name),
    textStyle: { fontSize: 13, color: "#24292f" },
  }));
  writeChart(name, 440 + 24 * rows, {
    title,
    subtitle,
    legend: legends,
    grid: { left: 80, right: 30, top: 84 + 24 * rows, bottom: 58 },
    xAxis: valueAxis("signal, %", { min: 0, max: 100 }),
    yAxis,
    series: lines.map(({ name: of, color, dash = "solid", data }) => ({
      name: of,
      type: "line",
      showSymbol: false,
      color,
      lineStyle: { type: dash, width: 2.5 },
      data,
    })),
  });
}

/** Prints the light of the brightest HLG red, green and blue. */
export function printHighestLight() {
  for (const [channel, name] of ["red", "green", "blue"].entries()) {
    const colour = [0, 0, 0].with(channel, 65535);
    const signal = toPq([colour], { ootf: "luminance" })[channel] / 65535;
    console.log(`${name}, luminance OOTF, 1000 cd/m²: up to ${pqEotf(signal).toFixed(0)} cd/m²`);
  }
}
