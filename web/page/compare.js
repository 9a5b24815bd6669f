// Before and after, one over the other, split by a range input: works by touch, mouse and keyboard.

import { h, picture } from "./dom.js";
import { t } from "./i18n.js";

/** @param {{src: string, alt: string}} before @param {{src: string, alt: string}} after same shape */
export function compare(before, after) {
  const slider = h("input", {
    type: "range", min: 0, max: 100, value: 50, "aria-label": t("compare"),
    oninput: () => box.style.setProperty("--split", slider.value),
  });
  const box = h("div", { class: "compare" },
    picture(after.src, after.alt), picture(before.src, before.alt, { class: "before" }),
    h("span", { class: "tag start", "aria-hidden": "true" }, t("before")),
    h("span", { class: "tag end", "aria-hidden": "true" }, t("after")),
    h("span", { class: "knob" }), slider);
  return box;
}
