// The machine that results depend on.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

/** The names of instruction sets in `HDR_IMAGE_TRANSFER_KERNEL`. */
export const INSTRUCTION_SETS = { portable: "portable", AVX2: "avx2", "AVX-512": "avx512" };

export function describeMachine() {
  return {
    processor: processorName(),
    cores: availableParallelism(),
    instructionSets: supportedInstructionSets(),
    freePageReporting: reportsFreePages(),
  };
}

/** A machine in words. */
export function machineInWords({ processor, cores, instructionSets, freePageReporting }) {
  const words = [processor, `${cores} cores`, instructionSets.at(-1)];
  if (freePageReporting !== null) words.push(`${freePageReporting ? "with" : "without"} free page reporting`);
  return words.join(", ");
}

function processorName() {
  const name = cpus()[0]?.model.trim() ?? process.arch;
  // The name in a virtual machine may be that of a brand alone.
  const [family, model] = ["cpu family", "model"].map((key) => cpuInfo(key));
  return family && model ? `${name} (family ${family}, model ${model})` : name;
}

/** The instruction sets that this processor supports, from the slowest to the fastest. */
function supportedInstructionSets() {
  const flags = cpuInfo("flags")?.split(" ") ?? [];
  return [
    "portable",
    ...(flags.includes("avx2") ? ["AVX2"] : []),
    ...(flags.includes("avx512f") && flags.includes("avx512bw") ? ["AVX-512"] : []),
  ];
}

/** A value of the first processor in /proc/cpuinfo, where there is one. */
function cpuInfo(key) {
  const file = "/proc/cpuinfo";
  if (!existsSync(file)) return undefined;
  return new RegExp(`^${key}\\s*: (.*)$`, "m").exec(readFileSync(file, "utf8"))?.[1];
}

/**
 * Whether the host of this virtual machine takes back the memory that the guest frees: there is a balloon device with
 * `VIRTIO_BALLOON_F_REPORTING`, or one of Hyper-V. `null` if that is unknown.
 */
function reportsFreePages() {
  if (process.platform !== "linux") return null;
  const [balloon, reporting] = ["0x0005", 5];
  const folder = "/sys/bus/virtio/devices";
  const devices = existsSync(folder) ? readdirSync(folder) : [];
  const read = (device, name) => readFileSync(`${folder}/${device}/${name}`, "utf8").trim();
  return (
    existsSync("/sys/bus/vmbus/drivers/hv_balloon") ||
    devices.some(
      (device) => read(device, "device") === balloon && read(device, "features")[reporting] === "1",
    )
  );
}
