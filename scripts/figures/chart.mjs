// What all charts have in common. Their background is transparent, and their colours have a contrast of at least 3 to
// white and to GitHub's dark background.

import * as echarts from "echarts";

/** About the width at which GitHub shows a document. */
export const WIDTH = 830;

export const ADDON = "#2f81f7";
export const BASELINE = "#8b949e";
export const GREEN = "#2da44e";
export const RED = "#e5534b";
/** Of all text. */
export const MUTED = "#777d84";
const LINES = "#80808044";

/** An SVG file of that height. */
export function svg(height, parts) {
  const attributes = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${attributes} font-family="sans-serif">\n${parts.join("\n")}\n</svg>\n`;
}

export function text(content, { x = 4, y, size, anchor = "start", weight = "normal", fill = MUTED }) {
  const attributes = `x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}"`;
  return `<text ${attributes} fill="${fill}">${content}</text>`;
}

/**
 * A chart as SVG, with headings of its parts.
 *
 * @param {number} height
 * @param {any} option
 */
export function chart(height, { title, subtitle, headings, ...option }) {
  const instance = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  instance.setOption({
    animation: false,
    textStyle: { fontFamily: "sans-serif", fontSize: 13, color: MUTED },
    title: [
      {
        text: title,
        subtext: subtitle,
        left: 0,
        top: 4,
        itemGap: 6,
        textStyle: { fontSize: 17, color: MUTED },
        subtextStyle: { fontSize: 13, lineHeight: 18, color: MUTED },
      },
      ...headings.map(([heading, left, top]) => ({
        text: heading,
        left,
        top,
        textStyle: { fontSize: 14, color: MUTED },
      })),
    ],
    ...option,
  });
  const result = `${instance.renderToSVGString()}\n`;
  instance.dispose();
  return result;
}

/** An axis of numbers, from zero, named along its middle. */
export function valueAxis(name, gap = 30) {
  return {
    type: "value",
    name,
    min: 0,
    nameLocation: "middle",
    nameGap: gap,
    nameTextStyle: { color: MUTED, fontSize: 13 },
    axisLabel: { color: MUTED, fontSize: 12 },
    axisLine: { lineStyle: { color: MUTED } },
    splitLine: { lineStyle: { color: LINES } },
  };
}
