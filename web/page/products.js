// The products: categories, search, pictures that load when they are near.

import { announce, h, picture } from "./dom.js";
import { t } from "./i18n.js";
import { categories, search } from "./rules.js";

export async function products(app) {
  const shelf = await app.products();
  const chosen = { text: "", category: "" };
  const grid = h("ul", { class: "grid", onkeydown: arrows });
  const chips = h("div", { class: "chips", role: "group", "aria-label": t("products_title") });
  const more = h("button", { type: "button", onclick: () => load() }, t("more"));
  const empty = h("p", { class: "wait" });

  function draw() {
    const found = search(shelf.items, chosen.text, chosen.category);
    const all = ["", ...categories(shelf.items)];
    chips.replaceChildren(...all.map((one) =>
      h("button", { type: "button", "aria-pressed": String(one === chosen.category), onclick: () => pick(one) }, one || t("all"))));
    grid.replaceChildren(...found.map(card));
    more.hidden = shelf.next === null;
    empty.textContent = found.length || shelf.next ? "" : t(shelf.items.length ? "none_found" : "no_products");
    return found.length;
  }
  function pick(category) {
    chosen.category = category;
    announce(t("found", { n: draw() }));
    [...chips.children].find((one) => one.getAttribute("aria-pressed") === "true").focus();
  }
  async function load() {
    more.disabled = true;
    await app.moreProducts().finally(() => (more.disabled = false));
    draw();
  }
  async function seek(event) {
    chosen.text = event.target.value;
    while (draw() < 12 && shelf.next && chosen.text) await load(); // what is not loaded yet may fit too
    announce(t("found", { n: draw() }));
  }
  draw();
  // the links of pictures that were never near may have grown too old
  grid.addEventListener("error", async () => (Object.assign(shelf, await app.products(true)), draw()), { capture: true, once: true });
  const pending = app.remembered("job");
  const box = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: seek });
  const near = new IntersectionObserver(([one]) => one.isIntersecting && !more.disabled && load(), { rootMargin: "600px" });
  near.observe(more);
  return {
    title: t("name"),
    node: h("div", {}, pending && h("a", { class: "banner", href: `#/job/${pending}` }, t("pending")), h("h1", {}, t("products_title")), h("div", { class: "tools" }, chips, box), grid, empty, more),
    leave: () => near.disconnect(),
  };
}

const card = (one) =>
  h("li", {}, h("a", { class: "card", href: `#/try/${encodeURIComponent(one.product_id)}` },
    h("span", { class: "tile" }, picture(one.picture_url, "", { loading: "lazy", width: one.width, height: one.height })),
    h("strong", {}, one.name), h("span", {}, one.category)));

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
