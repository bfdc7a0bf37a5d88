// The machine that timings depend on.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

// Only Linux lists the instruction sets.
const cpuInfo = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";

/** The instruction sets that this processor is known to support, the fastest first. */
export const instructionSets = [
  ...(/\bavx512bw\b/.test(cpuInfo) ? ["AVX-512"] : []),
  ...(/\bavx2\b/.test(cpuInfo) ? ["AVX2"] : []),
  "portable",
];

/** This machine in words, as the tables name it. */
export function machineInWords() {
  return [
    cpus()[0]?.model.trim() ?? process.arch,
    `${availableParallelism()} processors`,
    ...(cpuInfo ? [instructionSets[0]] : []),
    ...(reportsFreePages() ? ["free page reporting"] : []),
  ].join(", ");
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
