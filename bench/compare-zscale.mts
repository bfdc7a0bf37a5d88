/** The addon beside ffmpeg's zscale, on photographs: `npm run compare:zscale -- image.png …`. */

import { fileURLToPath } from "node:url";

import { convertTransfer } from "hdr-image-transfer-cache";

import { readHdrPng } from "../examples/png/png.mts";
import { runCommand, UserError } from "../examples/png/user-error.mts";
import { convertByZscale, isZscaleThere } from "./zscale.mjs";

const bundled = ["sunset-pq-512x256.png", "venice-hlg-512x256.png"].map((name) =>
  fileURLToPath(new URL(`../examples/images/${name}`, import.meta.url)),
);
await runCommand(async () => {
  if (!isZscaleThere()) throw new UserError("there is no ffmpeg with zscale on the PATH");
  const files = process.argv.slice(2);
  for (const file of files.length > 0 ? files : bundled) await compare(file);
});

async function compare(file: string): Promise<void> {
  const image = await readHdrPng(file);
  const to = image.transfer === "pq" ? "hlg" : "pq";
  const expected = convertByZscale(image, image.transfer, to);
  for (const ootf of ["luminance", "per-channel"] as const) {
    const converted = Buffer.from(image.samples);
    convertTransfer(converted, image.transfer, to, { ootf });
    const differences = expected.map((code, at) => Math.abs(code - converted.readUInt16LE(2 * at)));
    const largest = differences.reduce((a, b) => Math.max(a, b));
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    console.log(
      `${file}, ${image.transfer} to ${to}, ${ootf}: off from zscale by ${largest} at most, ${mean.toFixed(4)} in the mean`,
    );
  }
}
