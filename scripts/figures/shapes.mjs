// The charts that have rectangles: docs/charts/host.svg and ootf-error.svg. The background of charts is transparent, and their
// colours have a contrast of at least 3 to white and to GitHub's dark background.

import { convertTransfer } from "hdr-image-transfer-cache";

import { withUnit } from "../../bench/report.mjs";
import { pqEotf } from "../../examples/curves.ts";
import { toSrgb } from "../../examples/demo/pictures.mts";

/** About the width at which GitHub shows a document. */
export const WIDTH = 830;

export const ADDON = "#2f81f7";
export const BASELINE = "#8b949e";
export const GREEN = "#2da44e";
export const RED = "#e5534b";
/** Of all text. */
export const MUTED = "#777d84";

/** An SVG file with a title and lines of text above its parts. */
function svg(height, title, lines, parts) {
  const attributes = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const texts = [
    text(title, { y: 22, size: 17, weight: "bold" }),
    ...lines.map((line, at) => text(line, { y: 44 + 18 * at, size: 13 })),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" ${attributes} font-family="sans-serif">\n${[...texts, ...parts].join("\n")}\n</svg>\n`;
}

function text(content, { x = 4, y, size, anchor = "start", weight = "normal", fill = MUTED }) {
  const attributes = `x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}"`;
  return `<text ${attributes} fill="${fill}">${content}</text>`;
}

function rectangle(x, y, width, height, fill) {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`;
}

/** What converting the video layer of a 1080p frame costs a host: one group of bars for each runtime. */
export function drawFrame(byRuntime, machine) {
  const groups = Object.entries(byRuntime).map(([runtime, rows]) => [runtime, rows["1080p, video layer"]]);
  const longest = Math.max(...groups.flatMap(([, bars]) => Object.values(bars).map(({ median }) => median)));
  const [LEFT, LONGEST, BAR, PITCH] = [150, 580, 20, 30];
  const parts = [];
  let y = 84;
  for (const [runtime, bars] of groups) {
    parts.push(text(runtime, { y, size: 14, weight: "bold" }));
    for (const [name, { median }] of Object.entries(bars)) {
      y += PITCH;
      const width = Math.round((LONGEST * median) / longest);
      const [fill, ofText, weight] = name === "addon" ? [ADDON, ADDON, "bold"] : [BASELINE, MUTED, "normal"];
      parts.push(
        text(name.replaceAll("`", ""), { x: LEFT - 8, y, anchor: "end", size: 13 }),
        rectangle(LEFT, y - 15, width, BAR, fill),
        text(withUnit(median), { x: LEFT + width + 8, y, size: 13, fill: ofText, weight }),
      );
    }
    y += 1.5 * PITCH;
  }
  const lines = [`Medians, in milliseconds from 0. ${machine}`];
  return svg(y - PITCH, "Converting one HDR video layer of a 1080p frame, HLG to PQ", lines, parts);
}

const HUES = "red orange yellow lime green mint cyan azure blue violet magenta pink".split(" ");
const SATURATIONS = [1, 0.6, 0.3];

/** The two OOTFs compared: swatches of colours converted from HLG to PQ. */
export function drawOotfs() {
  const [LEFT, TOP, PITCH, ROW] = [112, 104, 58, 66];
  const [HALF, HEIGHT] = [25, 36];
  const parts = HUES.map((name, column) =>
    text(name, { x: LEFT + column * PITCH + HALF, y: TOP - 8, anchor: "middle", size: 12 }),
  );
  for (const [row, saturation] of SATURATIONS.entries()) {
    const y = TOP + row * ROW;
    parts.push(text(`saturation ${100 * saturation} %`, { y: y + 22, size: 12 }));
    for (const column of HUES.keys()) {
      const colour = colourOf((360 / HUES.length) * column, saturation);
      const [channels, luminance] = [toPq(colour, "per-channel"), toPq(colour, "luminance")];
      const error = Math.max(...channels.map((code, at) => Math.abs(code - luminance[at])));
      const x = LEFT + column * PITCH;
      parts.push(
        rectangle(x, y, HALF, HEIGHT, cssOf(channels)),
        rectangle(x + HALF, y, HALF, HEIGHT, cssOf(luminance)),
        text(`${error}`, { x: x + HALF, y: y + HEIGHT + 15, anchor: "middle", size: 12 }),
      );
    }
  }
  const title = "Per channel or by luminance: the same HLG colour, converted to PQ";
  const lines = [
    "Left half: per channel (default). Right half: by luminance, as BT.2100 defines it. Below: the largest difference",
    "of a channel, in code values of 65535. The brightest channel is at 75 % HLG. Swatches are rendered for SDR displays.",
  ];
  return svg(TOP + SATURATIONS.length * ROW, title, lines, parts);
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

function toPq(hlg, ootf) {
  const samples = Uint16Array.from(hlg);
  convertTransfer(Buffer.from(samples.buffer), "hlg", "pq", { ootf });
  return samples;
}

/** How a PQ colour looks on a display without HDR. */
function cssOf(pq) {
  return `rgb(${toSrgb({ transfer: "pq", samples: Buffer.from(pq.buffer) }).join(" ")})`;
}

/** Prints the light of the brightest HLG red, green and blue, by luminance. */
export function printHighestLight() {
  for (const [channel, name] of ["red", "green", "blue"].entries()) {
    const code = toPq([0, 0, 0].with(channel, 65535), "luminance")[channel];
    console.log(`HLG ${name}, luminance OOTF, 1000 cd/m²: up to ${pqEotf(code / 65535).toFixed(0)} cd/m²`);
  }
}
