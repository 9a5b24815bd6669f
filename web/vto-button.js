/**
 * `<vto-button product-id="…">`: the fitting room on any product page, in a dialog over it.
 *
 *     <script type="module" src="https://try.shop.example/vto-button.js"></script>
 *     <vto-button product-id="striped-t-shirt-5f4bca55">See it on me</vto-button>
 *
 * Attributes: `product-id`; `page`, the page's address, where it is not beside this file. The page's host has to name the
 * shop in `frame-ancestors` (docs/page.md). The look is the shop's: `vto-button::part(button) { … }`.
 *
 * @module
 */

const STYLE = `
  button { font: inherit; color: inherit; background: none; border: 1px solid; border-radius: 999px; padding: 0.6em 1.4em;
    min-block-size: 2.75em; cursor: pointer; }
  dialog { inline-size: min(76rem, 100vw - 2rem); block-size: min(60rem, 100dvh - 2rem); padding: 0; border: 0;
    border-radius: 1rem; overflow: hidden; }
  dialog::backdrop { background: rgb(20 20 18 / 55%); }
  iframe { inline-size: 100%; block-size: 100%; border: 0; }
  .close { position: absolute; inset-block-start: 0.5rem; inset-inline-end: 0.5rem; inline-size: 2.75rem; padding: 0;
    min-block-size: 2.75rem; border-radius: 50%; background: Canvas; color: CanvasText; font: 1.4rem/1 system-ui; }
  @media (max-width: 40rem) { dialog { inline-size: 100vw; block-size: 100dvh; max-inline-size: none; max-block-size: none; border-radius: 0; } }
`;

class VtoButton extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return; // moved within the document
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [style];
    const button = document.createElement("button");
    button.type = "button";
    button.part = "button";
    button.append(document.createElement("slot"));
    if (!this.textContent.trim()) this.textContent = document.documentElement.lang.startsWith("ja") ? "試着する" : "Try it on";
    button.addEventListener("click", () => this.open());
    root.append(button);
  }

  /** Show the fitting room of the product. */
  open() {
    const page = new URL(this.getAttribute("page") ?? ".", this.hasAttribute("page") ? document.baseURI : import.meta.url);
    page.hash = `/try/${encodeURIComponent(this.getAttribute("product-id") ?? "")}`;
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", this.textContent.trim());
    const close = document.createElement("button");
    close.className = "close";
    close.textContent = "×";
    close.setAttribute("aria-label", document.documentElement.lang.startsWith("ja") ? "閉じる" : "Close");
    close.addEventListener("click", () => dialog.close());
    const frame = document.createElement("iframe");
    frame.title = this.textContent.trim();
    frame.allow = "camera; web-share";
    frame.src = page.href;
    dialog.append(frame, close);
    dialog.addEventListener("close", () => dialog.remove());
    this.shadowRoot.append(dialog);
    dialog.showModal();
  }
}

customElements.define("vto-button", VtoButton);
