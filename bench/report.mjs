// The results as tables, for the console and for the documentation.

import Table from "cli-table3";

/** The title of each case's table, its unit, and the column that the addon is compared with, with the heading of the ratio. */
const TABLES = {
  frame: { title: "Time to convert, HLG to PQ" },
  misses: { title: "Cache miss, HLG to PQ", base: ["`Buffer.from(source)`", "times `Buffer.from`"] },
  inPlace: { title: "In place, 4K, and a plain copy into memory in use", base: ["copy", "times a copy"] },
  workers: { title: "2.2 MB in place, alone and beside two workers that convert large images" },
  zscale: {
    title: "4K in place, and ffmpeg with zscale less ffmpeg without it",
    base: ["zscale", "times zscale"],
  },
  hits: {
    title: "Short calls, and the same with a `Uint16Array` loop, cached in a `Map`",
    base: ["`Uint16Array` loop", "times the loop"],
  },
  memory: {
    title: "Peak memory of a process, 4K images within 200 MiB",
    unit: "MiB",
    base: ["`Uint16Array` loop", "times the loop"],
  },
  scale: { title: "Each megapixel, HLG to PQ" },
};

/**
 * The table of a case.
 *
 * @param {string} name
 * @param {Record<string, object>} byRuntime The rows of the case on each runtime.
 * @param {(row: string) => string | false} [labelOf] The label of a row; rows without one are left out.
 */
export function tableOf(name, byRuntime, labelOf = (row) => row) {
  const { title, unit = "ms", base = [] } = TABLES[name];
  const runtimes = Object.keys(byRuntime);
  const rows = runtimes.flatMap((runtime) =>
    Object.entries(byRuntime[runtime]).flatMap(([row, cells]) => {
      const label = labelOf(row);
      if (!label) return [];
      return { label: runtimes.length > 1 ? [runtime.replace(/(?<=\d)\..*/, ""), label] : [label], cells };
    }),
  );
  const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const compared = [base, ["before", "times before"]].filter(([column]) => columns.includes(column));
  const labels = rows[0]?.label.map(() => "") ?? [];
  return {
    title,
    labels: labels.length,
    head: [...labels, ...columns, ...compared.map(([, heading]) => heading)],
    rows: rows.map(({ label, cells }) => [
      ...label,
      ...columns.map((column) => ({ unit, ...cells[column] })),
      ...compared.map(([column]) => ratio(cells.addon, cells[column])),
    ]),
  };
}

export function toConsole({ title, labels, head, rows }) {
  const colAligns = head.map((_, at) => (at < labels ? "left" : "right"));
  const plain = (cells) => cells.map((cell) => textOf(cell, spread).replaceAll("`", ""));
  const table = new Table({ head: plain(head), colAligns, style: { head: [], border: [] } });
  table.push(...rows.map(plain));
  return `\n${title.replaceAll("`", "")}: minimum / median\n${table}`;
}

/** With medians alone. */
export function toMarkdown({ labels, head, rows }) {
  const line = (cells) => `| ${cells.map((cell) => textOf(cell, medianOf)).join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at < labels ? "---" : "---:"))), ...rows.map(line)].join(
    "\n",
  );
}

function textOf(cell, format) {
  if (typeof cell === "string") return cell;
  return cell.median === undefined ? "" : format(cell);
}

function medianOf({ median, unit }) {
  return withUnit(median, unit);
}

/** Such as "1.5 ms". */
export function withUnit(value, unit = "ms") {
  const [shown, shownUnit] = scaled(value, unit);
  return `${digits(shown)} ${shownUnit}`;
}

function spread({ minimum, median, unit }) {
  const [shown, shownUnit] = scaled(median, unit);
  return `${digits((minimum * shown) / median)} / ${digits(shown)} ${shownUnit}`;
}

/** A number in a unit in which it is neither small nor large. */
function scaled(value, unit) {
  if (unit === "ms" && value >= 10_000) return [value / 1000, "s"];
  if (unit !== "ms" || value >= 0.1) return [value, unit];
  return value >= 1e-3 ? [1e3 * value, "µs"] : [1e6 * value, "ns"];
}

function digits(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}

function ratio(a, b) {
  if (!a || !b) return "";
  const value = a.median / b.median;
  return value < 10 ? value.toPrecision(2) : value.toFixed(0);
}
