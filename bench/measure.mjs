// How things are measured here: in one process, interleaved, as medians and as ratios of them. The machine
// may be busy or slow, but it is so for all that is compared.

import { SingleBar } from "cli-progress";

const collectGarbage = globalThis.gc ?? (globalThis.Bun ? () => globalThis.Bun.gc(true) : () => {});

/**
 * Runs some ways of doing a thing, in turn, in `rounds` rounds.
 *
 * @param {string} title
 * @param {Record<string, () => unknown>} ways What to time, by name.
 * @param {{ rounds?: number, repeats?: number, prepare?: () => void }} options `repeats`: how often a way runs
 * for one time taken; `prepare`: what is done before, and not timed.
 * @returns {Record<string, number>} The median time of each way, in milliseconds.
 */
export function measure(title, ways, { rounds = 15, repeats = 1, prepare = () => {} } = {}) {
  const names = Object.keys(ways);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const bar = new SingleBar({ format: `${title.padEnd(28)} [{bar}] {percentage} %`, noTTYOutput: false });
  bar.start(rounds, 0);
  for (let round = 0; round < rounds; round++) {
    // What one way leaves behind, in the caches and the free memory, another finds: so not always the same.
    for (const name of shuffled(names)) {
      const way = ways[name];
      collectGarbage();
      prepare();
      const start = performance.now();
      for (let repeat = 0; repeat < repeats; repeat++) way();
      times[name].push((performance.now() - start) / repeats);
    }
    bar.increment();
  }
  bar.stop();
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

function shuffled(names) {
  const keyed = names.map((name) => ({ name, key: Math.random() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ name }) => name);
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
