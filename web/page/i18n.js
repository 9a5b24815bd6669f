// Words and numbers in the shopper's language.

export const LANGUAGES = { en: "English", ja: "日本語" };
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur"];

let words = {};
let all = false; // whether the words of later views are there, too
export let language = "en";

/** The first language of ours that the shopper reads. */
export const choose = (wanted) => wanted.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one in LANGUAGES) ?? "en";

export async function speak(wanted) {
  language = wanted;
  words = (await import(`../strings/${wanted}.js`)).default;
  if (all) await addAll();
  document.documentElement.lang = wanted;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(wanted) ? "rtl" : "ltr";
}

/** The words of what is not needed at first. */
export async function speakOfAll() {
  if (!all) await addAll();
  all = true;
}

async function addAll() {
  words = { ...words, ...(await import(`../strings/${language}-more.js`)).default };
}

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
export const t = (key, values = {}) => fill(words[key] ?? key, values);
export const has = (key) => key in words;
export const usd = (value) => new Intl.NumberFormat(language, { style: "currency", currency: "USD" }).format(value);
export const when = (iso) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

/** `LONG_SLEEVE_SHIRT` as people write it; values of the contract stay English words. */
export const readable = (name) => name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " ");

/** The sentence for an error; of one that is not known here, what the service says. */
export function sentence(error, values = {}) {
  const key = `e_${error.code}`;
  if (error.code === "picture_rejected" && error.message && language === "en") return error.message;
  if (has(key)) return t(key, values);
  return error.code && error.message ? error.message : t("e_");
}
