// What is not needed at first: modules, and the words and looks that they share, fetched when somebody opens them.

import { h } from "./dom.js";
import { speakOfAll } from "./i18n.js";

let shared = null;

/** @param {() => Promise<object>} load such as `() => import("./options.js")` */
export async function later(load) {
  shared ??= Promise.all([speakOfAll(), looks()]).catch((error) => {
    shared = null;
    throw error;
  });
  try {
    return (await Promise.all([load(), shared]))[0];
  } catch (error) {
    throw Object.assign(error, { code: error.code ?? "offline", retryable: true });
  }
}

const looks = () =>
  new Promise((onload, onerror) => document.head.append(h("link", { rel: "stylesheet", href: "style-more.css", onload, onerror })));
