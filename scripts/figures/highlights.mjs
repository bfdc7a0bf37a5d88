// The highlights of a PQ photograph in HLG: wrapped, as by a loop that does not clip, and clipped by the addon.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Resvg } from "@resvg/resvg-js";
import { decode, encode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { WIDTH } from "./chart.mjs";
import { hlgSignal, pqEotf, toSrgb } from "./light.mjs";

const FONT = createRequire(import.meta.url).resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf");
const PHOTOGRAPH = new URL("../../examples/images/sunset-pq-512x256.png", import.meta.url);
/** The part of the photograph around the sun. */
const PART = { x: 206, y: 66, width: 205, height: 130 };
const GAP = 6;
const CAPTION = 34;

export function drawHighlights() {
  const { width, height, data } = decode(readFileSync(PHOTOGRAPH));
  const clipped = Uint16Array.from(data);
  convertTransfer(Buffer.from(clipped.buffer), "pq", "hlg");
  // A Uint16Array keeps the low 16 bits of results above 65535.
  const wrapped = Uint16Array.from(data, (code) => Math.round(65535 * hlgSignal(pqEotf(code / 65535))));
  const panelWidth = (WIDTH - GAP) / 2;
  const panelHeight = (panelWidth / PART.width) * PART.height;
  const panels = [
    ["Wrong: without clipping, highlights wrap", wrapped],
    ["Right: this package clips them to white", clipped],
  ].map(([caption, hlg], at) => {
    const png = Buffer.from(encode({ width, height, data: new Uint8Array(toSrgb(hlg)), channels: 3 }));
    return `<svg x="${at * (panelWidth + GAP)}" width="${panelWidth}" height="${CAPTION + panelHeight}">
      <rect width="${panelWidth}" height="${CAPTION}" fill="#24292f"/>
      <text x="10" y="23" font-size="16" fill="#ffffff">${caption}</text>
      <svg y="${CAPTION}" width="${panelWidth}" height="${panelHeight}"
        viewBox="${PART.x} ${PART.y} ${PART.width} ${PART.height}">
        <image width="${width}" height="${height}" xlink:href="data:image/png;base64,${png.toString("base64")}"/>
      </svg>
    </svg>`;
  });
  const total = CAPTION + panelHeight;
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    width="${WIDTH}" height="${total + CAPTION}">${panels.join("")}
    <rect y="${total}" width="${WIDTH}" height="${CAPTION}" fill="#24292f"/>
    <text x="10" y="${total + 22}" font-size="13" fill="#ffffff">A PQ photograph converted to HLG: the sun is brighter than 1000 cd/m². Rendered for SDR displays.</text>
  </svg>`;
  const font = { fontFiles: [FONT], loadSystemFonts: false, defaultFontFamily: "Inter" };
  return new Resvg(picture, { font }).render().asPng();
}
