/** The cache of a render job: its limit from the environment, its counters to the host's. */

import {
  createHdrImageTransferCache,
  implementation,
  type HdrImageTransferCache,
} from "./hdrImageTransfer.ts";

const VARIABLE = "HDR_TRANSFER_CACHE_MAX_BYTES";

/**
 * Creates the cache of a job. The environment may say how many bytes of converted images it holds; the default is
 * the addon's, 200 MiB. 0 turns caching off.
 */
export function createJobCache(env: NodeJS.ProcessEnv = process.env): HdrImageTransferCache {
  return createHdrImageTransferCache({ maxBytes: maxBytesFrom(env[VARIABLE]) });
}

/** An empty variable is one that is not set, as in a container's settings. */
function maxBytesFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const bytes = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(bytes)) {
    throw new RangeError(
      `${VARIABLE} must be a number of bytes in digits, such as 209715200, got ${JSON.stringify(text)}`,
    );
  }
  return bytes;
}

/** Records what the cache did, and which implementation did it, for instance at the end of a job. */
export function recordCounters(
  cache: HdrImageTransferCache,
  record: (name: string, value: number) => void,
): void {
  record("hdrTransfer.isAddon", implementation === "addon" ? 1 : 0);
  const { hits, misses, evictions, passthroughs, conversionMs, bytesUsed } = cache.stats();
  for (const [name, value] of Object.entries({
    hits,
    misses,
    evictions,
    passthroughs,
    conversionMs,
    bytesUsed,
  })) {
    record(`hdrTransfer.${name}`, value);
  }
}
