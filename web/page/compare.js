// Two pictures, one over the other, split by a range input: works by touch, mouse and keyboard.

import { early, h, picture } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {{src: string, alt: string}} one
 * @param {{src?: string, image?: object, alt: string}} other same shape; `image` is one of a job's `images`
 * @param {{tags?: string[], label?: string}} words on the pictures, and what the slider is called
 */
export function compare(one, other, { tags = [t("before"), t("after")], label = t("compare") } = {}) {
  const slider = h("input", {
    type: "range", min: 0, max: 100, value: 50, "aria-label": label,
    oninput: () => box.style.setProperty("--split", slider.value),
  });
  const box = h("div", { class: "compare" },
    other.image ? early(other.image, other.alt) : picture(other.src, other.alt), picture(one.src, one.alt, { class: "before" }),
    h("span", { class: "tag start", "aria-hidden": "true" }, tags[0]),
    h("span", { class: "tag end", "aria-hidden": "true" }, tags[1]),
    h("span", { class: "knob" }), slider);
  return box;
}
