// `npm run soak`: uses the addon for long, and sees that all memory comes back.

import { fork } from "node:child_process";

const child = fork(new URL("run.mjs", import.meta.url), process.argv.slice(2), {
  execArgv: ["--expose-gc"],
  // glibc would keep freed images for later, hundreds of MiB of them, and RSS could not tell them from lost
  // ones. With this it gives back at once what is larger.
  env: { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536" },
});
child.on("exit", (code) => (process.exitCode = code ?? 1));
