/** Renderings for SDR displays: of a frame, and of what conversions do to the photographs. */

import { createRequire } from "node:module";

import { Resvg } from "@resvg/resvg-js";
import { encode } from "fast-png";
import { convertTransfer, type HdrTransfer, type HlgOotf } from "hdr-image-transfer-cache";

import { sunset, venice } from "./job.mts";

const GAP = 8;
const LABEL_HEIGHT = 34;
/** From BT.2020 primaries (BT.2087). */
const TO_BT709: [r: number, g: number, b: number][] = [
  [1.6605, -0.5876, -0.0728],
  [-0.1246, 1.1329, -0.0083],
  [-0.0182, -0.1006, 1.1187],
];
const FONT = createRequire(import.meta.url).resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf");

/** A frame in PQ. */
export function drawFrame(pixels: Buffer, width: number, height: number): Uint8Array {
  return encode({ width, height, data: toSdr(pixels, "pq"), channels: 3 });
}

/** The HLG photograph, converted to PQ with both OOTFs. */
export function drawOotfs(): Buffer {
  const converted = (ootf: HlgOotf) => {
    const pq = Buffer.from(venice.pixels);
    convertTransfer(pq, "hlg", "pq", { ootf });
    return toSdr(pq, "pq");
  };
  return drawPair("An HLG photograph converted to PQ, for a display of 1000 cd/m². SDR rendering.", [
    ["Per channel (default)", converted("per-channel")],
    ["By luminance (BT.2100 OOTF)", converted("luminance")],
  ]);
}

/** The PQ photograph, converted to HLG without clipping and by the addon. */
export function drawHighlights(): Buffer {
  const clipped = Buffer.from(sunset.pixels);
  convertTransfer(clipped, "pq", "hlg");
  // A Uint16Array keeps the low 16 bits of results above 65535.
  const wrapped = samplesOf(clipped).map((hlg, at) =>
    hlg < 65535 ? hlg : unclippedHlg(samplesOf(sunset.pixels)[at]!),
  );
  return drawPair(
    "A PQ photograph converted to HLG. The sun exceeds the HLG display's 1000 cd/m². SDR rendering.",
    [
      ["By a loop that does not clip: highlights wrap", toSdr(Buffer.from(wrapped.buffer), "hlg")],
      ["By the addon, which clips", toSdr(clipped, "hlg")],
    ],
  );
}

/** The HLG code value, above 65535, of light above 1000 cd/m² (BT.2100 tables 4 and 5). */
function unclippedHlg(pq: number): number {
  const root = (pq / 65535) ** (32 / 2523);
  const display = 10 * ((root - 107 / 128) / (2413 / 128 - (2392 / 128) * root)) ** (8192 / 1305);
  const scene = display ** (1 / 1.2);
  return Math.round(65535 * (0.17883277 * Math.log(12 * scene - 0.28466892) + 0.55991073));
}

function samplesOf(buf: Buffer): Uint16Array {
  return new Uint16Array(buf.buffer, buf.byteOffset, buf.length / 2);
}

/** With 8 bits and BT.709 primaries: An HLG signal can be shown on an SDR display of gamma 2.4 (BT.2408). PQ is converted to HLG. */
function toSdr(image: Buffer, transfer: HdrTransfer): Uint8ClampedArray {
  const hlg = Buffer.from(image);
  convertTransfer(hlg, transfer, "hlg", { ootf: "luminance" });
  const light = Float64Array.from(samplesOf(hlg), (code) => (code / 65535) ** 2.4);
  return Uint8ClampedArray.from(light, (_, at) => {
    const [r, g, b] = TO_BT709[at % 3]!;
    const pixel = at - (at % 3);
    const sum = r * light[pixel]! + g * light[pixel + 1]! + b * light[pixel + 2]!;
    return 255 * Math.max(0, sum) ** (1 / 2.4);
  });
}

/** Two renderings of a photograph side by side, with titles. */
function drawPair(caption: string, panels: [title: string, pixels: Uint8ClampedArray][]): Buffer {
  const { width, height } = venice;
  const drawn = panels.map(([title, data], at) => {
    const png = Buffer.from(encode({ width, height, data, channels: 3 })).toString("base64");
    const x = GAP + at * (width + GAP);
    return `<text x="${x}" y="23" font-size="18">${title}</text>
      <image x="${x}" y="${LABEL_HEIGHT}" width="${width}" height="${height}" xlink:href="data:image/png;base64,${png}"/>`;
  });
  const size = { width: panels.length * (width + GAP) + GAP, height: height + 2 * LABEL_HEIGHT };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    width="${size.width}" height="${size.height}" fill="white">
      ${drawn.join("")}
      <text x="${GAP}" y="${size.height - 12}" font-size="16">${caption}</text>
    </svg>`;
  // White text on it can be read on light and on dark pages.
  const background = "#24292f";
  const font = { fontFiles: [FONT], loadSystemFonts: false, defaultFontFamily: "Inter" };
  return new Resvg(svg, { background, font }).render().asPng();
}
