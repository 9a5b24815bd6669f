// A mask of one's own: painted over the photo with finger, mouse or keys.

import { $, announce, dialog, h, picture } from "./dom.js";
import { t } from "./i18n.js";

/** @returns {Promise<Blob | null>} a PNG of the photo's size: black where painted, white elsewhere; null for none */
export function paintDialog(model) {
  const { width, height } = model;
  const canvas = h("canvas", { width, height, tabIndex: 0, role: "img", "aria-label": t("paint_title") });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const size = h("input", { type: "range", min: 2, max: 20, value: 8, "aria-label": t("brush") });
  const rubber = h("button", { type: "button", "aria-pressed": "false", onclick: () => rubber.setAttribute("aria-pressed", String(!erases())) }, t("erase_brush"));
  const erases = () => rubber.getAttribute("aria-pressed") === "true";
  const cursor = h("span", { class: "cursor" });
  let at = [width / 2, height / 2];
  let last = null;

  function dot([x, y]) {
    pen.globalCompositeOperation = erases() ? "destination-out" : "source-over";
    pen.strokeStyle = "#ff5a3c";
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = (size.value / 100) * Math.max(width, height);
    pen.beginPath();
    pen.moveTo(...(last ?? [x, y]));
    pen.lineTo(x, y);
    pen.stroke();
    last = [x, y];
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.x) / box.width) * width, ((event.clientY - box.y) / box.height) * height];
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    dot((at = place(event)));
  };
  canvas.onpointermove = (event) => event.buttons && dot((at = place(event)));
  canvas.onpointerup = () => (last = null);
  canvas.onkeydown = (event) => {
    const step = Math.max(width, height) / 50;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (way) at = [Math.min(width, Math.max(0, at[0] + way[0] * step)), Math.min(height, Math.max(0, at[1] + way[1] * step))];
    else dot(at);
    if (way && event.shiftKey) dot(at);
    last = null;
    cursor.style.insetInlineStart = `${(at[0] / width) * 100}%`;
    cursor.style.top = `${(at[1] / height) * 100}%`;
  };
  let made = null;
  const done = h("button", { type: "button", class: "main", onclick: finish }, t("use_area"));
  async function finish() {
    const pixels = pen.getImageData(0, 0, width, height).data;
    if (!pixels.some((value, index) => index % 4 === 3 && value > 127)) return announce(t("paint_title"));
    made = await maskOf(pixels, width, height);
    box.close();
  }
  const box = dialog(t("paint_title"), t("close"),
    h("p", { class: "hint" }, t("paint_hint")),
    h("div", { class: "painter" }, picture(model.picture_url, ""), canvas, cursor),
    h("div", { class: "actions" }, h("label", {}, t("brush"), size), rubber,
      h("button", { type: "button", onclick: () => pen.clearRect(0, 0, width, height) }, t("clear")), done));
  $("canvas", box).focus();
  return new Promise((end) => box.addEventListener("close", () => end(made)));
}

/** The mask of what was painted: black where it covers, white elsewhere, nothing between. */
async function maskOf(painted, width, height) {
  const mask = new ImageData(width, height);
  for (let at = 0; at < painted.length; at += 4) {
    const value = painted[at + 3] > 127 ? 0 : 255;
    mask.data.set([value, value, value, 255], at);
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(mask, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
