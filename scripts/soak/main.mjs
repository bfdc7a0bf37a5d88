// `npm run test:soak`: uses the addon for a long time, and checks that all memory is freed.

import { fork } from "node:child_process";

const child = fork(new URL("run.mjs", import.meta.url), process.argv.slice(2), {
  execArgv: ["--expose-gc"],
  // By default glibc caches freed memory, hundreds of MiB of it, so that RSS says nothing of leaks. With this it returns
  // allocations larger than 64 KiB to the system when they are freed.
  env: { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536" },
});
child.on("exit", (code) => (process.exitCode = code ?? 1));
