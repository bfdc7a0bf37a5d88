/** Says what is in an HDR image: `npm run inspect -- image.png`. */

import Table from "cli-table3";
import { Command } from "commander";
import type { HlgOotf } from "hdr-image-transfer-cache";

import { countClipped, measureLight } from "./light.mts";
import { exitAfterUsage, ootfOption, peakLuminanceOption } from "./options.mts";
import { readHdrPng } from "./png.mts";
import { runCommand } from "./user-error.mts";

const HELP = `
Light is what the display shows; HLG is shown by one of the peak luminance, by the OOTF of BT.2100. The light of a
pixel is that of its brightest channel, so that maximum and average are MaxCLL and MaxFALL for this image. The
luminance of a pixel weighs its channels. Clipped are the samples that a conversion to HLG could not hold.

Exit code: 0, 1 when the file cannot be read, 2 for wrong usage.`;

await runCommand(async () => {
  const command = new Command("npm run inspect --")
    .description("Says how bright a still HDR image is, and what a conversion would clip.")
    .argument("<file>", "PNG file of 16 bits a sample, RGB, with a cICP chunk that says PQ or HLG")
    .addOption(ootfOption())
    .addOption(peakLuminanceOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", HELP)
    .exitOverride(exitAfterUsage)
    .parse();
  const { ootf, peakLuminance, json } = command.opts<{
    ootf: HlgOotf;
    peakLuminance: number;
    json: boolean;
  }>();
  const image = await readHdrPng(command.args[0]!);
  const { width, height, transfer } = image;
  const light = measureLight(image, peakLuminance);
  const shareClipped = countClipped(image, ootf, peakLuminance) / (3 * width * height);

  if (json) {
    console.log(
      JSON.stringify({ width, height, transfer, ootf, peakLuminance, ...light, shareClipped }, null, 2),
    );
    return;
  }
  const candelas = (value: number) => `${value.toFixed(1)} cd/m²`;
  const percent = (share: number) => `${(100 * share).toFixed(3)} %`;
  const table = new Table({ colAligns: ["left", "right"], style: { head: [], border: [] } });
  table.push(
    ["size", `${width}x${height}`],
    ["transfer function", transfer.toUpperCase()],
    ["maximum light", candelas(light.maxLight)],
    ["average light", candelas(light.averageLight)],
    ["average luminance", candelas(light.averageLuminance)],
    ["pixels above 1000 cd/m²", percent(light.shareAbove1000)],
    [`samples clipped by a conversion, ${ootf}, ${peakLuminance} cd/m²`, percent(shareClipped)],
  );
  console.log(table.toString());
});
