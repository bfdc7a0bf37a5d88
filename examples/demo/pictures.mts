/** SDR renderings: of a frame, and of what a conversion does to a photograph. */

import { createRequire } from "node:module";

import { Resvg } from "@resvg/resvg-js";
import { encode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { samplesOf, scaleToFill, type Size } from "./images.mts";
import { convertByReads } from "./loops.mts";
import type { HdrImage } from "./png.mts";

/** Photographs are drawn so large at most. */
const MAX_LENGTH = 512;
/** Wide enough for the labels. */
const MIN_WIDTH = 320;
const GAP = 8;
/** White text on it can be read on light and on dark pages. */
const BACKGROUND = "#24292f";
const LABEL_HEIGHT = 34;
const DETAIL = { width: 60, height: 34 };
const ZOOM = 3;
const DIFFERENCE_GAIN = 8;
const FONT = createRequire(import.meta.url).resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf");

/** The highest PQ code in the range of HLG at 1000 cd/m². */
const LAST_PQ_CODE_IN_HLG = 49271;

interface Panel {
  label: string;
  /** 8-bit sRGB. */
  pixels: Uint8Array;
}

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

/** The highlights of a PQ image in HLG: wrapped by the loops, clipped by the addon. */
export function drawHighlights(pqImage: HdrImage): Buffer {
  const image = scaleDown(pqImage);
  const converted = (convert: typeof convertByReads) => {
    const samples = Buffer.from(image.samples);
    convert(samples, "pq", "hlg");
    return toSrgb({ ...image, transfer: "hlg", samples });
  };
  const panels = [
    { label: "readUInt16LE loop: highlights wrap (wrong)", pixels: converted(convertByReads) },
    { label: "addon: highlights clip (right)", pixels: converted(convertTransfer) },
  ];
  const caption = "PQ to HLG, for a display of 1000 cd/m². SDR rendering.";
  return drawPanels(image, { x: 0, y: 0, ...image }, panels, caption, detailOf(image));
}

/** The middle of an image, converted with both OOTFs, and the difference. */
export function drawOotfs(source: HdrImage): Buffer {
  const image = scaleDown(source);
  const target = image.transfer === "pq" ? "hlg" : "pq";
  const converted = (ootf: "per-channel" | "luminance") => {
    const samples = Buffer.from(image.samples);
    convertTransfer(samples, image.transfer, target, { ootf });
    return toSrgb({ ...image, transfer: target, samples });
  };
  const [perChannel, luminance] = [converted("per-channel"), converted("luminance")];
  const difference = perChannel.map((_, at) => {
    const channels = [0, 1, 2].map((channel) => at - (at % 3) + channel);
    const differences = channels.map((channel) => Math.abs(perChannel[channel]! - luminance[channel]!));
    return Math.min(255, DIFFERENCE_GAIN * Math.max(...differences));
  });
  const panels = [
    { label: "per channel (default)", pixels: perChannel },
    { label: "luminance (BT.2100: right)", pixels: luminance },
    { label: `difference, times ${DIFFERENCE_GAIN}`, pixels: difference },
  ];
  const caption = `${image.transfer.toUpperCase()} to ${target.toUpperCase()}, for a display of 1000 cd/m². SDR rendering.`;
  const width = Math.min(image.width, Math.round(image.height * 1.25));
  const part = { x: Math.round((image.width - width) / 2), y: 0, width, height: image.height };
  return drawPanels(image, part, panels, caption);
}

function scaleDown(image: HdrImage): HdrImage {
  const scale = Math.min(1, MAX_LENGTH / Math.max(image.width, image.height));
  return scaleToFill(image, {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  });
}

/** The part of a PQ image around its light that HLG does not have. */
function detailOf({ width, height, samples }: HdrImage): Part {
  const reds = samplesOf(samples).filter((_, at) => at % 3 === 0);
  const bright = [...reds.keys()].filter((pixel) => reds[pixel]! > LAST_PQ_CODE_IN_HLG);
  const middle = (size: number, positions: number[]) =>
    positions.length === 0 ? size / 2 : positions.reduce((a, b) => a + b) / positions.length;
  const start = (size: number, length: number, positions: number[]) =>
    Math.round(Math.max(0, Math.min(middle(size, positions) - length / 2, size - length)));
  return {
    x: start(
      width,
      DETAIL.width,
      bright.map((pixel) => pixel % width),
    ),
    y: start(
      height,
      DETAIL.height,
      bright.map((pixel) => Math.floor(pixel / width)),
    ),
    ...DETAIL,
  };
}

/** As 8-bit sRGB: HLG taken for BT.2020 with a gamma of 2.4, which it is compatible with. PQ is converted to HLG. */
function toSrgb({ transfer, samples }: HdrImage): Uint8Array {
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

/** A part of several images of one size side by side, labelled, with the same detail of each enlarged. */
function drawPanels(size: Size, part: Part, panels: Panel[], caption: string, detail?: Part): Buffer {
  const pitch = Math.max(part.width, MIN_WIDTH) + GAP;
  const drawn = panels.map(
    ({ label, pixels }, at) => `<svg x="${at * pitch + GAP}">
      <text y="23" font-size="18">${label}</text>
      <svg y="${LABEL_HEIGHT}" width="${part.width}" height="${part.height}" viewBox="${viewBox(part)}">
        ${imageElement(size, pixels, `panel${at}`)}
        ${detail ? enlarged(`panel${at}`, part, detail) : ""}
      </svg>
    </svg>`,
  );
  const height = part.height + 2 * LABEL_HEIGHT;
  return render(
    { width: panels.length * pitch + GAP, height },
    `${drawn.join("")}<text x="${GAP}" y="${height - 11}" font-size="15">${caption}</text>`,
  );
}

/** A frame around the detail, and the detail enlarged in the lower left corner. */
function enlarged(id: string, part: Part, detail: Part): string {
  const [width, height] = [ZOOM * detail.width, ZOOM * detail.height];
  const [x, y] = [GAP, part.height - height - GAP];
  const frame = (at: Part) =>
    `<rect x="${at.x}" y="${at.y}" width="${at.width}" height="${at.height}" fill="none" stroke="black" stroke-width="2"/>`;
  return `${frame(detail)}
    <svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${viewBox(detail)}"><use xlink:href="#${id}"/></svg>
    ${frame({ x, y, width, height })}`;
}

function viewBox({ x, y, width, height }: Part): string {
  return `${x} ${y} ${width} ${height}`;
}

function imageElement({ width, height }: Size, pixels: Uint8Array, id = "image"): string {
  const png = Buffer.from(encode({ width, height, data: pixels, channels: 3 })).toString("base64");
  return `<image id="${id}" width="${width}" height="${height}" xlink:href="data:image/png;base64,${png}"/>`;
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
