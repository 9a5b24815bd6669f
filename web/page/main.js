// The page: who is signed in, which view is shown, in which language. Views give {title, node}; the address says which.

import { VtoClient } from "../vto-client.js";
import { $, announce, h } from "./dom.js";
import { choose, language, LANGUAGES, speak, t } from "./i18n.js";
import { history, me } from "./mine.js";
import { problem } from "./problem.js";
import { products } from "./products.js";
import { signIn } from "./sign-in.js";
import { browser, tab } from "./store.js";
import { tryOn } from "./try-on.js";

const VIEWS = { "": products, try: tryOn, job: tryOn, history, me };
const LINKS_LIVE = 10 * 60_000; // ms; pictures' links are good for 15 minutes

const app = {
  vto: null,
  /** Own photos and samples. */
  models: (anew) => cached("models", anew, () => app.vto.models()),
  /** The products loaded so far, and how to get more. */
  products: (anew) => cached("products", anew, async () => ({ items: [], next: null, ...(await page(null)) })),
  async moreProducts() {
    const shelf = await app.products();
    if (shelf.next === null) return shelf;
    const { items, next } = await page(shelf.next);
    return Object.assign(shelf, { items: [...shelf.items, ...items], next });
  },
  go: (path) => (location.hash = `#/${path}`),
  show,
  remembered: (name) => tab.getItem(`vto.${name}`),
  remember: (name, value) => (value === null ? tab.removeItem(`vto.${name}`) : tab.setItem(`vto.${name}`, value)),
  async signOut() {
    kept.clear();
    app.vto.live.close();
    await app.vto.auth.signOut();
    tab.clear();
    show();
  },
};

const page = async (cursor) => {
  const answer = await app.vto.products(cursor);
  return { items: answer.products, next: answer.next };
};

// in a shop's frame, there is a button in the corner
document.documentElement.classList.toggle("framed", globalThis.self !== globalThis.top);

const kept = new Map();
async function cached(name, anew, load) {
  const known = kept.get(name);
  if (known && !anew && Date.now() - known.at < LINKS_LIVE) return known.value;
  const value = load();
  kept.set(name, { at: Date.now(), value });
  value.catch(() => kept.delete(name));
  return value;
}

/** What the address says: a view, and whose it is. */
function path() {
  try {
    return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return [""]; // broken off somewhere
  }
}

let shown = null;
let turn = 0;
async function show() {
  const mine = ++turn;
  shown?.leave?.();
  shown = null;
  const [name, id] = path();
  const signedIn = app.vto.auth.isSignedIn;
  header(signedIn, name);
  const waiting = setTimeout(() => mine === turn && $("#main").replaceChildren(h("p", { class: "wait" }, t("loading"))), 250);
  let view;
  try {
    view = await (signedIn ? (VIEWS[name] ?? products) : signIn)(app, name, id);
  } catch (error) {
    if (error.code === "not_authorized" && signedIn) return app.signOut();
    view = { title: t("name"), node: problem(error, { again: show, product: () => (app.go(""), show()) }) };
  }
  clearTimeout(waiting);
  if (mine !== turn) return view.leave?.(); // the shopper has gone on meanwhile
  shown = view;
  document.title = view.title === t("name") ? view.title : `${view.title} · ${t("name")}`;
  $("#main").replaceChildren(view.node);
  view.entered?.();
  if (turn > 1) {
    scrollTo(0, 0);
    $("#main").focus({ preventScroll: true });
    announce(view.title);
  }
}

function header(signedIn, name) {
  const link = (path, text) => h("a", { href: `#/${path}`, "aria-current": name === path ? "page" : null }, text);
  const other = Object.keys(LANGUAGES).find((one) => one !== language);
  const switched = async () => {
    browser.setItem("vto.language", other);
    await speak(other);
    show();
  };
  $("#bar").replaceChildren(
    h("a", { class: "brand", href: "#/" }, t("name")),
    h("nav", {}, signedIn && link("history", t("history")), signedIn && link("me", t("me")),
      h("button", { type: "button", class: "quiet", lang: other, onclick: switched }, LANGUAGES[other])),
  );
}

const spoken = browser.getItem("vto.language");
await speak(spoken in LANGUAGES ? spoken : choose(navigator.languages));
try {
  app.vto = await VtoClient.load();
} catch (error) {
  $("#main").replaceChildren(h("p", { class: "wait" }, error.message));
  throw error;
}
addEventListener("hashchange", show);
addEventListener("online", () => app.vto.live.wake());
document.addEventListener("visibilitychange", () => document.hidden || app.vto.live.wake());
show();
