// The figures of the documentation that show what is computed, not what is measured: `npm run figures`.

import { writeFileSync } from "node:fs";

import * as echarts from "echarts";
import { convertTransfer } from "hdr-image-transfer-cache";

/** Writes a chart to docs/charts/. */
function write(name, height, option) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 760, height });
  chart.setOption({ animation: false, backgroundColor: "#fff", ...option });
  writeFileSync(new URL(`charts/${name}.svg`, import.meta.url), chart.renderToSVGString());
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

writeOotfError();
