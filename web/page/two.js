// Two pictures of the shopper's side by side, or one over the other: variants of one try-on, or two try-ons.

import { compare } from "./compare.js";
import { field, h, picture, select } from "./dom.js";
import { t, when } from "./i18n.js";

/** @param {string} one @param {string} other pictures, as `job.place` */
export async function two(app, route, one, other) {
  const chosen = [one, other].map((text) => {
    const [id, place] = String(text ?? "").split(".");
    return { id, place: Number(place) || 0 };
  });
  const ids = [...new Set(chosen.map(({ id }) => id))];
  const jobs = await Promise.all(ids.map((id) => app.vto.job(id)));
  const names = await Promise.all(jobs.map((job) => app.vto.product(job.product_id).catch(() => ({ name: job.product_id }))));
  const all = jobs.flatMap((job, at) => (job.images ?? []).map((image, place) => ({
    key: `${job.id}.${place}`,
    src: image.url,
    shape: image.width / image.height,
    text: [names[at].name, job.images.length > 1 && t("variant", { n: place + 1, of: job.images.length }), ids.length > 1 && when(job.created_at)]
      .filter(Boolean).join(" · "),
  })));
  const find = ({ id, place }) => all.find(({ key }) => key === `${id}.${place}`) ?? all[0];
  let pair = chosen.map(find);
  let over = true;
  const stage = h("div", { class: "two" });
  const fields = h("div", { class: "row" });
  const button = (text, isOver) => h("button", { type: "button", value: String(isOver), onclick: () => show((over = isOver)) }, t(text));
  const ways = h("div", { class: "actions", role: "group", "aria-label": t("compare_title") }, button("over", true), button("beside", false));

  function show() {
    const [left, right] = pair;
    // pictures of different shapes do not lie over each other
    const fits = Math.abs(left.shape - right.shape) < 0.02;
    const isOver = over && fits;
    for (const one of ways.children) one.setAttribute("aria-pressed", String(one.value === `${isOver}`));
    ways.firstChild.disabled = !fits;
    const [a, b] = pair.map((each) => ({ src: each.src, alt: each.text }));
    stage.classList.toggle("beside", !isOver);
    stage.replaceChildren(...(isOver
      ? [compare(a, b, { tags: ["1", "2"], label: t("compare_slide") })]
      : pair.map((each, n) => h("figure", {}, picture(each.src, each.text), h("figcaption", {}, `${n + 1} · ${each.text}`)))));
  }
  function pick(n, key) {
    pair = pair.map((each, at) => (at === n ? all.find((one) => one.key === key) : each));
    globalThis.history.replaceState(null, "", `#/compare/${pair.map((each) => each.key).join("/")}`);
    show();
  }
  const options = all.map(({ key, text }) => [key, text]);
  const side = (n) => field(t("picture_n", { n: n + 1 }), select(options, pair[n].key, (key) => pick(n, key)));
  if (all.length) {
    fields.append(side(0), side(1));
    show();
  } else stage.append(h("p", { class: "wait" }, t("e_not_found")));
  return {
    title: t("compare_title"),
    node: h("div", { class: "comparing" },
      h("a", { class: "up", href: app.vto.guest ? `#/job/${ids[0]}` : "#/history" }, t(app.vto.guest ? "back" : "history_title")),
      h("h1", {}, t("compare_title")), h("div", { class: "tools" }, ways, fields), stage,
      h("p", { class: "hint" }, h("span", { class: "badge" }, t("ai_generated")), " ", t("ai_more"))),
  };
}
