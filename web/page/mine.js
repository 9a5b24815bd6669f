// What is the shopper's own: their try-ons, their photos, and how to be rid of them.

import { pause } from "../client/api.js";
import { dialog, h, picture } from "./dom.js";
import { t, when } from "./i18n.js";
import { sentence } from "./problem.js";
import { consentOf } from "./rules.js";

export async function history(app) {
  const [first, shelf] = await Promise.all([app.vto.history(), app.products()]);
  const names = new Map(shelf.items.map((one) => [one.product_id, one.name]));
  const list = h("ul", { class: "grid" });
  const more = h("button", { type: "button", onclick: async () => add(await app.vto.history(next)) }, t("more"));
  let next;
  function add(page) {
    list.append(...page.try_ons.map(card));
    page.try_ons.forEach(name);
    next = page.next;
    more.hidden = next === null;
  }
  /** Products that are not on the first page of the catalogue are asked for one by one. */
  async function name({ product_id: id }) {
    if (names.has(id)) return;
    names.set(id, id);
    const { name } = await app.vto.product(id).catch(() => ({ name: id }));
    names.set(id, name);
    for (const title of list.querySelectorAll("strong")) if (title.textContent === id) title.textContent = name;
  }
  const card = (job) => {
    const state = job.status === "completed" ? null : t(job.status === "error" ? "failed" : "running");
    const shown = job.images?.[0];
    return h("li", {}, h("a", { class: `card ${state ? "" : "photo"}`, href: `#/job/${job.id}` },
      h("span", { class: "tile" }, shown ? picture(shown.url, "", { loading: "lazy", width: shown.width, height: shown.height }) : state),
      h("strong", {}, names.get(job.product_id) ?? job.product_id), h("span", {}, when(job.created_at))));
  };
  add(first);
  const none = first.try_ons.length === 0 && h("p", { class: "wait" }, t("no_history"));
  return { title: t("history_title"), node: h("div", {}, h("h1", {}, t("history_title")), none, list, more) };
}

export async function me(app) {
  const { days } = consentOf(await app.vto.config());
  const result = h("p", { role: "status" });
  const photos = h("div");

  async function list() {
    const own = (await app.models(true)).filter((one) => one.is_own);
    const shown = own.map((one) => h("li", {}, one.picture_url ? picture(one.picture_url, t("yours")) : one.reason));
    photos.replaceChildren(own.length ? h("ul", { class: "people" }, shown) : h("p", {}, t("no_photos")));
  }
  async function erase() {
    try {
      const { receipt } = await app.vto.erase();
      app.remember("job", null);
      app.remember("model", null);
      app.remember("erasure", receipt);
      await follow(receipt);
    } catch (error) {
      result.textContent = error.code === "unsupported" ? t("erase_missing") : sentence(error);
    }
  }
  /** All there is goes at once; that nothing comes late any more is known about half an hour after. */
  async function follow(receipt) {
    for (let wait = 1000, state = "erasing"; state !== "done"; wait = Math.min(30_000, wait * 2)) {
      result.textContent = t("erase_running", { receipt });
      await pause(wait);
      if (!node.isConnected) return;
      ({ state } = await app.vto.erasure(receipt));
      await list();
    }
    result.textContent = t("erase_done", { receipt });
  }
  function ask() {
    const yes = h("button", { type: "button", class: "main danger", onclick: () => (box.close(), erase()) }, t("erase"));
    const box = dialog(t("erase_sure"), t("close"), h("p", {}, t("erase_more")), yes);
  }
  const node = h("div", { class: "text" },
    h("h1", {}, t("me_title")),
    h("p", {}, t("signed_in_as", { email: app.vto.auth.user ?? "" }), " ",
      h("button", { type: "button", class: "quiet", onclick: app.signOut }, t("sign_out"))),
    h("h2", {}, t("my_photos")),
    photos,
    days !== null && h("p", {}, t("me_keep", { n: days })),
    h("p", {}, t("erase_more")),
    h("button", { type: "button", class: "danger", onclick: ask }, t("erase")), result);
  await list();
  const receipt = app.remembered("erasure");
  const entered = () => receipt && follow(receipt).catch(() => app.remember("erasure", null)); // too old to be known
  return { title: t("me_title"), node, entered };
}
