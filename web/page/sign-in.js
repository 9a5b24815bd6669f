// Signing in. What else there is to do with an account is fetched when somebody wants it.

import { $, announce, field, h, picture } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { later } from "./later.js";

const NEXT = { not_confirmed: "resend", new_password_needed: "renew", reset_needed: "forget" };

export async function signIn(app) {
  const panel = h("div", { class: "panel" });
  const known = { email: "", password: "" };
  /** One of the forms of account.js. */
  const to = (name) => async () => {
    try {
      const { forms } = await later(() => import("./account.js"));
      forms(auth, { form, known, enter, start })[name]();
    } catch (error) {
      $(".wrong", panel).textContent = sentence(error);
    }
  };

  /** One form: its fields (shown in their order), what its button does, and links to other forms. */
  function form(title, fields, act, links = [], note = null) {
    const message = h("p", { class: "wrong", role: "alert" });
    const inputs = fields.map((name) => h("input", { name, required: true, value: known[name] ?? "", ...KINDS[name] }));
    const button = h("button", { class: "main" }, title);
    async function submit(event) {
      event.preventDefault();
      for (const input of inputs) known[input.name] = input.value.trim();
      button.disabled = true;
      message.textContent = "";
      try {
        await act();
      } catch (error) {
        if (NEXT[error.code]) return to(NEXT[error.code])();
        message.textContent = sentence(error);
      } finally {
        button.disabled = false;
      }
    }
    const others = links.map(([text, open]) => h("button", { type: "button", class: "quiet", onclick: open }, text));
    panel.replaceChildren(
      h("form", { onsubmit: submit },
        h("h2", {}, title), note && h("p", {}, note),
        inputs.map((input) => field(t(input.name), input, input.name === "new_password" ? t("password_rule") : null)),
        message, button, h("p", { class: "links" }, others)),
    );
    if (note) announce(note);
    if (panel.isConnected) inputs.find((input) => !input.value)?.focus();
  }

  const { auth } = app.vto;
  const enter = async (password, fresh = null) => {
    await auth.signIn(known.email, password, fresh);
    app.vto.leaveAsGuest();
    app.show();
  };
  const start = () =>
    form(t("sign_in"), ["email", "password"], () => enter(known.password), [[t("sign_up"), to("open")], [t("forgot"), to("forget")]]);
  const others = h("div");
  const asGuest = async () => {
    await app.vto.enterAsGuest();
    app.show();
  };
  const offer = ({ guests }) =>
    guests && others.append(h("div", { class: "panel guest" },
      h("button", { type: "button", onclick: asGuest }, t("as_guest")), h("p", { class: "hint" }, t("as_guest_more"))));
  app.vto.config().then(offer, () => {}); // where nobody says so, there is none
  start();

  const node = h("div", { class: "hello" },
    h("div", {}, h("h1", {}, t("hello")), h("p", { class: "lead" }, t("hello_more")), panel, others),
    h("div", { class: "split" }, picture("pictures/after.jpg", t("after")), picture("pictures/before.jpg", t("before"))));
  return { title: t("name"), node, entered: () => $("input", panel).focus() };
}

const KINDS = {
  email: { type: "email", autocomplete: "username" },
  password: { type: "password", autocomplete: "current-password" },
  new_password: { type: "password", autocomplete: "new-password", minLength: 12 },
  code: { inputMode: "numeric", autocomplete: "one-time-code" },
};
