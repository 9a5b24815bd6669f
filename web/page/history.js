// The shopper's own try-ons: to look at, to compare two of, to delete.

import { ask } from "./ask.js";
import { announce, h, picture } from "./dom.js";
import { t, when } from "./i18n.js";

/** @param {string} [first] a picture (`job.place`) that another is wanted for, to compare the two */
export async function history(app, route, first = "") {
  const [page, shelf] = await Promise.all([app.vto.history(), app.vto.products().catch(() => ({ products: [] }))]);
  const names = new Map(shelf.products.map((one) => [one.product_id, one.name]));
  const list = h("ul", { class: "grid" });
  const more = h("button", { type: "button", onclick: async () => add(await app.vto.history(next)) }, t("more"));
  const choosing = h("button", { type: "button", "aria-pressed": "false", onclick: () => choose(chosen === null ? [] : null) }, t("compare_two"));
  const hint = h("p", { class: "hint", role: "status" });
  const none = h("p", { class: "wait" });
  let chosen = null; // pictures to compare, while some are chosen
  let next;

  function add(page) {
    list.append(...page.try_ons.map(card));
    page.try_ons.forEach(name);
    next = page.next;
    more.hidden = next === null;
    told();
  }
  function told() {
    none.textContent = list.children.length ? "" : t("no_history");
    choosing.hidden = list.querySelectorAll("input").length < 2;
  }
  /** Products that are not on the first page of the catalogue are asked for one by one. */
  async function name({ product_id: id }) {
    if (names.has(id)) return;
    names.set(id, id);
    const { name } = await app.vto.product(id).catch(() => ({ name: id }));
    names.set(id, name);
    for (const title of list.querySelectorAll("strong")) if (title.textContent === id) title.textContent = name;
  }
  function card(job) {
    const state = job.status === "completed" ? null : t(job.status === "error" ? "failed" : "running");
    const shown = job.images?.[0];
    const called = names.get(job.product_id) ?? job.product_id;
    const place = `${job.id}.0`;
    const item = h("li", { class: "kept" }, h("a", { class: `card ${state ? "" : "photo"}`, href: `#/job/${job.id}` },
      h("span", { class: "tile" }, shown ? picture(shown.url, "", { loading: "lazy", width: shown.width, height: shown.height }) : state),
      h("strong", {}, called), h("span", {}, when(job.created_at))),
      shown && h("label", { class: "choice" }, h("input", { type: "checkbox", value: place, onchange: ({ target }) => mark(target) }),
        h("span", { class: "hidden" }, `${t("choose")}: ${called}, ${when(job.created_at)}`)),
      h("button", { type: "button", class: "quiet", "aria-label": `${t("delete")}: ${called}, ${when(job.created_at)}`, onclick: remove }, t("delete")));
    async function remove() {
      const act = () => app.vto.deleteTryOn(job.id);
      if (!(await ask({ title: t("delete_try_on_sure"), text: t("delete_try_on_more"), label: t("delete"), act }))) return;
      if (app.remembered("job") === job.id) app.remember("job", null);
      const beside = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      told();
      announce(t("deleted"));
      (beside?.querySelector("button") ?? title).focus();
    }
    return item;
  }

  // --- two to compare ----------------------------------------------------------------------------------------------------

  function choose(those) {
    chosen = those;
    list.classList.toggle("choosing", chosen !== null);
    choosing.setAttribute("aria-pressed", String(chosen !== null));
    for (const box of list.querySelectorAll("input")) box.checked = Boolean(chosen?.some((one) => one.split(".")[0] === box.value.split(".")[0]));
    hint.textContent = chosen === null ? "" : t(chosen.length ? "choose_second" : "choose_two");
  }
  function mark({ value, checked }) {
    const others = chosen.filter((one) => one.split(".")[0] !== value.split(".")[0]);
    if (checked && others.length === 1) app.go(`compare/${others[0]}/${value}`);
    else choose(checked ? [...others, value] : others);
  }

  const title = h("h1", { tabIndex: -1 }, t("history_title"));
  add(page);
  if (first) choose([first]);
  return { title: t("history_title"), node: h("div", {}, title, h("div", { class: "tools" }, choosing, hint), none, list, more) };
}
