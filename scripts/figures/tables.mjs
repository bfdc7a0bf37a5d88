// The tables of docs/performance.md and README.md, between markers such as `<!-- host -->` and `<!-- /host -->`.

import { readFileSync, writeFileSync } from "node:fs";

import { machineInWords } from "../../bench/machine.mjs";

/** Replaces what stands between the markers of a table in a document. */
export function writeTable(name, markdown, document = "docs/performance.md") {
  const file = new URL(`../../${document}`, import.meta.url);
  const before = readFileSync(file, "utf8");
  const between = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
  if (!between.test(before)) throw new Error(`${document} has no markers <!-- ${name} -->`);
  writeFileSync(
    file,
    before.replace(between, (_, start, end) => `${start}\n${markdown}\n\n${end}`),
  );
  console.log(`written: ${document}, ${name}`);
}

/** A table whose first columns are names, and all others numbers. */
function table(head, rows, names = 1) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const alignment = head.map((_, at) => (at < names ? "---" : "---:"));
  return [line(head), line(alignment), ...rows.map(line)].join("\n");
}

const digits = (value) => value.toFixed(value < 10 ? 1 : 0);
const spread = ({ minimum, median }, factor = 1) =>
  `${digits(factor * minimum)} / ${digits(factor * median)}`;
const ratio = (times, baseline) => (times.median / baseline.median).toFixed(2);

export function hostTable({ machine, frames }) {
  const rows = frames.map(({ runtime, size, name, video, firstFrame, hits }) => [
    runtime,
    size,
    name,
    spread(video),
    spread(firstFrame),
    spread(hits, 1000),
  ]);
  const head = ["", "", "", "video layer, ms", "2 images, first frame, ms", "2 images, later frames, µs"];
  return `${machine}. Minimum / median.\n\n${table(head, rows, 3)}`;
}

/** The gain on Node.js, for README. */
export function gainTable({ machine, frames }) {
  const rows = [
    ["a video layer at 1080p, each frame", "1080p", "video"],
    ["a video layer at 4K, each frame", "4K", "video"],
    ["two images at 1080p, first frame", "1080p", "firstFrame"],
  ].map(([label, size, times]) => {
    const find = (name) =>
      frames.find((frame) => frame.runtime.startsWith("Node") && frame.size === size && frame.name === name)[
        times
      ];
    const [loop, addon] = [find("host's loop").median, find("addon").median];
    return [label, `${digits(loop)} ms`, `${digits(addon)} ms`, `${(loop / addon).toFixed(0)} times`];
  });
  const { runtime } = frames[0];
  return `${table([`${runtime}, ${machine}, medians`, "loop", "addon", "faster"], rows)}`;
}

export function benchTable({ runtime, machine, cases }) {
  return [
    `${runtime}, ${machineInWords(machine)}. Images are 3840x2160 where no size is given. Times are minimum / median / maximum.`,
    conversionTable(cases),
    missTable(cases),
    hitTable(cases),
    memoryTable(cases),
  ].join("\n\n");
}

function conversionTable({ inPlace: { addon, shared, loops, zscale }, first }) {
  const inPlace = (ootf, { set, threads, times }) => {
    const slower = slowerOf(times, ootf);
    const instructions = ootf === "luminance" ? set : set === "AVX-512" ? set : "table";
    return [
      `in place, ${ootf}, ${instructions}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      three(slower),
      `${ratio(slower, times["copy by buf.set(source)"])} of a copy into memory in use`,
    ];
  };
  const inShared = (ootf) => {
    const [times, ordinary] = [shared, addon.at(-1).times].map((each) => each[`HLG to PQ, ${ootf}`]);
    const threads = `${addon.at(-1).threads} threads`;
    return [
      `in place, ${ootf}, SharedArrayBuffer, ${threads}`,
      three(times),
      `${ratio(times, ordinary)} of an ordinary Buffer`,
    ];
  };
  return table(
    ["conversion", "ms", "ratio of the medians"],
    [
      // Per channel, AVX2 is the portable code.
      ...addon
        .filter(({ set, threads }) => set !== "AVX2" || threads > 1)
        .map((row) => inPlace("per channel", row)),
      inShared("per channel"),
      ...Object.entries(loops).map(([name, times]) => [`baseline: ${name}`, three(times), ""]),
      ...addon.map((row) => inPlace("luminance", row)),
      inShared("luminance"),
      ...(zscale
        ? [["baseline: zscale, luminance, 1 thread", three(slowerOf(zscale.times, "luminance")), ""]]
        : []),
      ...Object.entries(first).map(([name, each]) => [`a new process, 1080p: ${name}`, three(each), ""]),
    ],
  );
}

/** The slower direction. */
function slowerOf(times, ootf) {
  const directions = ["PQ to HLG", "HLG to PQ"].map((direction) => times[`${direction}, ${ootf}`]);
  return directions.reduce((a, b) => (a.median > b.median ? a : b));
}

function missTable({ misses }) {
  const baseline = "Buffer.from(source)";
  const rows = Object.entries(misses).map(([state, times]) => [
    state,
    three(times.addon),
    three(times[baseline]),
    three(times["Uint16Array loop"]),
    ratio(times.addon, times[baseline]),
  ]);
  return table(
    [
      "cache miss",
      "addon, ms",
      `baseline: \`${baseline}\`, ms`,
      "baseline: `Uint16Array` loop, ms",
      `addon / \`${baseline}\``,
    ],
    rows,
  );
}

function hitTable({ hits }) {
  const rows = ["short ids", "long ids"].map((ids) => {
    const [addon, map] = [hits[`addon, ${ids}`], hits[`Map, ${ids}`]];
    return [`cache hit, ${ids}`, three(addon, 1e6), three(map, 1e6), ratio(addon, map)];
  });
  rows.push(
    ["passthrough", three(hits["addon, passthrough"], 1e6), "", ""],
    ["conversion of one pixel", three(hits["addon, convertTransfer of one pixel"], 1e6), "", ""],
  );
  return table(["call", "addon, ns", "baseline: `Map`, ns", "addon / `Map`"], rows);
}

function memoryTable({ memory: { addon, Map: map } }) {
  const row = ["100 misses within 200 MiB", three(addon), three(map), ratio(addon, map)];
  return table(
    ["peak memory", "addon, MiB", "baseline: `Map` with the same limit, MiB", "addon / `Map`"],
    [row],
  );
}

function three({ minimum, median, maximum }, factor = 1) {
  return [minimum, median, maximum].map((value) => digits(factor * value)).join(" / ");
}

/** The most important figures on each runtime measured. */
export function runtimesTable(benches) {
  const rows = benches.map(({ runtime, cases: { misses, hits, inPlace, memory } }) => {
    const baseline = "Buffer.from(source)";
    const inState = (state) => {
      const times = misses[Object.keys(misses).find((name) => name.includes(state))];
      return `${spread(times.addon)} (${ratio(times.addon, times[baseline])})`;
    };
    return [
      runtime,
      spread(inPlace.addon.at(-1).times["HLG to PQ, per channel"]),
      inState("back to back"),
      inState("rest"),
      `${spread(hits["addon, short ids"], 1e6)} (${ratio(hits["addon, short ids"], hits["Map, short ids"])})`,
      `${memory.addon.median.toFixed(0)} (${ratio(memory.addon, memory.Map)})`,
    ];
  });
  const head = ["", "in place, ms", "miss, back to back, ms", "miss, after rest, ms", "hit, ns", "peak, MiB"];
  return table(head, rows);
}
