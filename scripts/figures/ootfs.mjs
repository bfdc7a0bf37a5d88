// The two OOTFs compared: swatches of colours converted from HLG to PQ per channel and by luminance.

import { convertTransfer } from "hdr-image-transfer-cache";

import { svg, text } from "./chart.mjs";
import { pqEotf, toSrgb } from "./light.mjs";

const HUES = [
  "red",
  "orange",
  "yellow",
  "lime",
  "green",
  "mint",
  "cyan",
  "azure",
  "blue",
  "violet",
  "magenta",
  "pink",
];
const SATURATIONS = [1, 0.6, 0.3];
const [LEFT, TOP, PITCH, ROW] = [112, 104, 58, 66];
const SWATCH = { width: 50, height: 36 };

function converted(colour, from, to, ootf) {
  const samples = Uint16Array.from(colour);
  convertTransfer(Buffer.from(samples.buffer), from, to, { ootf });
  return samples;
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

/** How a PQ colour looks on a display without HDR. */
function cssOf(pq) {
  return `rgb(${[...toSrgb(converted(pq, "pq", "hlg", "luminance"))].join(" ")})`;
}

export function drawOotfs() {
  const parts = SATURATIONS.flatMap((saturation, row) => {
    const y = TOP + row * ROW;
    const swatches = HUES.flatMap((_, column) => {
      const colour = colourOf((360 / HUES.length) * column, saturation);
      const [channels, luminance] = ["per-channel", "luminance"].map((ootf) =>
        converted(colour, "hlg", "pq", ootf),
      );
      const error = Math.max(...channels.map((code, at) => Math.abs(code - luminance[at])));
      const x = LEFT + column * PITCH;
      const half = SWATCH.width / 2;
      return [
        `<rect x="${x}" y="${y}" width="${half}" height="${SWATCH.height}" fill="${cssOf(channels)}"/>`,
        `<rect x="${x + half}" y="${y}" width="${half}" height="${SWATCH.height}" fill="${cssOf(luminance)}"/>`,
        text(`${error}`, { x: x + half, y: y + SWATCH.height + 15, anchor: "middle", size: 12 }),
      ];
    });
    return [text(`saturation ${100 * saturation} %`, { y: y + 22, size: 12 }), ...swatches];
  });
  const names = HUES.map((name, column) =>
    text(name, { x: LEFT + column * PITCH + SWATCH.width / 2, y: TOP - 8, anchor: "middle", size: 12 }),
  );
  return svg(TOP + SATURATIONS.length * ROW, [
    text("Per channel or by luminance: the same HLG colour, converted to PQ", {
      y: 22,
      size: 17,
      weight: "bold",
    }),
    text(
      "Left half: per channel (default). Right half: by luminance, as BT.2100 defines it. Below: the largest difference",
      { y: 44, size: 13 },
    ),
    text(
      "of a channel, in code values of 65535. The brightest channel is at 75 % HLG. Swatches are rendered for SDR displays.",
      { y: 62, size: 13 },
    ),
    ...names,
    ...parts,
  ]);
}

/** Prints the light of the brightest HLG red, green and blue, by luminance. */
export function printHighestLight() {
  for (const [channel, name] of ["red", "green", "blue"].entries()) {
    const code = converted([0, 0, 0].with(channel, 65535), "hlg", "pq", "luminance")[channel];
    console.log(`HLG ${name}, luminance OOTF, 1000 cd/m²: up to ${pqEotf(code / 65535).toFixed(0)} cd/m²`);
  }
}
