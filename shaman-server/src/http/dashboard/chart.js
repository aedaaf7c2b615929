// A line chart in SVG, with the same numbers as a table for who cannot see it.

import { h, svg } from "./dom.js";
import { when } from "./words.js";

const HEIGHT = 190;
const LEFT = 66;
const BOTTOM = 24;
const TOP = 8;

/** A round number at or above this: 1, 2 or 5 and zeros. */
function roundUp(number) {
  if (number <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= number * 0.9999);
}

/**
 * `points` are `{at, values: [..]}`, `lines` their names, `format` says how to write a value.
 * With fewer than two points there is a sentence instead.
 */
export function chart(title, points, lines, format) {
  if (points.length < 2) {
    return h("p", { class: "quiet" }, "The first points come within minutes of a start; look again later.");
  }
  // As wide as it is drawn, so that its words are as large as others.
  const width = innerWidth < 620 ? 310 : 520;
  const times = points.map((point) => Date.parse(point.at));
  const [first, last] = [times[0], times[times.length - 1]];
  const top = roundUp(Math.max(...points.flatMap((point) => point.values)));
  const x = (time) => LEFT + ((time - first) / Math.max(1, last - first)) * (width - LEFT - 8);
  const y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const at = (nth, line) => `${x(times[nth]).toFixed(1)} ${y(points[nth].values[line]).toFixed(1)}`;

  const rules = [0, 0.5, 1].map((share) => [
    svg("line", { class: "rule", x1: LEFT, x2: width - 8, y1: y(top * share), y2: y(top * share) }),
    svg("text", { x: LEFT - 8, y: y(top * share) + 4, "text-anchor": "end" }, format(top * share)),
  ]);
  const span = last - first;
  const moment = (time) =>
    span > 2 * 86400e3
      ? new Date(time).toLocaleDateString([], { month: "short", day: "numeric" })
      : new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const ticks = [[first, "start"], [first + span / 2, "middle"], [last, "end"]].map(([time, anchor]) =>
    svg("text", { x: x(time), y: HEIGHT - 5, "text-anchor": anchor }, moment(time)),
  );
  const paths = lines.map((_, line) =>
    svg("path", { class: `line s${line + 1}`, d: `M${points.map((_, nth) => at(nth, line)).join("L")}` }),
  );
  const area = svg("path", {
    class: "area",
    d: `M${LEFT} ${y(0)}L${points.map((_, nth) => at(nth, 0)).join("L")}L${x(last)} ${y(0)}Z`,
  });
  const end = points[points.length - 1].values;
  const start = points[0].values;
  const sentence = `${title}. ${lines
    .map((name, line) => `${name}: from ${format(start[line])} to ${format(end[line])}`)
    .join("; ")}.`;
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": sentence },
    rules, ticks, area, paths,
  );
  const some = points.filter((_, nth) => nth % Math.ceil(points.length / 12) === 0 || nth === points.length - 1);
  return h(
    "div",
    { class: "chart" },
    picture,
    lines.length > 1
      ? h("ul", { class: "key" }, lines.map((name, line) => h("li", {}, h("i", { class: `s${line + 1}`, "aria-hidden": "true" }), `${name}: ${format(end[line])}`)))
      : null,
    h(
      "details",
      {},
      h("summary", {}, "As a table"),
      h("div", { class: "scroll" },
        h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "When"), lines.map((name) => h("th", { scope: "col", class: "num" }, name)))),
          h("tbody", {}, some.map((point) => h("tr", {}, h("td", {}, when(point.at)), point.values.map((value) => h("td", { class: "num" }, format(value))))))),
      ),
    ),
  );
}
