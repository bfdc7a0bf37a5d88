/** Measures the light of an HDR image: `npm run inspect -- image.png`. */

import Table from "cli-table3";
import type { HlgOotf } from "hdr-image-transfer-cache";

import { countClipped, measureLight } from "./light.mts";
import { createCommand, ootfOption, parsePath, peakLuminanceOption } from "./options.mts";
import { readHdrPng } from "./png.mts";
import { runCommand } from "./user-error.mts";

const HELP = `
Light is display light; for HLG, that of a display of the given peak luminance (OOTF of BT.2100). The light of a pixel
is that of its brightest channel, so the maximum and the average are this image's MaxCLL and MaxFALL. Luminance is the
weighted sum of the channels. Clipped samples are those above the range of HLG.

Exit code: 0, 1 when the file cannot be read, 2 for wrong usage.`;

await runCommand(async () => {
  const command = createCommand(
    "inspect",
    "Measures the light of a still HDR image, and what a conversion clips.",
  )
    .argument("<file>", "16-bit RGB PNG file with a cICP chunk that says PQ or HLG", parsePath)
    .addOption(ootfOption())
    .addOption(peakLuminanceOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", HELP)
    .parse();
  const { ootf, peakLuminance, json } = command.opts<{
    ootf: HlgOotf;
    peakLuminance: number;
    json: boolean;
  }>();
  const image = await readHdrPng(command.processedArgs[0]);
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
