// What all charts have in common.

import { mkdirSync, writeFileSync } from "node:fs";

import * as echarts from "echarts";

/** About the width at which GitHub shows a document. */
export const WIDTH = 830;

export const ADDON = "#0969da";
export const BASELINE = "#9aa3ad";
const TEXT = "#24292f";
const MUTED = "#57606a";
const LINES = "#d8dee4";

const FOLDER = new URL("../../docs/charts/", import.meta.url);

/** Writes a chart to docs/charts/. Its background is white, so that dark mode shows it as light mode does. */
export function writeChart(name, height, { title, subtitle, ...option }) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "sans-serif", fontSize: 13, color: TEXT },
    title: {
      text: title,
      subtext: subtitle,
      left: 16,
      top: 12,
      itemGap: 6,
      textStyle: { fontSize: 17, color: TEXT },
      subtextStyle: { fontSize: 13, lineHeight: 18, color: MUTED },
    },
    ...option,
  });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(`${name}.svg`, FOLDER), `${chart.renderToSVGString()}\n`);
  chart.dispose();
  console.log(`written: docs/charts/${name}.svg`);
}

/** An axis of numbers, from zero, named along its middle. */
export function valueAxis(name, { gap = 30, ...rest } = {}) {
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameGap: gap,
    nameTextStyle: { color: MUTED, fontSize: 13 },
    axisLabel: { color: MUTED, fontSize: 12 },
    splitLine: { lineStyle: { color: LINES } },
    ...rest,
  };
}

/**
 * Writes groups of horizontal bars on one linear axis.
 *
 * @param {string} name
 * @param {{ title: string, subtitle: string, unit: string, groups: { name: string, bars: { label: string, value: number,
 * text: string, isAddon: boolean }[] }[] }} chart `text` is what stands at the end of a bar.
 */
export function writeBars(name, { title, subtitle, unit, groups }) {
  const [BAR, HEADING, TOP, AXIS] = [32, 38, 78, 60];
  const max = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const grids = [];
  let top = TOP;
  for (const { bars } of groups) {
    grids.push({ left: 160, right: 250, top: top + HEADING, height: BAR * bars.length });
    top += HEADING + BAR * bars.length;
  }
  writeChart(name, top + AXIS, {
    title,
    subtitle,
    graphic: groups.map((group, at) => ({
      type: "text",
      left: 21,
      top: grids[at].top - 22,
      style: { text: group.name, fill: TEXT, font: "bold 14px sans-serif" },
    })),
    grid: grids,
    xAxis: groups.map((_, at) => {
      const isLast = at === groups.length - 1;
      return valueAxis(isLast ? unit : undefined, {
        gridIndex: at,
        min: 0,
        max,
        ...roundedAxis(max, isLast),
      });
    }),
    yAxis: groups.map(({ bars }, at) => ({
      type: "category",
      gridIndex: at,
      inverse: true,
      data: bars.map(({ label }) => label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: MUTED } },
      axisLabel: { color: TEXT, fontSize: 13, width: 150, overflow: "break" },
    })),
    series: groups.map(({ bars }, at) => ({
      type: "bar",
      xAxisIndex: at,
      yAxisIndex: at,
      barWidth: 20,
      data: bars.map(({ value, text, isAddon }) => ({
        value,
        itemStyle: { color: isAddon ? ADDON : BASELINE },
        label: {
          show: true,
          position: "right",
          formatter: text,
          fontSize: 13,
          color: isAddon ? ADDON : TEXT,
          // No line of the grid crosses the text.
          backgroundColor: "#ffffff",
          padding: [2, 4],
          fontWeight: isAddon ? "bold" : "normal",
        },
      })),
    })),
  });
}

/** An axis that ends at a round number. */
function roundedAxis(max, hasLabels) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000].find((each) => max / each <= 6) ?? 2000;
  return {
    max: Math.ceil(max / step) * step,
    interval: step,
    axisLabel: { show: hasLabels, color: MUTED, fontSize: 12 },
  };
}
