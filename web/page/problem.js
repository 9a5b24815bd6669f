// An error as a shopper sees it: one sentence, one thing to do.

import { announce, h } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { actionFor } from "./rules-more.js";

/**
 * @param {Error} error
 * @param {Record<string, () => void>} acts what each action does here; one that is missing becomes `again` or `product`
 */
export function problem(error, acts, values = {}) {
  const action = [actionFor(error), "again", "product"].find((one) => one in acts);
  const button = h("button", { type: "button", class: "main", onclick: () => acts[action]?.() }, t(`do_${action}`));
  const details = (error.details ?? []).map((one) => h("li", {}, `${one.path}: ${one.problem}. ${one.remedy ?? ""}`));
  if (action === "again" && error.retryAfter) countDown(button, error.retryAfter);
  announce(sentence(error, values));
  return h("section", { class: "problem" },
    h("p", {}, sentence(error, values)),
    details.length > 0 && h("details", {}, h("summary", {}, t("details")), h("ul", {}, details)),
    action && button,
    error.jobId && h("small", {}, t("number", { id: error.jobId })));
}

function countDown(button, seconds) {
  let left = Math.ceil(seconds);
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? t("do_again_in", { n: left }) : t("do_again");
    if (left-- > 0) setTimeout(tick, 1000);
  };
  tick();
}
