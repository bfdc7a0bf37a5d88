import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const suite = {
  root: path("."),
  // The addon's contract is for what the host imports, too.
  resolve: { alias: { "hdr-image-transfer-cache": path("src/hdrImageTransfer.ts") } },
};

/** The same suite, with the addon and, as where there is no binary, without. */
export const projects = [
  { ...suite, test: { name: "integration: addon", dir: path("test") } },
  {
    ...suite,
    test: { name: "integration: fallback", dir: path("test"), env: { NAPI_RS_NATIVE_LIBRARY_PATH: "none" } },
  },
];

export default defineConfig({ test: { projects } });
