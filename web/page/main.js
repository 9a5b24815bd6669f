// The page: who is signed in, which view is shown, in which language. Views give {title, node}; the address says which.

import { VtoClient } from "../vto-client.js";
import { $, announce, h } from "./dom.js";
import { choose, language, LANGUAGES, sentence, speak, t } from "./i18n.js";
import { later } from "./later.js";
import { products } from "./products.js";
import { browser, tab } from "./store.js";
import { tryOn } from "./try-on.js";

const signIn = async (...all) => (await import("./sign-in.js")).signIn(...all);
const history = async (...all) => (await later(() => import("./history.js"))).history(...all);
const me = async (...all) => (await later(() => import("./me.js"))).me(...all);
const two = async (...all) => (await later(() => import("./two.js"))).two(...all);
const VIEWS = { "": products, try: tryOn, job: tryOn, compare: two, history, me };
const FOR_GUESTS = ["", "try", "job", "compare"];
const LINKS_LIVE = 10 * 60_000; // ms; pictures' links are good for 15 minutes

const app = {
  vto: null,
  /** Own photos and samples. */
  models: (anew) => cached("models", () => app.vto.models(), anew),
  cached,
  forget: (name) => kept.delete(name),
  go: (path) => (location.hash = `#/${path}`),
  show,
  remembered: (name) => tab.getItem(`vto.${name}`),
  remember: (name, value) => (value === null ? tab.removeItem(`vto.${name}`) : tab.setItem(`vto.${name}`, value)),
  async signOut() {
    kept.clear();
    app.question = null;
    app.vto.live?.close();
    // what a guest made is not there for whoever signs in
    if (app.vto.guest && !["", "try"].includes(path()[0])) globalThis.history.replaceState(null, "", "#/");
    app.vto.leaveAsGuest();
    await app.vto.auth.signOut();
    tab.clear();
    show();
  },
};

// in a shop's frame, there is a button in the corner
document.documentElement.classList.toggle("framed", globalThis.self !== globalThis.top);

const kept = new Map();
/** What `load` gives, for as long as the links in it are good. */
async function cached(name, load, anew = false) {
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
  for (const box of document.querySelectorAll("dialog")) box.close(); // it asked of what one has left
  const [name, ...ids] = path();
  const { auth, guest } = app.vto;
  const isInside = auth.isSignedIn || guest !== null;
  const offered = VIEWS[guest && !FOR_GUESTS.includes(name) ? "" : name] ?? products;
  header(name);
  const waiting = setTimeout(() => mine === turn && $("#main").replaceChildren(h("p", { class: "wait" }, t("loading"))), 250);
  let view;
  try {
    view = await (isInside ? offered : signIn)(app, name, ...ids);
  } catch (error) {
    if (error.code === "not_authorized" && isInside) return app.signOut();
    view = { title: t("name"), node: await wrong(error) };
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

async function wrong(error) {
  const acts = { again: show, product: () => (app.go(""), show()) };
  try {
    return (await later(() => import("./problem.js"))).problem(error, acts);
  } catch {
    // without a network the few words that are here have to do
    return h("p", { class: "wait" }, sentence(error), " ", h("button", { type: "button", onclick: show }, t("do_again")));
  }
}

function header(name) {
  const link = (path, text) => h("a", { href: `#/${path}`, "aria-current": name === path ? "page" : null }, text);
  const quiet = (text, onclick, more = {}) => h("button", { type: "button", class: "quiet", onclick, ...more }, text);
  const other = Object.keys(LANGUAGES).find((one) => one !== language);
  const switched = async () => {
    browser.setItem("vto.language", other);
    await speak(other);
    show();
  };
  const own = app.vto.auth.isSignedIn ? [link("history", t("history")), link("me", t("me"))] : [];
  if (app.vto.guest) own.push(quiet(t("sign_in"), app.signOut));
  $("#bar").replaceChildren(
    h("a", { class: "brand", href: "#/" }, t("name")),
    h("nav", {}, own, quiet(LANGUAGES[other], switched, { lang: other })),
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
addEventListener("online", () => app.vto.wake());
document.addEventListener("visibilitychange", () => document.hidden || app.vto.wake());
show();
