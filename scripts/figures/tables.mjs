// The tables of docs/performance.md, between markers such as `<!-- host -->` and `<!-- /host -->`.

import { readFileSync, writeFileSync } from "node:fs";

import { machineInWords } from "../../bench/machine.mjs";

const DOCUMENT = new URL("../../docs/performance.md", import.meta.url);

/** Replaces what stands between the markers of a table. */
export function writeTable(name, markdown) {
  const before = readFileSync(DOCUMENT, "utf8");
  const between = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
  if (!between.test(before)) throw new Error(`docs/performance.md has no markers <!-- ${name} -->`);
  writeFileSync(
    DOCUMENT,
    before.replace(between, (_, start, end) => `${start}\n${markdown}\n\n${end}`),
  );
  console.log(`written: docs/performance.md, ${name}`);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(["---", ...head.slice(1).map(() => "---:")]), ...rows.map(line)].join("\n");
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
  return `${machine}. Minimum / median.\n\n${table(head, rows)}`;
}

export function benchTable({ runtime, machine, cases }) {
  const { misses, inPlace, hits, first, memory } = cases;
  const loops = inPlace.loops;
  const [copy] = ["copy by buf.set(source)"];
  const conversion = (what, ootf) =>
    inPlace.addon.map(({ set, threads, times }) => {
      const columns = ["PQ to HLG", "HLG to PQ"].map((direction) => times[`${direction}, ${ootf}`]);
      const slower = columns[0].median > columns[1].median ? columns[0] : columns[1];
      const name = `${what}, ${set}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
      return [name, ...three(slower), `${ratio(slower, times[copy])} of a copy into memory in use`];
    });
  const rows = [
    ...conversion("in place, per channel", "per-channel".replace("-", " ")),
    ...conversion("in place, luminance", "luminance"),
    ...["per channel", "luminance"].map((ootf) => {
      const [times, ordinary] = [
        inPlace.shared[`HLG to PQ, ${ootf}`],
        inPlace.addon.at(-1).times[`HLG to PQ, ${ootf}`],
      ];
      return [
        `in place, ${ootf}, SharedArrayBuffer`,
        ...three(times),
        `${ratio(times, ordinary)} of an ordinary Buffer`,
      ];
    }),
    ...Object.entries(loops).map(([name, times]) => [`baseline: ${name}, in place`, ...three(times), ""]),
    ...(inPlace.zscale
      ? [
          [
            "baseline: zscale, luminance, 1 thread",
            ...three(inPlace.zscale.times["HLG to PQ, luminance"]),
            "",
          ],
        ]
      : []),
    ...Object.entries(misses).flatMap(([state, times]) =>
      Object.entries(times).map(([name, each]) => [
        name === "addon" ? `miss, ${state}` : `baseline: ${name}, ${state}`,
        ...three(each),
        name === "Buffer.from(source)"
          ? ""
          : `${ratio(each, times["Buffer.from(source)"])} of \`Buffer.from(source)\``,
      ]),
    ),
    ...Object.entries(first).map(([name, each]) => [
      `new process, 1080p in place: ${name}`,
      ...three(each),
      "",
    ]),
  ];
  const calls = ["short ids", "long ids"].map((ids) => [
    `hit, ${ids}`,
    ...three(hits[`addon, ${ids}`], 1e6),
    `${ratio(hits[`addon, ${ids}`], hits[`Map, ${ids}`])} of a \`Map\` hit`,
  ]);
  calls.push(
    ["passthrough", ...three(hits["addon, passthrough"], 1e6), ""],
    ["conversion of one pixel", ...three(hits["addon, convertTransfer of one pixel"], 1e6), ""],
  );
  const peaks = Object.entries(memory).map(([name, peak]) => [
    name === "addon" ? "addon" : "baseline: `Map` with the same limit",
    ...three(peak),
  ]);
  return [
    `${runtime}, ${machineInWords(machine)}. Images are 3840x2160 where no size is given.`,
    table(["", "minimum, ms", "median, ms", "maximum, ms", "ratio of the medians"], rows),
    table(["calls", "minimum, ns", "median, ns", "maximum, ns", "ratio of the medians"], calls),
    table(["peak memory, 100 misses within 200 MiB", "minimum, MiB", "median, MiB", "maximum, MiB"], peaks),
  ].join("\n\n");
}

function three({ minimum, median, maximum }, factor = 1) {
  return [minimum, median, maximum].map((value) => digits(factor * value));
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
