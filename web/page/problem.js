// An error as a shopper sees it: one sentence, one thing to do.

import { announce, h } from "./dom.js";
import { has, language, t } from "./i18n.js";
import { actionFor } from "./rules.js";

/** The sentence for an error; of one that is not known here, what the service says. */
export function sentence(error, values = {}) {
  const key = `e_${error.code}`;
  if (error.code === "picture_rejected" && error.message && language === "en") return error.message;
  if (has(key)) return t(key, values);
  return error.code && error.message ? error.message : t("e_");
}

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
