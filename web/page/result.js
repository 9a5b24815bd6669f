// A finished try-on: before and after, its variants, what was changed, and what to do with it.

import { compare } from "./compare.js";
import { $, announce, early, h, picture } from "./dom.js";
import { has, t } from "./i18n.js";
import { fileName, labelOf } from "./rules-more.js";

/** What the service says of a plan or a job, in the shopper's words: warnings, and what an engine does otherwise. */
export const notes = ({ warnings, adaptations }) => [
  ...warnings.map((one) => (has(`w_${one.code}`) ? t(`w_${one.code}`) : one.message)),
  ...adaptations.map(({ path }) => t("adapted", { what: has(labelOf(path)) ? t(labelOf(path)) : path })),
];

/**
 * The parts of the stage, from top to bottom.
 * @param {object} app
 * @param {{job: object, product: object, model?: object, shown: number, pick: (n: number) => void, renew: () => void,
 *   remove: () => void}} state which picture is shown, how another is, and what to do when the links have grown too old or
 *   the shopper does not want it any more
 */
export function resultOf(app, { job, product, model, shown, pick, renew, remove }) {
  const of = job.images.length;
  const image = job.images[Math.min(shown, of - 1)];
  const view = model?.picture_url
    ? compare({ src: model.picture_url, alt: t("before") }, { image, alt: `${t("after")}: ${product.name}` })
    : early(image, product.name, { class: "photo" });
  view.addEventListener("error", renew, { capture: true, once: true });
  const variant = (one, n) =>
    h("label", {},
      h("input", { type: "radio", name: "variant", checked: n === shown, onchange: () => pick(n) }),
      early(one, t("variant", { n: n + 1, of })));
  const button = (text, act, look = null) => h("button", { type: "button", class: look, onclick: act }, text);
  const place = Math.min(shown, of - 1);
  const other = `#/compare/${job.id}.${place}/${job.id}.${place === 0 ? 1 : 0}`;
  const link = (text, href) => h("a", { class: "button", href }, text);
  const mask = job.mask && button(t("show_mask"), (event) => toggle(event.currentTarget, view, job.mask.url));
  mask?.setAttribute("aria-pressed", "false");
  const said = notes(job);
  return [
    h("div", { class: "frame" }, view),
    of > 1 && h("div", { class: "variants", role: "radiogroup", "aria-label": t("numberOfImages") }, job.images.map(variant)),
    h("div", { class: "actions" }, h("span", { class: "badge" }, t("ai_generated")),
      button(t("download"), () => save(image, product, job).catch(renew)),
      button(t("share"), (event) => share(event.currentTarget, image, product, job).catch(renew)),
      mask, of > 1 ? link(t("compare_two"), other) : !app.vto.guest && link(t("compare_other"), `#/history/${job.id}.0`),
      link(t("another"), "#/"), !app.vto.guest && button(t("delete"), remove, "quiet")),
    h("p", { class: "hint" }, t("ai_more")),
    said.length > 0 &&
      h("details", { open: true, class: "differs" }, h("summary", {}, t("differs")), h("ul", {}, said.map((one) => h("li", {}, one)))),
  ].filter(Boolean);
}

/** As the engine drew it, with the marks of its origin. */
async function fileOf(image, product, job) {
  const type = image.original_content_type ?? image.content_type; // a service of before had but one file
  // not from the cache: it may hold an answer without the headers that a page needs to read it
  const answer = await fetch(image.original_url ?? image.url, { cache: "no-store" });
  if (!answer.ok) throw new Error(`the picture's link answers ${answer.status}`); // a file of an error is no picture
  return new File([await answer.blob()], fileName(product.name, job.id, type), { type });
}

async function save(...result) {
  const file = await fileOf(...result);
  const href = URL.createObjectURL(file);
  h("a", { href, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** By the system's own sheet, as a file; where there is none, the link goes to the clipboard, and says how long it works. */
async function share(button, image, product, job) {
  const file = await fileOf(image, product, job);
  const content = { files: [file], title: product.name, text: t("ai_generated") };
  if (navigator.canShare?.(content)) {
    await navigator.share(content).catch(() => {}); // the shopper may think better of it
    return;
  }
  try {
    await navigator.clipboard.writeText(image.url);
  } catch {
    return save(image, product, job); // no clipboard either
  }
  const minutes = Math.max(1, Math.floor((new Date(job.expires_at) - Date.now()) / 60_000));
  announce((button.textContent = t("copied", { n: minutes })));
}

async function toggle(button, view, url) {
  const on = button.getAttribute("aria-pressed") === "false";
  button.setAttribute("aria-pressed", String(on));
  $("canvas", view)?.remove();
  if (on) view.insertBefore(await tinted(url), $(".knob", view));
}

/** The mask as a tint over the picture: what is black in it was replaced. */
async function tinted(url) {
  const mask = picture(url, "");
  await mask.decode();
  const canvas = h("canvas", { width: mask.naturalWidth, height: mask.naturalHeight });
  const pen = canvas.getContext("2d");
  pen.drawImage(mask, 0, 0);
  const image = pen.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += 4) image.data.set([255, 90, 60, image.data[at] < 128 ? 120 : 0], at);
  pen.putImageData(image, 0, 0);
  return canvas;
}
