// What is kept of the shopper: their photos, and how to be rid of one, or of everything.

import { pause } from "../client/api.js";
import { ask, askName } from "./ask.js";
import { announce, h, picture } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { consentOf, nameOf } from "./rules.js";

export async function me(app) {
  const config = await app.vto.config();
  const { days } = consentOf(config);
  const result = h("p", { role: "status" });
  const photos = h("div", { tabIndex: -1 });

  async function list() {
    const own = (await app.models(true)).filter((one) => one.is_own);
    photos.replaceChildren(own.length ? h("ul", { class: "own" }, own.map(card)) : h("p", {}, t("no_photos")));
  }
  function card(one) {
    const called = nameOf(one, t("yours"));
    const button = (text, onclick) => h("button", { type: "button", class: "quiet", "aria-label": `${t(text)}: ${called}`, onclick }, t(text));
    return h("li", {},
      one.picture_url ? picture(one.picture_url, called) : h("p", { class: "tile" }, one.reason),
      h("strong", {}, called), h("div", { class: "links" }, button("rename", () => rename(one, called)), button("delete", () => remove(one))));
  }
  async function changed(said) {
    await list();
    announce(said);
    photos.focus();
  }
  async function rename(one, name) {
    const act = (wanted) => app.vto.renamePhoto(one.model_id, wanted);
    if (await askName({ title: t("photo_name"), name, most: config.limits.photo_name_characters, act })) await changed(t("saved"));
  }
  async function remove(one) {
    const act = () => app.vto.deletePhoto(one.model_id);
    if (!(await ask({ title: t("delete_photo_sure"), text: t("delete_photo_more"), label: t("delete"), act }))) return;
    if (app.remembered("model") === one.model_id) app.remember("model", null);
    await changed(t("deleted"));
  }

  async function erase() {
    let receipt;
    try {
      ({ receipt } = await app.vto.erase());
    } catch (error) {
      if (error.code !== "unsupported") throw error;
      result.textContent = t("erase_missing");
      return;
    }
    app.remember("job", null);
    app.remember("model", null);
    app.remember("erasure", receipt);
    follow(receipt).catch((error) => (result.textContent = sentence(error)));
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
  const sure = () => ask({ title: t("erase_sure"), text: t("erase_more"), label: t("erase"), act: erase });
  const node = h("div", { class: "text" },
    h("h1", {}, t("me_title")),
    h("p", {}, t("signed_in_as", { email: app.vto.auth.user ?? "" }), " ",
      h("button", { type: "button", class: "quiet", onclick: app.signOut }, t("sign_out"))),
    h("h2", {}, t("my_photos")),
    photos,
    days !== null && h("p", {}, t("me_keep", { n: days })),
    h("p", {}, t("erase_more")),
    h("button", { type: "button", class: "danger", onclick: sure }, t("erase")), result);
  await list();
  const receipt = app.remembered("erasure");
  const entered = () => receipt && follow(receipt).catch(() => app.remember("erasure", null)); // too old to be known
  return { title: t("me_title"), node, entered };
}
