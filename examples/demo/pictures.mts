/** SDR renderings: of a frame, and of what a conversion does to a photograph. */

import { createRequire } from "node:module";

import { Resvg } from "@resvg/resvg-js";
import { encode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { convertSignal } from "../curves.ts";
import { samplesOf, scaleToFill, type Size } from "./images.mts";
import type { HdrImage } from "./png.mts";

/** Photographs are drawn so large at most. */
const MAX_LENGTH = 512;
/** Wide enough for the labels. */
const MIN_WIDTH = 320;
const GAP = 8;
/** White text on it can be read on light and on dark pages. */
const BACKGROUND = "#24292f";
const LABEL_HEIGHT = 34;
const DIFFERENCE_GAIN = 8;
const FONT = createRequire(import.meta.url).resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf");

/** Labels and 8-bit sRGB pixels of pictures side by side. */
type Panels = [label: string, pixels: Uint8Array][];

type Part = Size & { x: number; y: number };

/** A frame at its size, labelled inside. */
export function drawFrame(frame: HdrImage): Buffer {
  const { width, height, transfer } = frame;
  const text = Math.max(10, Math.round(height / 45));
  return render(
    frame,
    `${imageElement(frame, toSrgb(frame))}
    <rect y="${height - 2 * text}" width="${width}" height="${2 * text}" fill="black" opacity="0.6"/>
    <text x="${text}" y="${height - 0.65 * text}" font-size="${text}">First frame, in ${transfer.toUpperCase()}. SDR rendering.</text>`,
  );
}

/** The highlights of a PQ image in HLG: wrapped, as without clipping, and clipped by the addon. */
export function drawHighlights(pqImage: HdrImage): Buffer {
  const image = scaleDown(pqImage);
  const hlg = (samples: Buffer) => toSrgb({ transfer: "hlg", samples });
  const clipped = Buffer.from(image.samples);
  convertTransfer(clipped, "pq", "hlg");
  // A Uint16Array keeps the low 16 bits of results above 65535.
  const wrapped = samplesOf(image.samples).map((code) =>
    Math.round(65535 * convertSignal(code / 65535, "pq", "hlg")),
  );
  const panels: Panels = [
    ["Wrong: without clipping, highlights wrap", hlg(Buffer.from(wrapped.buffer))],
    ["Right: the addon clips them", hlg(clipped)],
  ];
  const caption =
    "A PQ photograph converted to HLG: its light exceeds the 1000 cd/m² of the HLG display. SDR rendering.";
  return drawPanels(image, partAroundBrightest(image), 2, panels, caption);
}

/** The middle of an image, converted with both OOTFs, and the difference. */
export function drawOotfs(source: HdrImage): Buffer {
  const image = scaleDown(source);
  const target = image.transfer === "pq" ? "hlg" : "pq";
  const converted = (ootf: "per-channel" | "luminance") => {
    const samples = Buffer.from(image.samples);
    convertTransfer(samples, image.transfer, target, { ootf });
    return toSrgb({ transfer: target, samples });
  };
  const [perChannel, luminance] = [converted("per-channel"), converted("luminance")];
  const difference = perChannel.map((_, at) => {
    const channels = [0, 1, 2].map((channel) => at - (at % 3) + channel);
    const differences = channels.map((channel) => Math.abs(perChannel[channel]! - luminance[channel]!));
    return Math.min(255, DIFFERENCE_GAIN * Math.max(...differences));
  });
  const panels: Panels = [
    ["Per channel (default)", perChannel],
    ["By luminance (BT.2100: right)", luminance],
    [`Difference, times ${DIFFERENCE_GAIN}`, difference],
  ];
  const caption = `${image.transfer.toUpperCase()} to ${target.toUpperCase()}, for a display of 1000 cd/m². SDR rendering.`;
  const width = Math.min(image.width, Math.round(image.height * 1.25));
  const part = { x: Math.round((image.width - width) / 2), y: 0, width, height: image.height };
  return drawPanels(image, part, 1, panels, caption);
}

function scaleDown(image: HdrImage): HdrImage {
  const scale = Math.min(1, MAX_LENGTH / Math.max(image.width, image.height));
  return scaleToFill(image, {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  });
}

/** The part of an image around its brightest pixel, of about half its width and height. */
function partAroundBrightest(image: HdrImage): Part {
  const reds = samplesOf(image.samples).filter((_, at) => at % 3 === 0);
  const brightest = reds.reduce((best, red, at) => (red > reds[best]! ? at : best), 0);
  const [width, height] = [Math.ceil(0.4 * image.width), Math.ceil(0.5 * image.height)];
  const start = (middle: number, length: number, size: number) =>
    Math.min(Math.max(middle - Math.ceil(length / 2), 0), size - length);
  return {
    x: start(brightest % image.width, width, image.width),
    y: start(Math.floor(brightest / image.width), height, image.height),
    width,
    height,
  };
}

/** As 8-bit sRGB: HLG taken for BT.2020 with a gamma of 2.4, which it is compatible with. PQ is converted to HLG. */
export function toSrgb({ transfer, samples }: Pick<HdrImage, "transfer" | "samples">): Uint8Array {
  const hlg = Buffer.from(samples);
  convertTransfer(hlg, transfer, "hlg", { ootf: "luminance" });
  const codes = samplesOf(hlg);
  const pixels = new Uint8ClampedArray(codes.length);
  const encodeSrgb = (light: number) =>
    255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
  const light = Float64Array.from({ length: 65536 }, (_, code) => (code / 65535) ** 2.4);
  for (let at = 0; at < codes.length; at += 3) {
    const [r, g, b] = [light[codes[at]!]!, light[codes[at + 1]!]!, light[codes[at + 2]!]!];
    // BT.2020 to BT.709 primaries (BT.2087).
    pixels[at] = encodeSrgb(1.6605 * r - 0.5876 * g - 0.0728 * b);
    pixels[at + 1] = encodeSrgb(-0.1246 * r + 1.1329 * g - 0.0083 * b);
    pixels[at + 2] = encodeSrgb(-0.0182 * r - 0.1006 * g + 1.1187 * b);
  }
  return new Uint8Array(pixels.buffer);
}

/** A part of several images of one size side by side, enlarged and labelled. */
function drawPanels(size: Size, part: Part, zoom: number, panels: Panels, caption: string): Buffer {
  const [width, height] = [zoom * part.width, zoom * part.height];
  const pitch = Math.max(width, MIN_WIDTH) + GAP;
  const drawn = panels.map(
    ([label, pixels], at) => `<svg x="${at * pitch + GAP}">
      <text y="23" font-size="16">${label}</text>
      <svg y="${LABEL_HEIGHT}" width="${width}" height="${height}"
        viewBox="${part.x} ${part.y} ${part.width} ${part.height}">${imageElement(size, pixels)}</svg>
    </svg>`,
  );
  const total = { width: panels.length * pitch + GAP, height: height + 2 * LABEL_HEIGHT };
  const below = `<text x="${GAP}" y="${total.height - 12}" font-size="13">${caption}</text>`;
  return render(total, drawn.join("") + below);
}

function imageElement({ width, height }: Size, pixels: Uint8Array): string {
  const png = Buffer.from(encode({ width, height, data: pixels, channels: 3 })).toString("base64");
  return `<image width="${width}" height="${height}" xlink:href="data:image/png;base64,${png}"/>`;
}

function render({ width, height }: Size, elements: string): Buffer {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    width="${width}" height="${height}"><g fill="white">${elements}</g></svg>`;
  const picture = new Resvg(svg, {
    background: BACKGROUND,
    font: { fontFiles: [FONT], loadSystemFonts: false, defaultFontFamily: "Inter" },
  });
  return picture.render().asPng();
}
