/** Output files and folders: checked before the work, and written whole or not at all. */

import { closeSync, lstatSync, mkdirSync, openSync, realpathSync, rmSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname, sep } from "node:path";

import { onInterrupt } from "./interrupt.mts";
import { reasonOf, UserError } from "./user-error.mts";

const MAY_BE_MISSING = { throwIfNoEntry: false } as const;

/** Creates a folder if it is missing, but not its parents: `recursive` hangs under /proc on Node.js 20. */
export function createFolder(folder: string): void {
  try {
    if (!statSync(folder, MAY_BE_MISSING)?.isDirectory()) mkdirSync(folder);
  } catch (error) {
    throw new UserError(`${folder}: cannot be created: ${reasonOf(error)}`);
  }
}

/** Throws unless the file can be created or replaced. Returns the path to write, with links resolved. */
export function checkOutput(file: string, { overwrite = true } = {}): string {
  try {
    const existing = statSync(file, MAY_BE_MISSING);
    if (existing && !existing.isFile()) throw new UserError(`${file}: is not a regular file`);
    if (existing && !overwrite) throw new UserError(`${file}: already exists; --force replaces it`);
    if (existing) return realpathSync(file);
    if (lstatSync(file, MAY_BE_MISSING)) throw new UserError(`${file}: is a link to a missing file`);
    // The separator makes this fail for a file, too.
    statSync(dirname(file) + sep);
    return file;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: cannot be written: ${reasonOf(error)}`);
  }
}

/** Writes a file under a temporary name and renames it. An interrupt removes the temporary file. */
export async function writeWhole(file: string, bytes: Uint8Array, options = {}): Promise<void> {
  const partial = `${checkOutput(file, options)}.${process.pid}.partial`;
  const remove = () => rmSync(partial, { force: true });
  const interrupt = onInterrupt(remove);
  try {
    // Synchronous, so that no interrupt comes between: `writeFile` could create the file after its removal.
    closeSync(openSync(partial, "w"));
    await writeFile(partial, bytes, { flag: "r+" });
    await rename(partial, checkOutput(file, options));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: cannot be written: ${reasonOf(error)}`);
  } finally {
    remove();
    interrupt.ignore();
  }
}
