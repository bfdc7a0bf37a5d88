/** Folders and files to write to, with errors for the user. */

import { closeSync, existsSync, mkdirSync, openSync, realpathSync, rmSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";

import { reasonOf, UserError } from "./user-error.mts";

/** Creates a folder if it is not there; not those above it, which Node.js 20 attempts forever under /proc. */
export function createFolder(folder: string): void {
  try {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(folder);
  } catch (error) {
    throw new UserError(`${folder}: cannot be created: ${reasonOf(error)}`);
  }
}

/** Sees that a file is not there. */
export function expectNoFile(file: string): void {
  if (existsSync(file)) throw new UserError(`${file}: exists already; --force overwrites it`);
}

/** Writes all of a file or nothing: under another name first, of which an exit leaves nothing, either. */
export async function writeWhole(file: string, bytes: Uint8Array, { overwrite = true } = {}): Promise<void> {
  // A link stays one: what it leads to is written.
  const target = existsSync(file) ? realpathSync(file) : file;
  const partial = `${target}.${process.pid}.partial`;
  const remove = () => rmSync(partial, { force: true });
  try {
    // Created at once, and not by `writeFile`, which could do so after an exit has removed it.
    closeSync(openSync(partial, "w"));
    process.on("exit", remove);
    try {
      await writeFile(partial, bytes, { flag: "r+" });
      if (!overwrite) expectNoFile(file);
      await rename(partial, target);
    } finally {
      remove();
      process.off("exit", remove);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: cannot be written: ${reasonOf(error)}`);
  }
}
