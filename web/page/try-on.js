// The fitting room: one product, one photo, and the picture of both.

import { hasEnded } from "../vto-client.js";
import { $, announce, h, picture } from "./dom.js";
import { sentence, t, usd } from "./i18n.js";
import { later } from "./later.js";
import { firstModel, missing, nameOf } from "./rules.js";

export async function tryOn(app, route, id) {
  let job = route === "job" ? await app.vto.job(id) : null;
  const gone = (error) => {
    if (!job || error.code !== "not_found") throw error;
    return { product_id: job.product_id, name: job.product_id, description: t("e_not_found"), picture_url: null };
  };
  const [product, config] = await Promise.all([app.vto.product(job?.product_id ?? id).catch(gone), app.vto.config()]);
  let models = await app.models();
  let model = job ? models.find((one) => one.model_id === job.model_id) : firstModel(models, product, app.remembered("model"));
  let choices = null; // nothing was chosen
  let plan = null;
  let shown = 0; // which picture of the result
  let started = Date.now();
  let told = Date.now(); // when the newest snapshot came
  let key = null; // of a request whose answer was lost: under the same key it is the same try-on
  let offline = false;
  let failed = null; // the error that is shown
  let stop = () => {};

  const { guest } = app.vto;
  const stage = h("section", { class: "stage", "aria-label": product.name });
  const people = h("div", { class: "people", role: "radiogroup", "aria-label": t("on_whom") });
  const button = h("button", { type: "button", class: "main", onclick: start }, t("try_on"));
  const hint = h("p", { class: "hint", role: "status" });
  const say = (error) => void (hint.textContent = sentence(error));
  const called = (one) => (one.is_own ? nameOf(one, t("yours")) : one.name);

  // --- who -----------------------------------------------------------------------------------------------------------

  function drawPeople() {
    const rooms = (one) => (product.garment_class ? one.category === "rooms" : one.category !== "rooms");
    const ready = models.filter((one) => one.readiness === "ready" && one.picture_url);
    const sorted = [...ready.filter((one) => one.is_own), ...ready.filter((one) => !one.is_own).sort((a, b) => rooms(a) - rooms(b))];
    const plus = h("span", { "aria-hidden": "true" }, "+");
    people.replaceChildren(
      ...(guest ? [] : [h("button", { type: "button", class: "add", onclick: () => add() }, plus, t("add_photo"))]),
      ...sorted.map((one) => h("label", {},
        h("input", { type: "radio", name: "model", checked: one.model_id === model?.model_id, onchange: () => choose(one) }),
        picture(one.picture_url, called(one)))));
  }
  function choose(one) {
    model = one;
    app.remember("model", one.model_id);
    stop();
    job = plan = key = null;
    form?.forgetArea();
    drawPeople();
    $(":checked", people)?.focus();
    draw();
    look();
  }
  async function add(file = null) {
    const dialogs = await later(() => import("./photo.js")).catch(say);
    const added = await dialogs?.photoDialog(app, config, file);
    if (!added) return;
    const all = await app.models(true);
    const listed = all.find((one) => one.model_id === added.model_id);
    models = listed ? all : [added, ...all]; // the list may come a little later than the photo itself
    choose(listed ?? added);
  }

  // --- what may be chosen, and how it is made: folded away --------------------------------------------------------------

  let form = null;
  async function optionsForm() {
    const { optionsForm } = await later(() => import("./options.js"));
    form ??= optionsForm(app, config, { model: () => model, changed });
    if (!form.node.isConnected) options.append(form.node);
    return form;
  }
  const options = h("details", { ontoggle: () => options.open && optionsForm().catch(say) }, h("summary", {}, t("options")));
  async function openOptions(focus) {
    options.open = true;
    if (focus) (await optionsForm()).focus();
  }
  function changed(chosen) {
    choices = chosen;
    key = null;
    if (failed) draw();
    else drawButton();
    look();
  }
  let machine = null;
  async function openMachine() {
    const { machineOf } = await later(() => import("./machine.js"));
    machine ??= machineOf();
    if (!machine.node.isConnected) made.append(machine.node);
    machine.show(job);
  }
  const made = h("details", { hidden: true, ontoggle: () => made.open && openMachine().catch(say) }, h("summary", {}, t("how_made")));
  async function parametersOf(chosen) {
    if (!chosen) return undefined;
    return (await import("./rules-more.js")).parametersFor(chosen, plan?.parameters);
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
      said.push(...(guest && !choices ? usually(config.usual_seconds) : await planned()));
    } catch (error) {
      if (error.code === "not_authorized") return app.show();
      const details = error.details ?? [];
      said.push(...details.map((one) => `${one.problem}; ${one.remedy}`));
      if (details.some((one) => one.path.startsWith("parameters"))) openOptions(false);
    }
    if (mine === looking) hint.replaceChildren(...said.map((one) => h("span", {}, one)));
  }
  const usually = (n) => (n ? [t("usually", { n })] : []);
  const wish = () => ({ product_id: product.product_id, model_id: model.model_id });
  const proposed = async () => (plan ??= await app.vto.plan(wish()).catch(() => null));
  async function planned() {
    const request = wish();
    await proposed();
    const parameters = await parametersOf(choices);
    const came = parameters || !plan ? await app.vto.plan({ ...request, parameters }) : plan;
    const said = came.cached ? [t("cost_free")] : usually(came.eta_seconds);
    if (parameters && came.price?.usd) said.push(t("price", { usd: usd(came.price.usd) }));
    if (came.warnings.length || came.adaptations.length) said.push(...(await later(() => import("./result.js"))).notes(came));
    return said;
  }

  // --- the try-on --------------------------------------------------------------------------------------------------------

  const isRepeat = () => job?.status === "completed" && !choices?.seed && chosenThen === choices;
  let chosenThen = choices; // what the shown picture was made with
  async function start() {
    button.disabled = true;
    shown = 0;
    // the same again would be the same picture
    const seed = isRepeat() ? String(crypto.getRandomValues(new Uint32Array(1))[0] >>> 1) : choices?.seed;
    job = { id: "", seq: 0, status: "created", stage: null, stages: [], eta_seconds: plan?.eta_seconds ?? null, notice: null };
    started = told = Date.now();
    chosenThen = choices;
    draw();
    stage.scrollIntoView({ block: "nearest" });
    key ??= crypto.randomUUID();
    try {
      const over = choices || seed ? { ...choices, seed } : null;
      if (over) await proposed(); // whoever is quicker than the plan: choices alone are no parameters
      const parameters = await parametersOf(over);
      const request = { ...wish(), ...(parameters && { parameters }) };
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

  let views = null; // of progress, result and errors: needed from the first try-on
  async function loadViews() {
    const all = [() => import("./progress.js"), () => import("./result.js"), () => import("./problem.js")];
    views = Object.assign({}, ...(await Promise.all(all.map(later))));
  }
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
    const isDone = job?.status === "completed" && !error;
    drawButton();
    made.hidden = !job?.stages.length;
    if (made.open) machine?.show(job);
    if ((job || error) && !views) loadViews().then(() => draw(failed), (lost) => say(error ?? lost));
    stage.classList.toggle("busy", Boolean(running));
    if (isDone && views) {
      const acts = { pick, renew: () => renew().catch(say), remove };
      stage.replaceChildren(...views.resultOf(app, { job, product, model, shown, ...acts }));
    } else {
      const state = { started, told, offline, cancel: () => app.vto.cancel(job.id), leave: t(guest ? "stay" : "leave") };
      const over = views && (error ? views.problem(error, acts) : running && views.progress(job, state));
      stage.replaceChildren(h("div", { class: "frame" }, photo(), over));
    }
    if (focused) $("button, input", stage)?.focus();
  }
  let photoShown = null;
  function photo() {
    if (!model?.picture_url) {
      const shown = product.picture_url && picture(product.picture_url, product.name);
      const button = !guest && h("button", { type: "button", onclick: () => add() }, t("add_photo"));
      return h("div", { class: "empty" }, shown, h("p", {}, t("choose_first")), button);
    }
    // the same element as long as it is the same photo: it does not flicker
    if (photoShown?.src !== model.picture_url) photoShown = picture(model.picture_url, called(model), { class: "photo" });
    return photoShown;
  }
  const acts = {
    again: () => (job?.id && !hasEnded(job) ? draw() : start()),
    sign_in: () => app.signOut(),
    product: () => app.go(""),
    options: () => openOptions(true),
    ...(!guest && { photo: () => add(), history: () => app.go("history") }),
  };

  function pick(n) {
    shown = n;
    draw();
    $(".variants :checked", stage).focus();
  }
  async function remove() {
    const { ask } = await later(() => import("./ask.js"));
    const text = t("delete_try_on_more");
    if (!(await ask({ title: t("delete_try_on_sure"), text, label: t("delete"), act: () => app.vto.deleteTryOn(job.id) }))) return;
    job = null;
    globalThis.history.replaceState(null, "", `#/try/${encodeURIComponent(product.product_id)}`);
    draw();
    look();
    announce(t("deleted"));
    button.focus();
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
    h("h2", {}, t("on_whom")), people,
    guest && h("p", { class: "hint" }, t("guest_photo"), " ", h("button", { type: "button", class: "quiet", onclick: app.signOut }, t("sign_in"))),
    options, made, h("div", { class: "go" }, button, hint));
  const node = h("div", { class: "room" }, all, stage);
  const paste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file && !guest && !$("dialog")) add(file);
  };
  const drop = (event) => {
    event.preventDefault();
    if (event.type === "drop" && !guest && event.dataTransfer.files[0]) add(event.dataTransfer.files[0]);
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
