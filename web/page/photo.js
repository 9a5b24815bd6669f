// A photo of one's own: chosen, looked at, agreed to, and only then sent.

import { preparePhoto } from "../client/photo.js";
import { $, announce, dialog, h } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { consentOf } from "./rules.js";

/** @returns {Promise<object | null>} the model of the uploaded photo; null when the shopper thought better of it */
export function photoDialog(app, config, first = null) {
  let { version, url, days } = consentOf(config);
  const content = h("div");
  const box = dialog(t("photo_title"), t("close"), content);
  let preview = null;
  let added = null;

  function choose() {
    const input = (props) => h("input", { type: "file", accept: "image/*", hidden: true, onchange: ({ target }) => take(target.files[0]), ...props });
    const [file, camera] = [input({}), input({ capture: "user" })];
    const phone = matchMedia("(pointer: coarse)").matches;
    const shoot = phone ? () => camera.click() : film;
    const drop = h("div", { class: "drop", ondragover: (event) => event.preventDefault(), ondrop: dropped },
      h("p", {}, t("drop")),
      h("button", { type: "button", class: "main", onclick: () => file.click() }, t("choose_file")),
      (phone || navigator.mediaDevices) && h("button", { type: "button", onclick: shoot }, t("camera")), file, camera);
    const tips = h("ul", { class: "tips" }, [1, 2, 3].map((n) => h("li", {}, t(`tip_${n}`))));
    content.replaceChildren(tips, drop, h("p", { class: "wrong", role: "alert" }));
  }
  function dropped(event) {
    event.preventDefault();
    event.stopPropagation();
    take(event.dataTransfer.files[0]);
  }
  const wrong = (error) => ($(".wrong", content).textContent = sentence(error, { n: config.upload.min_side_pixels }));

  async function take(file) {
    try {
      const { blob } = await preparePhoto(file, config.upload);
      show(file, blob);
    } catch (error) {
      if (!$(".drop", content)) choose();
      wrong(error);
    }
  }
  function show(file, blob) {
    URL.revokeObjectURL(preview);
    preview = URL.createObjectURL(blob);
    const agreed = h("input", { type: "checkbox", checked: app.remembered("consent") === String(version), onchange: () => (use.disabled = !agreed.checked) });
    const use = h("button", { type: "button", class: "main", disabled: !agreed.checked, onclick: send }, t("use_photo"));
    async function send() {
      app.remember("consent", String(version));
      use.disabled = true;
      note.textContent = t("uploading");
      try {
        added = await app.vto.uploadPhoto(file, { policyVersion: version });
        box.close();
      } catch (error) {
        const isOld = error.details?.some((one) => one.path.startsWith("consent")); // the shop has a new policy since
        if (isOld) ({ version, url, days } = consentOf(await app.vto.config(true)));
        (isOld ? () => show(file, blob) : choose)();
        wrong(error);
      }
    }
    const note = h("p", { class: "hint", role: "status" }, t("not_sent"));
    content.replaceChildren(
      h("img", { src: preview, alt: t("yours"), class: "preview" }),
      note,
      h("label", { class: "check" }, agreed, h("span", {}, t("consent"), " ", url && h("a", { href: url, target: "_blank", rel: "noopener" }, t("policy")))),
      h("p", { class: "hint" }, days === null ? t("kept_unknown") : t("kept", { n: days })),
      h("div", { class: "actions" }, use, h("button", { type: "button", onclick: choose }, t("do_photo"))), h("p", { class: "wrong", role: "alert" }));
    announce(t("not_sent"));
    agreed.focus();
  }

  /** The camera of a computer, with a moment to stand back. */
  async function film() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: 1280 } }).catch(() => null);
    if (!stream) return wrong({ code: "photo_unreadable" });
    const video = h("video", { autoplay: true, muted: true, playsInline: true, srcObject: stream, class: "preview" });
    const snap = h("button", { type: "button", class: "main", onclick: () => count(3) }, t("snap"));
    const end = () => stream.getTracks().forEach((track) => track.stop());
    box.addEventListener("close", end);
    content.replaceChildren(video, h("div", { class: "actions" }, snap), h("p", { class: "wrong", role: "alert" }));
    async function count(left) {
      snap.disabled = true;
      snap.textContent = String(left);
      if (left > 0) return setTimeout(() => count(left - 1), 1000);
      const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
      canvas.getContext("2d").drawImage(video, 0, 0);
      end();
      take(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
    }
  }

  box.addEventListener("paste", (event) => event.clipboardData.files[0] && take(event.clipboardData.files[0]));
  choose();
  if (first) take(first);
  return new Promise((done) => {
    box.addEventListener("close", () => {
      URL.revokeObjectURL(preview);
      done(added);
    });
  });
}
