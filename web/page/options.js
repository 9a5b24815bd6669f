// What most shoppers never need: folded away, all of it automatic until something is chosen.

import { $, field, h, select } from "./dom.js";
import { readable, t } from "./i18n.js";
import { consentOf } from "./rules.js";

const STYLING = { longSleeveStyle: ["SLEEVE_DOWN", "SLEEVE_UP"], tuckingStyle: ["UNTUCKED", "TUCKED"], outerLayerStyle: ["CLOSED", "OPEN"] };
const KEEP = ["preserveBodyPose", "preserveHands", "preserveFace"];

/**
 * @param {{model: () => object, changed: (choices: object) => void}} ports
 */
export function optionsForm(app, config, { model, changed }) {
  let made;
  const body = h("div", { class: "options" });
  const auto = ["", t("automatic")];
  const values = (names) => [auto, ...names.map((name) => [name, t(name)])];

  function reset() {
    made = { mask: "auto", styling: {}, keep: {}, images: 1 };
  }
  function set(change, redraw = false) {
    Object.assign(made, change);
    if (redraw) draw();
    changed(structuredClone(made));
  }
  async function paint() {
    const { paintDialog } = await import("./paint.js");
    const png = await paintDialog(model());
    if (!png) return;
    const maskImage = await app.vto.uploadMask(png, { policyVersion: consentOf(config).version });
    set({ maskImage }, true);
  }
  function draw() {
    const kinds = [["auto", t("automatic")], ["class", t("by_class")], ["words", t("by_words")], !app.vto.guest && ["paint", t("by_paint")]].filter(Boolean);
    const classes = config.garment_classes.map((name) => [name, readable(name)]);
    const styled = made.mask === "auto" || made.mask === "class";
    body.replaceChildren(...[
      field(t("what_changes"), select(kinds, made.mask, (mask) => set({ mask, garmentClass: made.garmentClass ?? "UPPER_BODY" }, true))),
      made.mask === "class" && field(t("garment_class"), select(classes, made.garmentClass, (garmentClass) => set({ garmentClass }))),
      made.mask === "words" &&
        field(t("words"), h("input", { value: made.words ?? "", maxLength: 1024, oninput: (event) => set({ words: event.target.value.trim() }) }), t("words_hint")),
      made.mask === "paint" && h("button", { type: "button", disabled: !model(), onclick: paint }, t(made.maskImage ? "painted" : "paint")),
      made.mask !== "paint" && field(t("mask_shape"), select(values(["CONTOUR", "BOUNDING_BOX"]), made.shape ?? "", (shape) => set({ shape }))),
      styled && group("styling", Object.entries(STYLING).map(([name, all]) => inner("styling", name, all))),
      group("keep", KEEP.map((name) => inner("keep", name, ["ON", "OFF"]))),
      field(t("mergeStyle"), select(values(["BALANCED", "SEAMLESS", "DETAILED"]), made.merge ?? "", (merge) => set({ merge }))),
      h("div", { class: "row" },
        field(t("numberOfImages"), select([1, 2, 3, 4, 5].map((n) => [n, n]), made.images, (n) => set({ images: Number(n) }))),
        field(t("quality"), select(values(["standard", "premium"]), made.quality ?? "", (quality) => set({ quality }))),
        field(t("seed"), h("input", { inputMode: "numeric", pattern: "\\d*", value: made.seed ?? "", oninput: (event) => set({ seed: event.target.value }) }), t("seed_hint"))),
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: made.returnMask, onchange: (event) => set({ returnMask: event.target.checked }) }), t("returnMask")),
      h("button", { type: "button", class: "quiet", onclick: () => (reset(), set({}, true)) }, t("reset_options")),
    ].filter(Boolean));
  }
  const group = (name, fields) => h("fieldset", {}, h("legend", {}, t(name)), h("div", { class: "row" }, fields));
  const inner = (group, name, all) =>
    field(t(name), select(values(all), made[group][name] ?? "", (value) => set({ [group]: { ...made[group], [name]: value } })));
  reset();
  draw();
  return {
    node: body,
    focus: () => $("select", body).focus(),
    /** The painted area belongs to one photo. */
    forgetArea() {
      if (made.maskImage) set({ maskImage: null, mask: "auto" }, true);
    },
  };
}
