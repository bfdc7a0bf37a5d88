/** Something wrong with what the user gave: shown as one line, without a stack. */
export class UserError extends Error {}

/** The reason of a failed system call, in few words: "no such file or directory". */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "");
}
