// How far a try-on is: its stages by name, the time that has gone and that is left.

import { announce, h } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { expected, steps } from "./rules-more.js";

/**
 * @param {object} job its newest snapshot
 * @param {{started: number, told: number, offline: boolean, cancel: () => Promise<void>, leave: string}} state since when
 *   it runs and the snapshot is known (ms), whether there is no connection, and what becomes of it when one leaves
 */
export function progress(job, { started, told, offline, cancel, leave }) {
  const list = steps(job).map(({ stage, state }) =>
    h("li", { class: state, "aria-current": state === "now" ? "step" : null }, t(`stage_${stage}`)));
  const time = h("p", { class: "time" });
  function tick() {
    const left = expected(job, told, Date.now());
    const gone = t("elapsed", { n: Math.round((Date.now() - started) / 1000) });
    time.textContent = left === null ? gone : `${gone} · ${left > 0 ? t("left", { n: left }) : t("longer")}`;
    setTimeout(() => time.isConnected && tick(), 1000);
  }
  tick();
  announce(t(`stage_${job.stage ?? "created"}`));
  const button = h("button", { type: "button", class: "quiet", onclick: giveUp }, t("cancel"));
  async function giveUp() {
    button.disabled = true;
    try {
      await cancel();
    } catch (error) {
      announce(sentence(error));
      button.replaceWith(h("p", {}, sentence(error)));
    }
  }
  return h("div", { class: "progress" },
    h("h2", {}, t("working")), h("ol", { class: "steps" }, list), time,
    job.notice && h("p", {}, job.notice),
    h("p", {}, offline ? t("lost_net") : leave), job.id && button);
}
