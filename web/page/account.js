// An account of one's own: opening it, confirming the address, and a new password.

import { t } from "./i18n.js";

/**
 * @param {SignIn} auth
 * @param {object} ports `form` shows one, `known` is what was filled in so far, `enter` signs in, `start` goes back
 */
export function forms(auth, { form, known, enter, start }) {
  const back = [[t("back"), start]];
  const open = () =>
    form(t("sign_up"), ["email", "new_password"], async () => {
      await auth.signUp(known.email, known.new_password);
      confirm();
    }, back);
  const confirm = () =>
    form(t("confirm"), ["code"], async () => {
      await auth.confirm(known.email, known.code);
      await enter(known.new_password || known.password);
    }, back, t("code_sent", { email: known.email }));
  const forget = () =>
    form(t("forgot"), ["email"], async () => {
      await auth.forgotPassword(known.email);
      reset();
    }, back);
  const reset = () =>
    form(t("reset"), ["code", "new_password"], async () => {
      await auth.resetPassword(known.email, known.code, known.new_password);
      await enter(known.new_password);
    }, back, t("code_sent", { email: known.email }));
  const renew = () => form(t("new_password"), ["new_password"], () => enter(known.password, known.new_password));
  const resend = () => auth.resendCode(known.email).then(confirm, confirm);
  return { open, forget, renew, resend };
}
