// The few lines that stand where others have a framework.

/** An element; functions listen (`onclick`), what is no property of it becomes an attribute, null is left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (selector, root = document) => root.querySelector(selector);

/** A picture that may also be drawn and downloaded: asked for with CORS from the first time, as the cache keeps answers. */
export const picture = (src, alt, props = {}) => h("img", { crossOrigin: "anonymous", alt, decoding: "async", ...props, src });

/** A result's picture: the preview that came with it, if one did, until the picture itself is here. */
export function early({ url, preview, width }, alt, props = {}) {
  const image = picture(preview ?? url, alt, { ...props, width });
  const swap = () => (image.src = url); // also when it cannot be had: whoever listens for errors hears of it
  if (preview) picture(url, "").decode().then(swap, swap);
  return image;
}

/** Say something to those who do not see it. */
export function announce(text) {
  const said = $("#said");
  if (said.textContent !== text) said.textContent = text;
}

/** A dialog that is shown at once and gone when closed. */
export function dialog(title, closeLabel, ...children) {
  const id = `d${Math.random().toString(36).slice(2)}`;
  const close = h("button", { type: "button", class: "close", "aria-label": closeLabel, onclick: () => box.close() }, "×");
  const box = h("dialog", { "aria-labelledby": id, onclose: () => box.remove() }, h("h2", { id }, title), close, ...children);
  document.body.append(box);
  box.showModal();
  return box;
}

let ids = 0;
/** A labelled field. */
export function field(label, control, hint = null) {
  control.id ||= `f${++ids}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}h`);
  return h("div", { class: "field" }, h("label", { htmlFor: control.id }, label), control, hint && h("small", { id: `${control.id}h` }, hint));
}

export function select(values, chosen, onchange) {
  const options = values.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  return h("select", { onchange: (event) => onchange(event.target.value) }, options);
}
