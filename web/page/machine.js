// The state machine, lighting up as a try-on goes through it: for who wants to know how it is made.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { EDGES, lit, PLACES, wasTaken } from "./machine-rules.js";

const [WIDE, HIGH, ROW, SIDE] = [150, 30, 44, 204]; // of a state, from row to row, and where the second column begins
const [WIDTH, EDGE] = [SIDE + WIDE + 14, 14];

/** @returns {{node: Element, show: (job: object) => void}} */
export function machineOf() {
  const rows = Math.max(...[...PLACES.values()].map(({ row }) => row)) + 1;
  const boxes = new Map([...PLACES].map(([name, place]) => [name, box(name, place)]));
  const lines = EDGES.map((edge) => ({ edge, line: s("path", { d: between(edge), class: edge.isError ? "error" : "" }) }));
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${rows * ROW - (ROW - HIGH) + 4}`, role: "img" },
    ...lines.map(({ line }) => line), ...[...boxes.values()]);
  const said = h("p", { class: "hint" });
  return {
    node: h("div", { class: "machine" }, h("p", { class: "hint" }, t("machine_more")), picture, said),
    show(job) {
      const states = lit(job);
      const names = (wanted) => [...states].filter(([, state]) => state === wanted).map(([name]) => name).join(", ");
      for (const [name, group] of boxes) group.setAttribute("class", `state ${states.get(name) ?? ""}`);
      for (const { edge, line } of lines) line.classList.toggle("done", wasTaken(edge, states));
      const [done, now] = [names("done"), names("now")];
      picture.setAttribute("aria-label", [t("machine_title"), done && t("machine_done", { names: done }), now && t("machine_now", { names: now })].filter(Boolean).join(" "));
      said.textContent = job.status === "completed" && states.size === 0 ? t("machine_idle") : "";
    },
  };
}

function box(name, place) {
  const [x, y] = corner(place);
  return s("g", { class: "state", transform: `translate(${x} ${y})` },
    s("rect", { width: WIDE, height: HIGH, rx: 9 }),
    s("path", { class: "tick", d: "M10 15.5l4 4 7-8.5" }),
    s("circle", { cx: 15.5, cy: 15, r: 4.5 }),
    s("text", { x: 28, y: 19.5 }, name));
}

const corner = ({ column, row }) => [EDGE + column * (SIDE - EDGE), 2 + row * ROW];

/** A line from state to state: straight to the next, in the gap between the columns, or round the outside. */
function between({ from, to }) {
  const [one, other] = [PLACES.get(from), PLACES.get(to)];
  const [[x, y], [u, v]] = [corner(one), corner(other)];
  const [middle, aim] = [y + HIGH / 2, v + HIGH / 2];
  if (one.column === other.column && other.row === one.row + 1) return `M${x + WIDE / 2} ${y + HIGH}V${v}`;
  if (one.column === other.column) {
    const out = one.column ? x + WIDE + 10 : x - 10;
    const at = one.column ? x + WIDE : x;
    return `M${at} ${middle}H${out}V${aim}H${at}`;
  }
  const [start, end] = one.column < other.column ? [x + WIDE, u] : [x, u + WIDE];
  // what goes to one state shares a line in the gap; what comes back has its own, a little lower
  const goes = one.column < other.column;
  const gap = EDGE + WIDE + (goes ? 8 + (other.row % 3) * 5 : 29);
  const lower = goes ? 0 : 7;
  return `M${start} ${middle + lower}H${gap}V${aim + lower}H${end}`;
}

function s(tag, props, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
