// The products: categories, a search, pictures that load when they are near. The service searches; here it is asked.

import { announce, h, picture } from "./dom.js";
import { sentence, t } from "./i18n.js";

const ENOUGH = 12; // products that one look should bring
const ASKS = 5; // requests for them: a page may be empty though others follow

export async function products(app) {
  // it stays, for who comes back from the fitting room
  const question = (app.question ??= { category: "", search: "" });
  const key = () => `products ${app.vto.guest ? "guest" : ""} ${JSON.stringify(question)}`;
  const categories = app.cached("categories", () => app.vto.categories()).catch(() => []); // none are shown then
  let shelf = await app.cached(key(), () => load({ items: [], next: null }));
  let turn = 0;
  const grid = h("ul", { class: "grid", onkeydown: arrows });
  const more = h("button", { type: "button", onclick: () => find(shelf) }, t("more"));
  const said = h("p", { class: "wait" });
  const chip = ({ category, products }) =>
    h("button", { type: "button", value: category, onclick: () => pick(category) },
      category ? category.replaceAll("_", " ") : t("all"), products && h("small", {}, products));
  const chips = h("div", { class: "chips", role: "group", "aria-label": t("categories"), hidden: true });
  function offer(categories) {
    chips.hidden = categories.length === 0;
    chips.replaceChildren(...[{ category: "" }, ...categories].map(chip));
    press();
  }

  async function load({ items, next }) {
    const asked = { ...question };
    const enough = items.length + ENOUGH;
    for (let asks = 0; asks < ASKS && (asks === 0 || next) && items.length < enough; asks++) {
      const page = await app.vto.products({ ...asked, cursor: next });
      items = [...items, ...page.products];
      next = page.next;
    }
    return { items, next };
  }
  const press = () => {
    for (const one of chips.children) one.setAttribute("aria-pressed", String(one.value === question.category));
  };
  /** Ask anew, or for more of `known`; an answer that comes after the next question is dropped. */
  async function find(known = null, anew = false) {
    const mine = ++turn;
    more.disabled = true;
    try {
      const found = known ? load(known) : app.cached(key(), () => load({ items: [], next: null }), anew);
      if (known) app.cached(key(), () => found, true);
      const came = await found;
      if (mine === turn) draw((shelf = came));
    } catch (error) {
      if (error.code === "not_authorized") return app.show();
      if (mine === turn) announce((said.textContent = sentence(error)));
    } finally {
      if (mine === turn) more.disabled = false;
    }
  }
  function draw({ items, next }) {
    press();
    const had = grid.children.length;
    const isMore = had > 0 && items.length > had && grid.firstChild.id === idOf(items[0]);
    if (isMore) grid.append(...items.slice(had).map(card)); // nobody loses their place
    else grid.replaceChildren(...items.map(card));
    more.hidden = next === null;
    said.textContent = items.length || next ? "" : t(question.search || question.category ? "none_found" : "no_products");
  }
  async function pick(category) {
    question.category = category;
    await find();
    announce(found());
  }
  const found = () => t(shelf.next ? "found_more" : "found", { n: shelf.items.length });
  let soon;
  function seek({ target }) {
    clearTimeout(soon);
    soon = setTimeout(async () => {
      question.search = target.value.trim();
      await find();
      announce(found());
    }, 250);
  }

  draw(shelf);
  categories.then(offer);
  // the links of pictures that were never near may have grown too old
  grid.addEventListener("error", () => find(null, true), { capture: true, once: true });
  const pending = app.remembered("job");
  const box = h("input", { type: "search", value: question.search, placeholder: t("search"), "aria-label": t("search"), maxLength: 100, oninput: seek });
  const near = new IntersectionObserver(([one]) => one.isIntersecting && !more.disabled && find(shelf), { rootMargin: "600px" });
  near.observe(more);
  return {
    title: t("name"),
    node: h("div", {}, pending && h("a", { class: "banner", href: `#/job/${pending}` }, t("pending")),
      app.vto.guest && h("p", { class: "note" }, t("guest_more")),
      h("h1", {}, t("products_title")), h("div", { class: "tools" }, chips, box), grid, said, more),
    leave() {
      clearTimeout(soon);
      near.disconnect();
    },
  };
}

const idOf = (one) => `p-${one.product_id}`;
const card = (one) =>
  h("li", { id: idOf(one) }, h("a", { class: "card", href: `#/try/${encodeURIComponent(one.product_id)}` },
    h("span", { class: "tile" }, picture(one.picture_url, "", { loading: "lazy", width: one.width, height: one.height })),
    h("strong", {}, one.name), h("span", {}, one.category.replaceAll("_", " "))));

/** Arrow keys go from card to card, up and down by rows. */
function arrows(event) {
  const cards = [...event.currentTarget.querySelectorAll("a")];
  const at = cards.indexOf(document.activeElement);
  const columns = cards.filter((one) => one.offsetTop === cards[0].offsetTop).length;
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (step && cards[at + step]) {
    event.preventDefault();
    cards[at + step].focus();
  }
}
