/**
 * Random sequences of calls. After each call, the addon has the state of its model; at the end, no memory is left.
 *
 * The environment variable `MODEL_RUNS` is the number of sequences. A failure prints the shortest sequence that fails,
 * and a `seed` and `path`, which repeat it as `MODEL_SEED` and `MODEL_PATH`.
 */

import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";

import { SingleBar } from "cli-progress";
import * as fc from "fast-check";
import type { HdrImageTransferCacheOptions, HdrTransfer } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { alive, type Argument, Bad, type Limits, Session } from "./model.ts";
import { notBytes, notStrings, notTransfers } from "./contract/bad-input.mjs";

const MAX_STEPS = 60;
const RUNS_AT_A_TIME = 100;

/** An argument that is usually valid, so that most calls succeed. */
function mostly<T>(good: fc.Arbitrary<T>, bad: any[][]): fc.Arbitrary<Argument<T>> {
  const rejected = fc.constantFrom(...bad).map(([value, , problem]) => new Bad(value, problem));
  return fc.oneof({ weight: 50, arbitrary: good }, { weight: 1, arbitrary: rejected });
}

/** Usually the first, otherwise the second. */
function oneOrSome<T, U>(one: fc.Arbitrary<T>, some: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: some });
}

// Few, so that calls use the same ids, and some that careless comparison would confuse.
const lookAlikes = ["", "\0", "\u0001", "a\u0001", "a\0\u0001", "\ud800", "\udc00", "\ufffd", "__proto__"];
const longOnes = ["x".repeat(300), `${"x".repeat(299)}y`];
const imageIds = mostly(
  oneOrSome(fc.constantFrom("a", "a\0"), fc.constantFrom("b", ...lookAlikes, ...longOnes)),
  notStrings,
);
const [pq, hlg] = [fc.constant<HdrTransfer>("pq"), fc.constant<HdrTransfer>("hlg")];
const sourceTransfers = mostly(oneOrSome(pq, hlg), notTransfers);
const targetTransfers = mostly(oneOrSome(hlg, pq), notTransfers);
const numbers = fc.nat(MAX_STEPS);
const caches = oneOrSome(fc.constant(0), numbers);
const images = mostly(oneOrSome(fc.nat(2), numbers), notBytes);
const byteLengths = oneOrSome(fc.constant(12), oneOrSome(fc.constantFrom(0, 2, 6, 100, 300), fc.nat(600)));
const seeds = fc.nat(250);

function limitOf(...usual: number[]): fc.Arbitrary<number | null | undefined> {
  return oneOrSome(fc.constantFrom(...usual), fc.constantFrom(0, undefined, null, 2 ** 53 - 1, 1e300));
}

const options = {
  maxEntries: limitOf(1, 2, 3, 6),
  maxBytes: limitOf(12, 25, 340, 1000),
  peakLuminance: fc.constantFrom(1000, 1, 600, 10_000, undefined, null),
  // The model converts per channel.
} satisfies Record<Exclude<keyof HdrImageTransferCacheOptions, "ootf">, unknown>;
const limits: fc.Arbitrary<Limits> = oneOrSome(
  fc.record(options, { requiredKeys: [] }),
  fc.option(fc.nat(6)),
);

type StepName = Exclude<keyof Session, "check" | "counters" | "failures">;
type Arbitraries<Values extends unknown[]> = { [at in keyof Values]: fc.Arbitrary<Values[at]> };

/** A method of `Session` with its arguments, and how frequent it is. */
function step<Name extends StepName>(
  weight: number,
  name: Name,
  ...args: Arbitraries<Parameters<Session[Name]>>
): fc.WeightedArbitrary<[StepName, unknown[]]> {
  return { weight, arbitrary: fc.tuple(fc.constant(name), fc.tuple(...(args as fc.Arbitrary<unknown>[]))) };
}

const steps = fc.oneof(
  step(1, "createCache", limits),
  step(25, "getConverted", caches, imageIds, sourceTransfers, targetTransfers, images),
  step(2, "delete", caches, imageIds),
  step(1, "clear", caches),
  step(2, "convertTransfer", images, sourceTransfers, targetTransfers),
  step(3, "makeSource", fc.constantFrom("Buffer", "Uint8Array", "shared"), byteLengths, seeds),
  step(1, "makeView", numbers, numbers, numbers),
  step(2, "write", numbers, seeds),
  step(2, "detach", numbers),
);
const sequences = fc.array(steps, { maxLength: MAX_STEPS, size: "max" });

/** The counters of all sequences. */
const tally = { steps: 0, hits: 0, misses: 0, evictions: 0, passthroughs: 0, failures: 0 };

const property = fc.property(limits, sequences, (firstLimits, sequence) => {
  const session = new Session();
  session.createCache(firstLimits);
  for (const byteLength of [12, 12, 0]) session.makeSource("Buffer", byteLength, 1);
  for (const [name, args] of sequence) {
    (session[name] as (...args: unknown[]) => void)(...args);
    session.check();
  }
  tally.steps += sequence.length;
  for (const [what, count] of Object.entries(session.counters())) tally[what as keyof typeof tally] += count;
});

test("calls in any order have the results of the model, and leave no memory", { timeout: 0 }, async () => {
  const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = process.env;
  if (MODEL_PATH) fc.assert(property, { seed: Number(MODEL_SEED), path: MODEL_PATH });

  const runs = Number(MODEL_RUNS ?? 4000);
  const bar = new SingleBar({ format: "[{bar}] {value} of {total} sequences", noTTYOutput: true });
  if (MODEL_RUNS) bar.start(runs, 0);
  let mibAfterWarmUp = Infinity;
  // A few at a time: between them, finalizers run, and vitest gets its messages.
  for (let done = 0; done < runs; done += RUNS_AT_A_TIME) {
    if (done >= runs / 4 && mibAfterWarmUp === Infinity) mibAfterWarmUp = await settle();
    fc.assert(property, { numRuns: Math.min(RUNS_AT_A_TIME, runs - done) });
    bar.update(done);
    await nextTurn();
  }
  bar.stop();
  const mib = await settle();
  if (MODEL_RUNS) console.log(tally, { mibAfterWarmUp, mib });
  // Each event happens in at least every second sequence, on average.
  expect(Math.min(...Object.values(tally))).toBeGreaterThan(runs / 2);
  expect(alive).toEqual({ caches: 0, images: 0 });
  // Other systems than Linux keep freed memory as they like.
  const grownMib = process.platform === "linux" ? mib - mibAfterWarmUp : 0;
  expect(grownMib).toBeLessThan(16);
});

/** Collects garbage until no cache and no image is left, for a second at most, and returns the resident memory in MiB. */
async function settle(): Promise<number> {
  for (let turn = 0; turn < 100; turn++) {
    global.gc!();
    // Node.js frees Buffers on other threads.
    await setTimeout(10);
    if (turn > 5 && alive.caches + alive.images === 0) break;
  }
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
