/** What to undo when a signal ends the process. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleanups = new Set<() => void>();

/** Calls `cleanup` before a signal ends the process, until `ignore` is called. */
export function onInterrupt(cleanup: () => void): { ignore: () => void } {
  if (cleanups.size === 0) for (const signal of SIGNALS) process.on(signal, end);
  cleanups.add(cleanup);
  return {
    ignore: () => {
      cleanups.delete(cleanup);
      if (cleanups.size === 0) for (const signal of SIGNALS) process.off(signal, end);
    },
  };
}

/** Ends by the signal's default action, as `process.exit` waits for reads and writes that may block forever. */
function end(signal: NodeJS.Signals): void {
  for (const cleanup of cleanups) cleanup();
  for (const name of SIGNALS) process.off(name, end);
  process.kill(process.pid, signal);
}
