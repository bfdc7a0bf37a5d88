/** Pictures of what a conversion does to a photograph: whole, side by side, with a detail enlarged. */

import { createRequire } from "node:module";

import { Resvg } from "@resvg/resvg-js";
import { encode } from "fast-png";
import { convertTransfer } from "hdr-image-transfer-cache";

import { writeWhole } from "../png/files.mts";
import type { HdrImage } from "../png/png.mts";
import { samplesOf, scaleDown, type Size } from "./images.mts";
import * as typescript from "./typescript-module.mts";

const MAX_SIZE = { width: 960, height: 960 };
/** Wide enough for the labels. */
const MIN_WIDTH = 340;
const GAP = 8;
const LABEL_HEIGHT = 34;
const DETAIL = { width: 60, height: 34 };
const ZOOM = 3;
const MARGIN = 8;
const PART_WIDTH = 340;
const DIFFERENCE_GAIN = 8;
const FONT = createRequire(import.meta.url).resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf");

/** The highest PQ code in the range of HLG at 1000 cd/m². */
const LAST_PQ_CODE_IN_HLG = 49271;

interface Panel {
  label: string;
  /** 8-bit sRGB. */
  pixels: Uint8Array;
}

interface Point {
  x: number;
  y: number;
}

type Part = Point & Size;

/** The highlights of a PQ image in HLG: wrapped by the TypeScript module, clipped by the addon. */
export async function writeHighlights(file: string, pqImage: HdrImage): Promise<void> {
  const image = scaleDown(pqImage, MAX_SIZE);
  const wrapped = Buffer.from(image.samples);
  typescript.convertTransfer(wrapped, "pq", "hlg");
  const clipped = Buffer.from(image.samples);
  convertTransfer(clipped, "pq", "hlg");
  const codes = samplesOf(image.samples);
  const isClipped = (pixel: number) => codes[pixel * 3]! > LAST_PQ_CODE_IN_HLG;
  const panels = [
    { label: "TypeScript module: highlights wrap", pixels: toSrgb(wrapped) },
    { label: "hdr-image-transfer-cache: highlights clip", pixels: toSrgb(clipped) },
  ];
  const detail = partAround(meanPosition(image, isClipped), DETAIL, image);
  await writePicture(file, image, { x: 0, y: 0, width: image.width, height: image.height }, panels, detail);
}

/** The part of an image that the two OOTFs convert most differently, and a map of the difference. */
export async function writeOotfs(file: string, source: HdrImage): Promise<void> {
  const image = scaleDown(source, MAX_SIZE);
  const converted = (ootf: "per-channel" | "luminance") => {
    const samples = Buffer.from(image.samples);
    if (image.transfer === "hlg") convertTransfer(samples, "hlg", "pq", { ootf });
    // PQ is shown as the HLG signal of the same display light.
    convertTransfer(samples, "pq", "hlg", { ootf: image.transfer === "hlg" ? "luminance" : ootf });
    return toSrgb(samples);
  };
  const [perChannel, luminance] = [converted("per-channel"), converted("luminance")];
  const differences = Array.from({ length: image.width * image.height }, (_, pixel) =>
    Math.max(
      ...[0, 1, 2].map((channel) =>
        Math.abs(perChannel[3 * pixel + channel]! - luminance[3 * pixel + channel]!),
      ),
    ),
  );
  const large = differences.toSorted((a, b) => a - b)[Math.floor(0.99 * differences.length)]!;
  const centre = meanPosition(image, (pixel) => differences[pixel]! >= large);
  const part = partAround(centre, { width: PART_WIDTH, height: image.height }, image);
  const map = Uint8Array.from(perChannel, (_, at) =>
    Math.min(255, DIFFERENCE_GAIN * differences[Math.floor(at / 3)]!),
  );
  await writePicture(file, image, part, [
    { label: "per channel (default)", pixels: perChannel },
    { label: "luminance (BT.2100)", pixels: luminance },
    { label: `difference, amplified ${DIFFERENCE_GAIN} times`, pixels: map },
  ]);
}

/** The mean position of the pixels that meet a condition; the middle of the image if none does. */
function meanPosition({ width, height }: Size, isMet: (pixel: number) => boolean): Point {
  const pixels = Array.from({ length: width * height }, (_, at) => at).filter(isMet);
  if (pixels.length === 0) return { x: width / 2, y: height / 2 };
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  return {
    x: mean(pixels.map((pixel) => pixel % width)),
    y: mean(pixels.map((pixel) => Math.floor(pixel / width))),
  };
}

/** HLG on an SDR display: the signal taken for BT.2020 with a gamma of 2.4, which HLG is compatible with. */
function toSrgb(hlg: Buffer): Uint8Array {
  const codes = samplesOf(hlg);
  const pixels = new Uint8ClampedArray(codes.length);
  const encodeSrgb = (light: number) =>
    255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
  for (let at = 0; at < codes.length; at += 3) {
    const [r, g, b] = [0, 1, 2].map((channel) => (codes[at + channel]! / 65535) ** 2.4) as [
      number,
      number,
      number,
    ];
    // BT.2020 to BT.709 primaries (BT.2087).
    pixels[at] = encodeSrgb(1.6605 * r - 0.5876 * g - 0.0728 * b);
    pixels[at + 1] = encodeSrgb(-0.1246 * r + 1.1329 * g - 0.0083 * b);
    pixels[at + 2] = encodeSrgb(-0.0182 * r - 0.1006 * g + 1.1187 * b);
  }
  return new Uint8Array(pixels.buffer);
}

/** The part of an image around a point. */
function partAround(centre: Point, size: Size, image: Size): Part {
  const [width, height] = [Math.min(size.width, image.width), Math.min(size.height, image.height)];
  const within = (value: number, max: number) => Math.round(Math.min(Math.max(value, 0), max));
  return {
    x: within(centre.x - width / 2, image.width - width),
    y: within(centre.y - height / 2, image.height - height),
    width,
    height,
  };
}

/** Writes a part of several images of one size side by side, labelled, with the same detail of each enlarged. */
async function writePicture(
  file: string,
  size: Size,
  part: Part,
  panels: Panel[],
  detail?: Part,
): Promise<void> {
  const pitch = Math.max(part.width, MIN_WIDTH) + GAP;
  const height = LABEL_HEIGHT + part.height;
  const body = panels.map(({ label, pixels }, at) => {
    const png = Buffer.from(
      encode({ width: size.width, height: size.height, data: pixels, channels: 3 }),
    ).toString("base64");
    const id = `panel${at}`;
    return `<svg x="${at * pitch}">
      <text x="2" y="23" font-size="19">${label}</text>
      <svg y="${LABEL_HEIGHT}" width="${part.width}" height="${part.height}" viewBox="${viewBox(part)}">
        <image id="${id}" width="${size.width}" height="${size.height}" xlink:href="data:image/png;base64,${png}"/>
        ${detail ? enlarged(id, part, detail) : ""}
      </svg>
    </svg>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    width="${panels.length * pitch - GAP}" height="${height}">${body.join("")}</svg>`;
  const picture = new Resvg(svg, {
    background: "white",
    font: { fontFiles: [FONT], loadSystemFonts: false, defaultFontFamily: "Inter" },
  });
  await writeWhole(file, picture.render().asPng());
}

/** A frame around the detail, and the detail enlarged in the lower corner that is farther from it. */
function enlarged(id: string, part: Part, detail: Part): string {
  const [width, height] = [ZOOM * detail.width, ZOOM * detail.height];
  const isRight = detail.x + detail.width / 2 > part.x + part.width / 2;
  const x = isRight ? part.x + MARGIN : part.x + part.width - width - MARGIN;
  const y = part.y + part.height - height - MARGIN;
  const frame = (at: Part) =>
    `<rect x="${at.x}" y="${at.y}" width="${at.width}" height="${at.height}" fill="none" stroke="black" stroke-width="2"/>`;
  return `${frame(detail)}
    <svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${viewBox(detail)}"><use xlink:href="#${id}"/></svg>
    ${frame({ x, y, width, height })}`;
}

function viewBox({ x, y, width, height }: Part): string {
  return `${x} ${y} ${width} ${height}`;
}
