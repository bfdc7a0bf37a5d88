/** What the command lines have in common. */

import { type CommanderError, InvalidArgumentError, Option } from "commander";

export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function parseFolder(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected a folder.");
  return text;
}

export function ootfOption(): Option {
  return new Option("--ootf <ootf>", "what the HLG OOTF of a conversion depends on")
    .choices(["per-channel", "luminance"])
    .default("per-channel");
}

export function peakLuminanceOption(): Option {
  return new Option("--peak-luminance <cd/m²>", "peak luminance of the HLG display")
    .argParser(parseNumber(1, 10_000))
    .default(1000);
}

/** Ends the process with 2 where the usage is wrong. By itself, commander has 1, as have files that fail. */
export function exitAfterUsage({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2);
}
