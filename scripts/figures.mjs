// The figures of the documentation that show what is computed, not what is measured: `npm run figures`.

import { writeFileSync } from "node:fs";

import * as echarts from "echarts";
import { convertTransfer } from "hdr-image-transfer-cache";

import { hlgOotfPerChannel, hlgSceneLight, pqDisplayLight } from "../examples/curves.ts";

/** Writes a chart to docs/charts/. */
function write(name, height, option) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 760, height });
  chart.setOption({ animation: false, backgroundColor: "#fff", ...option });
  writeFileSync(new URL(`../docs/charts/${name}.svg`, import.meta.url), chart.renderToSVGString());
  chart.dispose();
  console.log(`written: docs/charts/${name}.svg`);
}

/** The samples of colours, converted from HLG to PQ. */
function toPq(colours, options) {
  const image = Buffer.from(Uint16Array.from(colours.flat()).buffer);
  convertTransfer(image, "hlg", "pq", options);
  return new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
}

/** R, G and B codes of a colour whose brightest channel has the HLG signal of reference white. */
function colourOf(hue, saturation) {
  const white = 0.75 * 65535;
  const channel = (offset) => {
    const distance = Math.abs(((hue / 60 + offset) % 6) - 3);
    return Math.round(white * (1 - saturation * (1 - Math.min(Math.max(distance - 1, 0), 1))));
  };
  return [channel(0), channel(4), channel(2)];
}

/** How far the conversion per channel is from that by luminance, over hue and saturation. */
function writeOotfError() {
  const hues = Array.from({ length: 36 }, (_, at) => at * 10);
  const saturations = Array.from({ length: 21 }, (_, at) => at / 20);
  const places = hues.flatMap((_hue, x) => saturations.map((_saturation, y) => [x, y]));
  const colours = places.map(([x, y]) => colourOf(hues[x], saturations[y]));
  const [perChannel, byLuminance] = [toPq(colours), toPq(colours, { ootf: "luminance" })];
  const errors = places.map(([x, y], at) => {
    const difference = (channel) => Math.abs(perChannel[3 * at + channel] - byLuminance[3 * at + channel]);
    return [x, y, Math.max(difference(0), difference(1), difference(2))];
  });
  const largest = Math.max(...errors.map(([, , error]) => error));
  console.log(`per channel, HLG to PQ, brightest channel 75 %: off by up to ${largest} of 65535 codes`);
  write("ootf-error", 430, {
    title: { text: "Error of the conversion per channel, HLG to PQ, in codes of 65535", left: "center" },
    grid: { left: 70, right: 110, top: 45, bottom: 55 },
    xAxis: {
      type: "category",
      name: "hue of the signal: red, yellow, green, cyan, blue, magenta",
      nameLocation: "middle",
      nameGap: 30,
      data: hues.map((hue) => `${hue}°`),
      axisLabel: { interval: 5 },
    },
    yAxis: {
      type: "category",
      name: "saturation",
      nameLocation: "middle",
      nameGap: 45,
      data: saturations.map((saturation) => `${Math.round(100 * saturation)} %`),
      axisLabel: { interval: 4 },
    },
    visualMap: {
      min: 0,
      max: Math.ceil(largest / 1000) * 1000,
      right: 5,
      top: "center",
      itemHeight: 250,
      calculable: true,
      inRange: { color: ["#ffffff", "#fdd49e", "#ef6548", "#7f0000"] },
    },
    series: [{ type: "heatmap", data: errors }],
  });
}

/** Signals from 0 to 1, as codes. */
const SIGNALS = Array.from({ length: 129 }, (_, at) => at / 128);
const PEAKS = [400, 1000, 4000];

/** The light that a display makes of PQ and of HLG signals. */
function writeLight() {
  const curves = {
    PQ: pqDisplayLight,
    ...Object.fromEntries(
      PEAKS.map((peak) => [`HLG, ${peak} cd/m²`, (signal) => hlgOotfPerChannel(hlgSceneLight(signal), peak)]),
    ),
  };
  writeLines("light", "Display light of a grey, in cd/m²", curves, { type: "log", min: 0.01, max: 10_000 });
}

/** What the conversion makes of a signal. */
function writeConversions() {
  const curve = (from, to, peakLuminance) => (signal) => {
    const sample = Buffer.from(Uint16Array.of(Math.round(signal * 65535)).buffer);
    convertTransfer(sample, from, to, { peakLuminance });
    return (100 * sample.readUInt16LE()) / 65535;
  };
  const curves = PEAKS.flatMap((peak) => [
    [`PQ to HLG, ${peak} cd/m²`, curve("pq", "hlg", peak)],
    [`HLG to PQ, ${peak} cd/m²`, curve("hlg", "pq", peak)],
  ]);
  writeLines("conversion", "Converted signal of a grey, in %", Object.fromEntries(curves), { max: 100 });
}

function writeLines(name, title, curves, yAxis) {
  write(name, 420, {
    title: { text: title, left: "center" },
    legend: { top: 30 },
    grid: { left: 60, right: 30, top: 90, bottom: 50 },
    xAxis: { type: "value", name: "signal, in %", nameLocation: "middle", nameGap: 28, max: 100 },
    yAxis,
    series: Object.entries(curves).map(([label, curve]) => ({
      name: label,
      type: "line",
      showSymbol: false,
      // A logarithmic axis has no place for 0.
      data: SIGNALS.map((signal) => [100 * signal, Math.max(curve(signal), yAxis.min ?? 0)]),
    })),
  });
}

/** The light of the brightest HLG red, green and blue, by luminance. */
function showHighestLight() {
  for (const [channel, name] of ["red", "green", "blue"].entries()) {
    const colour = [0, 0, 0].with(channel, 65535);
    const signal = toPq([colour], { ootf: "luminance" })[channel] / 65535;
    console.log(`${name}, by luminance, 1000 cd/m²: up to ${pqDisplayLight(signal).toFixed(0)} cd/m²`);
  }
}

showHighestLight();
writeOotfError();
writeLight();
writeConversions();
