// The fitting room: one product, one photo, and the picture of both.

import { hasEnded } from "../vto-client.js";
import { $, announce, h, picture } from "./dom.js";
import { t, usd } from "./i18n.js";
import { optionsForm } from "./options.js";
import { photoDialog } from "./photo.js";
import { problem } from "./problem.js";
import { progress } from "./progress.js";
import { notes, resultOf } from "./result.js";
import { firstModel, missing, parametersFor } from "./rules.js";

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
  let failed = null; // the error that is shown
  let stop = () => {};

  const stage = h("section", { class: "stage", "aria-label": product.name });
  const people = h("div", { class: "people", role: "radiogroup", "aria-label": t("on_whom") });
  const button = h("button", { type: "button", class: "main", onclick: start }, t("try_on"));
  const hint = h("p", { class: "hint", role: "status" });
  const options = optionsForm(app, config, {
    model: () => model,
    changed(chosen) {
      choices = chosen;
      key = null;
      if (failed) draw();
      else drawButton();
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
    if (lacks || isRepeat()) {
      hint.textContent = lacks ? t(lacks) : "";
      return;
    }
    // what was said stays until there is something new: nothing moves away from under a finger
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
      said.push(...notes(made));
    } catch (error) {
      if (error.code === "not_authorized") return app.show();
      const details = error.details ?? [];
      said.push(...details.map((one) => `${one.problem}; ${one.remedy}`));
      if (details.some((one) => one.path.startsWith("parameters"))) options.open();
    }
    if (mine === looking) hint.replaceChildren(...said.map((one) => h("span", {}, one)));
  }

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
  function drawButton() {
    button.disabled = !model || missing(choices) || (job && !hasEnded(job));
    button.textContent = t(isRepeat() ? "once_more" : "try_on");
    button.classList.toggle("main", !isRepeat() && !failed);
    if (isRepeat()) hint.textContent = "";
  }
  function draw(error = null) {
    failed = error;
    const focused = stage.contains(document.activeElement);
    const running = job && !hasEnded(job);
    drawButton();
    stage.classList.toggle("busy", Boolean(running));
    if (job?.status === "completed" && !error) stage.replaceChildren(...result());
    else stage.replaceChildren(h("div", { class: "frame" }, photo(), error ? problem(error, acts) : running ? progress(job, { started, told, offline, cancel }) : ""));
    if (focused) $("button, input", stage)?.focus();
  }
  let photoShown = null;
  function photo() {
    if (!model?.picture_url) {
      const shown = product.picture_url && picture(product.picture_url, product.name);
      const button = h("button", { type: "button", onclick: () => add() }, t("add_photo"));
      return h("div", { class: "empty" }, shown, h("p", {}, t("choose_first")), button);
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

  const cancel = () => app.vto.cancel(job.id);
  function result() {
    return resultOf(app, { job, product, model, shown, pick, renew });
  }
  function pick(n) {
    shown = n;
    draw();
    $(".variants :checked", stage).focus();
  }
  let renewals = 0;
  async function renew() {
    if (renewals++ > 2) return; // it is not the links
    job = await app.vto.job(job.id); // they have grown too old
    models = await app.models(true);
    model = models.find((one) => one.model_id === job.model_id);
    draw();
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
      document.removeEventListener("paste", paste);
      removeEventListener("online", online);
    },
  };
}
