// Times variants of one task in turn, in one process, so that whatever slows the machine slows them all. And the images that
// are converted.

import { setTimeout } from "node:timers/promises";

import { SingleBar } from "cli-progress";

const collectGarbage = globalThis.gc ?? (globalThis.Bun ? () => globalThis.Bun.gc(true) : () => {});

export const SIZES = { "1080p": [1920, 1080], "4K": [3840, 2160] };

/** The directions of a conversion, as code and in words. */
export const DIRECTIONS = [
  ["hlg", "pq", "HLG to PQ"],
  ["pq", "hlg", "PQ to HLG"],
];

const BAR = { format: "  {title} [{bar}] {percentage} %", noTTYOutput: true, notTTYSchedule: 20_000 };

/**
 * Times each variant once a round.
 *
 * @param {string} title What the progress bar is labelled with.
 * @param {Record<string, () => unknown>} variants The functions to time, by name.
 * @param {object} options
 * @param {number} [options.rounds]
 * @param {number} [options.repeats] Calls of a variant per timing.
 * @param {() => void} [options.prepare] Runs before each timing, and is not timed.
 * @param {number} [options.restMs] The pause before each timing, after garbage is collected.
 * @returns {Promise<Record<string, { minimum: number, median: number }>>} Milliseconds a call, by name.
 */
export async function measure(title, variants, options = {}) {
  const { rounds = 15, repeats = 1, prepare = () => {}, restMs = 0 } = options;
  const entries = Object.entries(variants);
  const times = new Map(entries.map(([name]) => [name, /** @type {number[]} */ ([])]));
  const bar = new SingleBar(BAR);
  bar.start(rounds * entries.length, 0, { title: title.padEnd(52) });
  for (let round = 0; round < rounds; round++) {
    // A variant finds the caches and the free memory as the last one left them, so the order changes.
    for (const [name, variant] of shuffled(entries)) {
      collectGarbage();
      if (restMs > 0) await setTimeout(restMs);
      prepare();
      const start = performance.now();
      for (let repeat = 0; repeat < repeats; repeat++) variant();
      times.get(name)?.push((performance.now() - start) / repeats);
      bar.increment();
    }
  }
  bar.stop();
  return Object.fromEntries([...times].map(([name, ms]) => [name, summaryOf(ms)]));
}

function shuffled(values) {
  const keyed = values.map((value) => ({ value, key: Math.random() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ value }) => value);
}

/** The minimum and the median, with four digits, so that results in files stay short. */
export function summaryOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const rounded = (value) => Number(value.toPrecision(4));
  return { minimum: rounded(sorted[0]), median: rounded(sorted[Math.floor(sorted.length / 2)]) };
}

/** Smooth shades with some noise, as photographs have. */
export function createImage(width, height) {
  const samples = new Uint16Array(width * height * 3);
  let noise = 1;
  for (let at = 0; at < samples.length; at++) {
    noise = (noise * 48271) % 2147483647;
    samples[at] = 20000 + 16000 * Math.sin(at / 5000) + (noise % 2048);
  }
  return Buffer.from(samples.buffer);
}
