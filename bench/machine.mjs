// The machine that timings depend on.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

const flags = cpuInfo("flags")?.split(" ") ?? [];

/** The instruction sets that this processor is known to support, the fastest first. Only Linux lists them. */
export const instructionSets = [
  ...(flags.includes("avx512bw") ? ["AVX-512"] : []),
  ...(flags.includes("avx2") ? ["AVX2"] : []),
  "portable",
];

/** This machine in words, as the tables name it. */
export function machineInWords() {
  const name = cpus()[0]?.model.trim() ?? process.arch;
  // In a virtual machine the name may be a brand alone.
  const [family, model] = ["cpu family", "model"].map(cpuInfo);
  return [
    family ? `${name} (family ${family}, model ${model})` : name,
    `${availableParallelism()} processors`,
    ...(flags.length > 0 ? [instructionSets[0]] : []),
    ...(reportsFreePages() ? ["free page reporting"] : []),
  ].join(", ");
}

/** A value of the first processor in /proc/cpuinfo, where there is one. */
function cpuInfo(key) {
  const file = "/proc/cpuinfo";
  if (!existsSync(file)) return undefined;
  return new RegExp(`^${key}\\s*: (.*)$`, "m").exec(readFileSync(file, "utf8"))?.[1];
}

/** Whether a memory balloon (virtio device 5) of this virtual machine reports free pages (feature 5). */
function reportsFreePages() {
  const folder = "/sys/bus/virtio/devices";
  if (!existsSync(folder)) return false;
  const read = (device, name) => readFileSync(`${folder}/${device}/${name}`, "utf8").trim();
  return readdirSync(folder).some(
    (device) => read(device, "device") === "0x0005" && read(device, "features")[5] === "1",
  );
}
