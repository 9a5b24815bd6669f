/**
 * The client of vto for web pages: sign-in, catalogue, photos, live try-ons; against AWS and the local stack alike.
 * It knows nothing of any page and needs no package. Errors are `VtoError`s with a `code` of docs/errors.md.
 *
 *     import { VtoClient } from "./vto-client.js";
 *     const vto = await VtoClient.load();                     // reads config.json beside the page
 *     await vto.auth.signIn("shopper@example.com", "…");
 *     const [product] = (await vto.products()).products;
 *     const [model] = await vto.models();
 *     const job = await vto.tryOn({ product_id: product.product_id, model_id: model.model_id });
 *     const done = await vto.finished(job, (snapshot) => console.log(snapshot.stage));
 *     image.src = done.images[0].url;
 *
 * @module
 */

import { Api, pause } from "./client/api.js";
import { SignIn } from "./client/cognito.js";
import { VtoError } from "./client/errors.js";
import { hasEnded } from "./client/job.js";

export { VtoError } from "./client/errors.js";
export { hasEnded, newest, STAGES } from "./client/job.js";

const RELOAD_MS = 2000;

export class VtoClient {
  #config = null;

  /**
   * @param {object} config of config.json (docs/page.md): `apiUrl`, `socketUrl`, `userPoolId`, `userPoolClientId`, and
   *   `region` or `cognitoUrl`
   * @param {object} options `store` keeps the tokens (null: memory only); `fetch`, `WebSocket` stand in, in tests
   */
  constructor(config, { store = tabStorage(), ...ports } = {}) {
    Object.assign(this, { settings: config, store, ports });
    this.fetch = ports.fetch ?? ((...all) => globalThis.fetch(...all));
    this.auth = new SignIn(config, { store, fetch: this.fetch });
    this.api = new Api(config.apiUrl, (anew) => this.auth.accessToken(anew), { fetch: this.fetch });
    this.live = ports.Live ? this.#liveOf(ports.Live) : null; // fetched when the first job is watched
    /** Who tries without an account; null for everybody else. */
    this.guest = null;
  }

  #liveOf(Live) {
    const address = async (anew) => {
      if (anew) await this.auth.accessToken(true); // a socket ends with the token that its ticket was bought with
      return `${this.settings.socketUrl}?ticket=${encodeURIComponent((await this.api.post("/socket-tickets")).ticket)}`;
    };
    return new Live({ address, WebSocket: this.ports.WebSocket, fetchJob: (id) => this.job(id) });
  }

  /** A client for the stack that `config.json` names. */
  static async load(url = "config.json", options = {}) {
    const answer = await (options.fetch ?? fetch)(url, { cache: "no-cache" });
    if (!answer.ok) throw new VtoError("unsupported", `${url} answers ${answer.status}: write it (docs/page.md)`);
    const vto = new VtoClient(await answer.json(), options);
    const wasGuest = (vto.store?.getItem(vto.#guestKey) ?? null) !== null;
    if (wasGuest && !vto.auth.isSignedIn) await vto.enterAsGuest();
    return vto;
  }

  get #guestKey() {
    return `vto.guest.${this.settings.userPoolClientId}`;
  }

  /**
   * Try without an account, where `config()` says `guests: true`: the shop's sample people only, nothing that is sent,
   * and nothing that is there later. Products, models and try-ons are then those of a guest.
   */
  async enterAsGuest() {
    const { Guest } = await import("./client/guest.js");
    this.guest ??= new Guest(this.api, this.settings.socketUrl, this.store, this.#guestKey, this.ports.WebSocket);
    this.live = this.guest.live;
  }

  /** Be a guest no more. */
  leaveAsGuest() {
    if (!this.guest) return;
    this.guest.leave();
    this.guest = this.live = null;
  }

  /** Limits, classes, how long things are kept; asked once, unless `anew`. Needs no sign-in. */
  config(anew = false) {
    if (anew) this.#config = null;
    this.#config ??= this.api.get("/config", { anonymous: true }).catch((error) => {
      this.#config = null;
      throw error;
    });
    return this.#config;
  }

  /**
   * A page of products; `next` is the cursor of the following one, and null on the last. A page may be short, or empty,
   * though others follow.
   * @param {{category?: string, search?: string, cursor?: string}} question all words of `search` have to be found
   */
  products(question = {}) {
    return this.#shop(`/products${query(question)}`);
  }

  product(id) {
    return this.#shop(`/products/${encodeURIComponent(id)}`);
  }

  /** The categories of the products, each with how many there are. */
  async categories() {
    return (await this.#shop("/categories")).categories;
  }

  /** One's own photos and the shop's sample people, the own ones first. */
  async models() {
    return (await this.#shop("/models")).models;
  }

  #shop(path) {
    return this.guest ? this.api.get(`/guests${path}`, { anonymous: true }) : this.api.get(path);
  }

  /**
   * Prepare a photo here, upload it, and wait until it can be used.
   * @param {Blob} file
   * @param {{policyVersion?: string}} consent the version of the policy that the shopper has agreed to
   * @returns {Promise<object>} the model
   * @throws {VtoError} `photo_*`, `picture_rejected`, `import_late`, or what the API says
   */
  async uploadPhoto(file, consent = {}) {
    return (await import("./client/upload.js")).uploadPhoto(this, file, consent);
  }

  /** Upload a mask: a PNG of the photo's size, black where it is to be replaced, white where not; its s3:// address. */
  async uploadMask(png, consent = {}) {
    return (await import("./client/upload.js")).uploadMask(this, png, consent);
  }

  /** Give a photo of one's own another name; answers with the model. */
  renamePhoto(id, name) {
    return this.api.call("PATCH", `/models/${encodeURIComponent(id)}`, { name });
  }

  /** Delete a photo of one's own, with all that was made of it for the service; one that is gone already is no error. */
  deletePhoto(id) {
    return this.api.remove(`/models/${encodeURIComponent(id)}`);
  }

  /** What a try-on would come to: parameters, price, time, warnings. Nothing is made or spent. */
  plan(request) {
    if (this.guest) return this.guest.plan(request);
    return this.api.post("/try-ons", { ...request, dry_run: true });
  }

  /**
   * Ask for a try-on. Without `parameters` the service proposes them.
   * @param {{product_id: string, model_id: string, parameters?: object}} request
   * @param {string} key one's own name for this request: with the same one, the same job is answered
   * @returns {Promise<object>} the job's first snapshot
   */
  tryOn(request, key = crypto.randomUUID()) {
    if (this.guest) return this.guest.tryOn(request, key);
    return this.api.post("/try-ons", request, { headers: { "Idempotency-Key": key } });
  }

  /** Be told of a job until it has ended; gives a function that ends it. See `Live.watch`. */
  watch(job, onSnapshot, onError = () => {}) {
    let stop = null;
    let isOver = false;
    const begin = async () => {
      while (!this.live && !isOver) {
        try {
          const { Live } = await import("./client/live.js");
          this.live ??= this.#liveOf(Live);
        } catch {
          onError(new VtoError("offline", "the client cannot be loaded", { retryable: true }));
          await pause(RELOAD_MS);
        }
      }
      if (!isOver) stop = this.live.watch(job, onSnapshot, onError);
    };
    if (this.live) stop = this.live.watch(job, onSnapshot, onError);
    else begin();
    return () => {
      isOver = true;
      stop?.();
    };
  }

  /** The last snapshot of a job, once it has ended; `error` in it says why, where it did not work. */
  finished(job, onSnapshot = () => {}) {
    return new Promise((done, failed) => {
      const stop = this.watch(
        job,
        (snapshot) => (onSnapshot(snapshot), hasEnded(snapshot) && done(snapshot)),
        (error) => error.retryable || (stop(), failed(error)),
      );
    });
  }

  /** The newest snapshot of a job, with new links to its pictures. */
  async job(id) {
    return this.guest ? this.guest.job(id) : this.api.get(`/try-ons/${encodeURIComponent(id)}`);
  }

  /** A page of one's own try-ons, the newest first. */
  history(cursor = null) {
    return this.api.get(`/try-ons${query({ cursor })}`);
  }

  /** End a job that has not ended; `unsupported` where the service does not offer it. */
  cancel(id) {
    return this.guest ? this.guest.cancel(id) : this.api.post(`/try-ons/${encodeURIComponent(id)}/cancel`);
  }

  /** Delete a try-on that has ended, with its pictures; one that is gone already is no error. */
  deleteTryOn(id) {
    return this.api.remove(`/try-ons/${encodeURIComponent(id)}`);
  }

  /** The network is back, or somebody looks again: ask at once for what is watched. */
  wake() {
    this.live?.wake();
  }

  /** Have all of one's photos, try-ons and results deleted; gives a receipt. */
  erase() {
    return this.api.call("DELETE", "/me");
  }

  /** How far an erasure is. */
  erasure(receipt) {
    return this.api.get(`/me/erasures/${encodeURIComponent(receipt)}`);
  }
}

/** sessionStorage; null where there is none, or a browser does not let a framed page have it. */
function tabStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** `?name=value…` of what is given. */
function query(question) {
  const given = new URLSearchParams(Object.entries(question).filter(([, value]) => value));
  return given.size ? `?${given}` : "";
}
