// A question before something that cannot be undone.

import { dialog, h } from "./dom.js";
import { sentence, t } from "./i18n.js";

/**
 * @param {{title: string, text: string, label: string, act: () => Promise<void>}} question what the button is called and does
 * @returns {Promise<boolean>} whether it was done; where that does not work, the dialog says why and stays
 */
export function ask({ title, text, label, act }) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const yes = h("button", { type: "button", class: "main danger", onclick: go }, label);
  const no = h("button", { type: "button", onclick: () => box.close() }, t("keep_it"));
  let done = false;
  async function go() {
    yes.disabled = true;
    wrong.textContent = "";
    try {
      await act();
      done = true;
      box.close();
    } catch (error) {
      wrong.textContent = sentence(error);
      yes.disabled = false;
    }
  }
  const box = dialog(title, t("close"), h("p", {}, text), wrong, h("div", { class: "actions" }, yes, no));
  return new Promise((end) => box.addEventListener("close", () => end(done)));
}

/** Ask for a name; gives whatever `act` answers, or null. */
export function askName({ title, name, most, act }) {
  const input = h("input", { name: "name", value: name, maxLength: most, required: true, "aria-label": title });
  const wrong = h("p", { class: "wrong", role: "alert" });
  let answer = null;
  async function save(event) {
    event.preventDefault();
    try {
      answer = await act(input.value.trim());
      box.close();
    } catch (error) {
      wrong.textContent = sentence(error);
    }
  }
  const box = dialog(title, t("close"),
    h("form", { class: "field", onsubmit: save }, input, wrong, h("p", { class: "actions" }, h("button", { class: "main" }, t("save")))));
  input.select();
  return new Promise((end) => box.addEventListener("close", () => end(answer)));
}
