/** What the command lines of convert, inspect and the demo share. */

import { Command, InvalidArgumentError, Option } from "commander";

/** For a progress bar that neither catches SIGINT nor changes the terminal. */
export const INTERRUPTIBLE_BAR = { gracefulExit: false, linewrap: true };

/** A command whose wrong usage points to `--help` and exits with 2, as 1 is for files that fail. */
export function createCommand(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .showHelpAfterError(`See npm run ${name} -- --help`)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** The name of a file or folder. */
export function parsePath(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected a name, got an empty one.");
  // Node.js replaces what is not UTF-8, so that the name would be that of another file.
  if (text.includes("\uFFFD")) throw new InvalidArgumentError("Expected a name in UTF-8.");
  return text;
}

export function parsePaths(text: string, previous: string[] = []): string[] {
  return [...previous, parsePath(text)];
}

export function ootfOption(): Option {
  return new Option("--ootf <per-channel|luminance>", "what the HLG OOTF depends on")
    .choices(["per-channel", "luminance"])
    .default("per-channel");
}

export function peakLuminanceOption(): Option {
  return new Option("--peak-luminance <cd/m²>", "nominal peak luminance of the HLG display, 1 to 10000")
    .argParser(parseNumber(1, 10_000))
    .default(1000);
}
