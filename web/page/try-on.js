// The fitting room: one product, one photo, and the picture of both.

import { hasEnded } from "../vto-client.js";
import { compare } from "./compare.js";
import { $, announce, h, picture } from "./dom.js";
import { has, t, usd } from "./i18n.js";
import { optionsForm } from "./options.js";
import { photoDialog } from "./photo.js";
import { problem, sentence } from "./problem.js";
import { expected, fileName, firstModel, labelOf, missing, parametersFor, steps } from "./rules.js";

export async function tryOn(app, route, id) {
  let job = route === "job" ? await app.vto.job(id) : null;
  const gone = (error) => {
    if (!job || error.code !== "not_found") throw error;
    return { product_id: job.product_id, name: job.product_id, description: t("e_not_found"), picture_url: null };
  };
  const [product, config] = await Promise.all([app.vto.product(job?.product_id ?? id).catch(gone), app.vto.config()]);
  let models = await app.models();
  let model = job ? models.find((one) => one.model_id === job.model_id) : firstModel(models, product, app.remembered("model"));
  let choices = {};
  let plan = null;
  let shown = 0; // which picture of the result
  let started = Date.now();
  let told = Date.now(); // when the newest snapshot came
  let key = null; // of a request whose answer was lost: under the same key it is the same try-on
  let offline = false;
  let stop = () => {};
  let clock = null;

  const stage = h("section", { class: "stage", "aria-label": product.name });
  const people = h("div", { class: "people", role: "radiogroup", "aria-label": t("on_whom") });
  const button = h("button", { type: "button", class: "main", onclick: start }, t("try_on"));
  const hint = h("p", { class: "hint", role: "status" });
  const options = optionsForm(app, config, {
    model: () => model,
    changed(chosen) {
      choices = chosen;
      key = null;
      draw();
      look();
    },
  });

  // --- who -----------------------------------------------------------------------------------------------------------

  function drawPeople() {
    const rooms = (one) => (product.garment_class ? one.category === "rooms" : one.category !== "rooms");
    const ready = models.filter((one) => one.readiness === "ready" && one.picture_url);
    const sorted = [...ready.filter((one) => one.is_own), ...ready.filter((one) => !one.is_own).sort((a, b) => rooms(a) - rooms(b))];
    people.replaceChildren(
      h("button", { type: "button", class: "add", onclick: () => add() }, h("span", { "aria-hidden": "true" }, "+"), t("add_photo")),
      ...sorted.map((one) => h("label", {},
        h("input", { type: "radio", name: "model", checked: one.model_id === model?.model_id, onchange: () => choose(one) }),
        picture(one.picture_url, one.is_own ? t("yours") : one.name))));
  }
  function choose(one) {
    model = one;
    app.remember("model", one.model_id);
    stop();
    job = plan = key = null;
    options.forgetArea();
    drawPeople();
    $(":checked", people)?.focus();
    draw();
    look();
  }
  async function add(file = null) {
    const added = await photoDialog(app, config, file);
    if (!added) return;
    models = await app.models(true);
    choose(models.find((one) => one.model_id === added.model_id) ?? added);
  }

  // --- what it would come to -------------------------------------------------------------------------------------------

  let looking = 0;
  async function look() {
    const mine = ++looking;
    const lacks = model ? missing(choices) : "choose_first";
    button.disabled = lacks || (job && !hasEnded(job));
    hint.textContent = lacks ? t(lacks) : "";
    if (lacks || isRepeat()) return;
    await new Promise((done) => setTimeout(done, 250));
    if (mine !== looking) return;
    const said = [];
    try {
      plan ??= await app.vto.plan({ product_id: product.product_id, model_id: model.model_id }).catch(() => null);
      const parameters = parametersFor(choices, plan?.parameters);
      const made = parameters || !plan ? await app.vto.plan({ product_id: product.product_id, model_id: model.model_id, parameters }) : plan;
      if (made.cached) said.push(t("cost_free"));
      else if (made.eta_seconds) said.push(t("usually", { n: made.eta_seconds }));
      if (parameters && made.price?.usd) said.push(t("price", { usd: usd(made.price.usd) }));
      said.push(...made.warnings.map(text), ...made.adaptations.map(adapted));
    } catch (error) {
      if (error.code === "not_authorized") return app.show();
      const details = error.details ?? [];
      said.push(...details.map((one) => `${one.problem}; ${one.remedy}`));
      if (details.some((one) => one.path.startsWith("parameters"))) options.open();
    }
    if (mine === looking) hint.replaceChildren(...said.map((one) => h("span", {}, one)));
  }
  const text = (one) => (has(`w_${one.code}`) ? t(`w_${one.code}`) : one.message);
  const adapted = ({ path }) => t("adapted", { what: has(labelOf(path)) ? t(labelOf(path)) : path });

  // --- the try-on --------------------------------------------------------------------------------------------------------

  const isRepeat = () => job?.status === "completed" && !choices.seed && made === choices;
  let made = choices; // what the shown picture was made with
  async function start() {
    button.disabled = true;
    shown = 0;
    // the same again would be the same picture
    const seed = isRepeat() ? String(crypto.getRandomValues(new Uint32Array(1))[0] >>> 1) : choices.seed;
    const parameters = parametersFor({ ...choices, seed }, plan?.parameters);
    job = { id: "", seq: 0, status: "created", stage: null, stages: [], eta_seconds: plan?.eta_seconds ?? null, notice: null };
    started = told = Date.now();
    made = choices;
    draw();
    stage.scrollIntoView({ block: "nearest" });
    const request = { product_id: product.product_id, model_id: model.model_id, ...(parameters && { parameters }) };
    key ??= crypto.randomUUID();
    try {
      const first = await app.vto.tryOn(request, key);
      key = null;
      app.remember("job", first.id);
      app.remember("started", started);
      if (!node.isConnected) return; // the shopper has gone on: the products tell of it
      globalThis.history.replaceState(null, "", `#/job/${first.id}`);
      follow(first);
    } catch (error) {
      if (error.code !== "offline") key = null;
      job = null;
      draw(error);
    }
  }
  function follow(first) {
    if (app.remembered("job") === first.id) started = Number(app.remembered("started"));
    stop();
    stop = app.vto.watch(first, take, (error) => {
      if (["not_found", "not_authorized"].includes(error.code)) draw(error);
      else if (error.code === "offline" && !offline) redraw(true);
    });
  }
  function take(now) {
    job = now;
    told = Date.now();
    offline = false;
    if (hasEnded(job)) app.remember("job", null);
    if (job.status === "completed") announce(t("done"));
    draw(job.status === "error" ? { retryable: false, jobId: job.id, ...job.error } : null);
  }

  // --- what is on the stage ------------------------------------------------------------------------------------------------

  function redraw(isOffline) {
    offline = isOffline;
    if (job && !hasEnded(job)) draw();
  }
  function draw(error = null) {
    clearInterval(clock);
    const focused = stage.contains(document.activeElement);
    const running = job && !hasEnded(job);
    button.disabled = !model || missing(choices) || running;
    button.textContent = t(isRepeat() ? "once_more" : "try_on");
    button.classList.toggle("main", !isRepeat());
    if (isRepeat()) hint.textContent = "";
    stage.classList.toggle("busy", Boolean(running));
    if (job?.status === "completed" && !error) stage.replaceChildren(...result());
    else stage.replaceChildren(h("div", { class: "frame" }, photo(), error ? problem(error, acts) : running ? progress() : ""));
    if (focused) $("button, input", stage)?.focus();
  }
  let photoShown = null;
  function photo() {
    if (!model?.picture_url) {
      const button = h("button", { type: "button", onclick: () => add() }, t("choose_file"));
      return h("div", { class: "drop" }, h("p", {}, t("choose_first")), button);
    }
    // the same element as long as it is the same photo: it does not flicker
    if (photoShown?.src !== model.picture_url) photoShown = picture(model.picture_url, model.is_own ? t("yours") : model.name, { class: "photo" });
    return photoShown;
  }
  const acts = {
    again: () => start(),
    sign_in: () => app.signOut(),
    photo: () => add(),
    product: () => app.go(""),
    options: () => options.open(true),
    history: () => app.go("history"),
  };

  function progress() {
    const list = h("ol", { class: "steps" });
    for (const step of steps(job)) {
      list.append(h("li", { class: step.state, "aria-current": step.state === "now" ? "step" : null }, t(`stage_${step.stage}`)));
    }
    const time = h("p", { class: "time" });
    const tick = () => {
      const left = expected(job, told, Date.now());
      const parts = [t("elapsed", { n: Math.round((Date.now() - started) / 1000) })];
      if (left !== null) parts.push(left > 0 ? t("left", { n: left }) : t("longer"));
      time.textContent = parts.join(" · ");
    };
    tick();
    clock = setInterval(tick, 1000);
    announce(t(`stage_${job.stage ?? "created"}`));
    const cancel = h("button", { type: "button", class: "quiet", onclick: giveUp }, t("cancel"));
    async function giveUp() {
      cancel.disabled = true;
      try {
        await app.vto.cancel(job.id);
      } catch (error) {
        announce(sentence(error));
        cancel.replaceWith(h("p", {}, sentence(error)));
      }
    }
    return h("div", { class: "progress" },
      h("h2", {}, t("working")), list, time,
      job.notice && h("p", {}, job.notice),
      h("p", {}, t(offline ? "lost_net" : "leave")), job.id && cancel);
  }

  function result() {
    const image = job.images[Math.min(shown, job.images.length - 1)];
    const of = job.images.length;
    const view = model?.picture_url
      ? compare({ src: model.picture_url, alt: t("before") }, { src: image.url, alt: `${t("after")}: ${product.name}` })
      : picture(image.url, product.name, { class: "photo" });
    view.addEventListener("error", renew, { capture: true, once: true });
    const variants = of > 1 && h("div", { class: "variants", role: "radiogroup", "aria-label": t("numberOfImages") }, job.images.map((one, n) =>
      h("label", {}, h("input", { type: "radio", name: "variant", checked: n === shown, onchange: () => pick(n) }),
        picture(one.url, t("variant", { n: n + 1, of })))));
    const mask = job.mask && h("button", { type: "button", "aria-pressed": "false", onclick: (event) => showMask(event.target, view) }, t("show_mask"));
    const told = [...job.warnings.map(text), ...job.adaptations.map(adapted)];
    return [
      h("div", { class: "frame" }, view), variants,
      h("div", { class: "actions" }, h("span", { class: "badge" }, t("ai_generated")),
        h("button", { type: "button", onclick: () => save(image) }, t("download")),
        navigator.canShare && h("button", { type: "button", onclick: () => share(image) }, t("share")),
        mask, h("a", { class: "button", href: "#/" }, t("another"))),
      h("p", { class: "hint" }, t("ai_more")),
      told.length > 0 && h("details", { open: true, class: "differs" }, h("summary", {}, t("differs")), h("ul", {}, told.map((one) => h("li", {}, one)))),
    ].filter(Boolean);
  }
  function pick(n) {
    shown = n;
    draw();
    $(".variants :checked", stage).focus();
  }
  let renewals = 0;
  async function renew() {
    if (renewals++ > 2) return; // it is not the links
    job = await app.vto.job(job.id); // the links have grown too old
    models = await app.models(true);
    model = models.find((one) => one.model_id === job.model_id);
    draw();
  }
  async function fetched(image) {
    // not from the cache: it may hold an answer without the headers that a page needs to read it
    const answer = await fetch(image.url, { cache: "no-store" });
    return new File([await answer.blob()], fileName(product.name, job.id, image.content_type), { type: image.content_type });
  }
  async function save(image) {
    const file = await fetched(image);
    const href = URL.createObjectURL(file);
    h("a", { href, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
  async function share(image) {
    const file = await fetched(image);
    if (navigator.canShare({ files: [file] })) await navigator.share({ files: [file], title: product.name, text: t("ai_generated") }).catch(() => {});
    else save(image);
  }
  async function showMask(pressed, view) {
    const on = pressed.getAttribute("aria-pressed") === "false";
    pressed.setAttribute("aria-pressed", String(on));
    $("canvas", view)?.remove();
    if (on) view.insertBefore(await tinted(job.mask.url), $(".knob", view));
  }

  drawPeople();
  const all = h("aside", { class: "side" },
    h("a", { class: "up", href: "#/" }, t("all_products")),
    h("div", { class: "product" }, product.picture_url && picture(product.picture_url, "", { width: product.width, height: product.height }),
      h("div", {}, h("h1", {}, product.name), h("p", {}, product.description))),
    h("h2", {}, t("on_whom")), people, options.node,
    h("div", { class: "go" }, button, hint));
  const node = h("div", { class: "room" }, all, stage);
  const paste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file && !$("dialog")) add(file);
  };
  const drop = (event) => {
    event.preventDefault();
    if (event.type === "drop" && event.dataTransfer.files[0]) add(event.dataTransfer.files[0]);
  };
  for (const kind of ["dragover", "drop"]) stage.addEventListener(kind, drop);
  document.addEventListener("paste", paste);
  const online = () => redraw(false);
  addEventListener("online", online);
  if (job && !hasEnded(job)) follow(job);
  draw(job?.status === "error" ? { retryable: false, ...job.error } : null);
  look();
  return {
    title: product.name,
    node,
    leave() {
      stop();
      clearInterval(clock);
      document.removeEventListener("paste", paste);
      removeEventListener("online", online);
    },
  };
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
