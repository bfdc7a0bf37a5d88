/** An error in what the user gave: shown as one line, without a stack. */
export class UserError extends Error {}

/** The reason in the message of a failed system call: "no such file or directory". */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "");
}
