// Signing in and up, and a new password.

import { compare } from "./compare.js";
import { $, announce, field, h } from "./dom.js";
import { t } from "./i18n.js";
import { sentence } from "./problem.js";

export async function signIn(app) {
  const panel = h("div", { class: "panel" });
  const known = { email: "", password: "" };

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
        if (NEXT[error.code]) return NEXT[error.code]();
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
    app.show();
  };
  const start = () =>
    form(t("sign_in"), ["email", "password"], () => enter(known.password), [[t("sign_up"), open], [t("forgot"), forget]]);
  const open = () =>
    form(t("sign_up"), ["email", "new_password"], async () => {
      await auth.signUp(known.email, known.new_password);
      confirm();
    }, [[t("back"), start]]);
  const confirm = () =>
    form(t("confirm"), ["code"], async () => {
      await auth.confirm(known.email, known.code);
      await enter(known.new_password || known.password);
    }, [[t("back"), start]], t("code_sent", { email: known.email }));
  const forget = () =>
    form(t("forgot"), ["email"], async () => {
      await auth.forgotPassword(known.email);
      reset();
    }, [[t("back"), start]]);
  const reset = () =>
    form(t("reset"), ["code", "new_password"], async () => {
      await auth.resetPassword(known.email, known.code, known.new_password);
      await enter(known.new_password);
    }, [[t("back"), start]], t("code_sent", { email: known.email }));
  const renew = () => form(t("new_password"), ["new_password"], () => enter(known.password, known.new_password));
  const NEXT = {
    not_confirmed: () => auth.resendCode(known.email).then(confirm, confirm),
    new_password_needed: renew,
    reset_needed: forget,
  };
  start();

  const node = h("div", { class: "hello" },
    h("div", {}, h("h1", {}, t("hello")), h("p", { class: "lead" }, t("hello_more")), panel),
    compare({ src: "pictures/before.jpg", alt: t("before") }, { src: "pictures/after.jpg", alt: t("after") }));
  return { title: t("name"), node, entered: () => $("input", panel).focus() };
}

const KINDS = {
  email: { type: "email", autocomplete: "username" },
  password: { type: "password", autocomplete: "current-password" },
  new_password: { type: "password", autocomplete: "new-password", minLength: 12 },
  code: { inputMode: "numeric", autocomplete: "one-time-code" },
};
