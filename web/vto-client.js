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
import { Live } from "./client/live.js";
import { preparePhoto } from "./client/photo.js";

export { VtoError } from "./client/errors.js";
export { hasEnded, newest, STAGES } from "./client/job.js";
export { preparePhoto } from "./client/photo.js";

const IMPORT_SECONDS = 60;

export class VtoClient {
  #config = null;

  /**
   * @param {object} config of config.json (docs/page.md): `apiUrl`, `socketUrl`, `userPoolId`, `userPoolClientId`, and
   *   `region` or `cognitoUrl`
   * @param {object} options `store` keeps the tokens (null: memory only); `fetch`, `WebSocket` stand in, in tests
   */
  constructor(config, { store = tabStorage(), ...ports } = {}) {
    this.settings = config;
    this.fetch = ports.fetch ?? ((...all) => globalThis.fetch(...all));
    this.auth = new SignIn(config, { store, fetch: this.fetch });
    this.api = new Api(config.apiUrl, (anew) => this.auth.accessToken(anew), { fetch: this.fetch });
    this.live = new Live({
      WebSocket: ports.WebSocket,
      fetchJob: (id) => this.job(id),
      address: async (anew) => {
        if (anew) await this.auth.accessToken(true); // a socket ends with the token that its ticket was bought with
        return `${config.socketUrl}?ticket=${encodeURIComponent((await this.api.post("/socket-tickets")).ticket)}`;
      },
    });
  }

  /** A client for the stack that `config.json` names. */
  static async load(url = "config.json", options = {}) {
    const answer = await (options.fetch ?? fetch)(url, { cache: "no-cache" });
    if (!answer.ok) throw new VtoError("unsupported", `${url} answers ${answer.status}: write it (docs/page.md)`);
    return new VtoClient(await answer.json(), options);
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

  /** A page of products; `next` is the cursor of the following one. */
  products(cursor = null) {
    return this.api.get(`/products${query(cursor)}`);
  }

  product(id) {
    return this.api.get(`/products/${encodeURIComponent(id)}`);
  }

  /** One's own photos and the shop's sample people, the own ones first. */
  async models() {
    return (await this.api.get("/models")).models;
  }

  /**
   * Prepare a photo here, upload it, and wait until it can be used.
   * @param {Blob} file
   * @param {{policyVersion?: string}} consent the version of the policy that the shopper has agreed to
   * @returns {Promise<object>} the model
   * @throws {VtoError} `photo_*`, `picture_rejected`, `import_late`, or what the API says
   */
  async uploadPhoto(file, { policyVersion = null } = {}) {
    const { blob } = await preparePhoto(file, (await this.config()).upload);
    const { model_id: id } = await this.#upload("photo", blob, policyVersion);
    const until = Date.now() + IMPORT_SECONDS * 1000;
    for (let wait = 250; Date.now() < until; wait = Math.min(2000, wait * 1.3)) {
      await pause(wait);
      const model = (await this.models()).find((one) => one.model_id === id);
      if (model?.readiness === "ready") return model;
      if (model?.readiness === "rejected") throw new VtoError("picture_rejected", model.reason);
    }
    throw new VtoError("import_late", undefined, { retryable: true });
  }

  /** Upload a mask: a PNG of the photo's size, black where it is to be replaced, white where not; its s3:// address. */
  async uploadMask(png, { policyVersion = null } = {}) {
    return (await this.#upload("mask", png, policyVersion)).s3_url;
  }

  async #upload(kind, blob, policyVersion) {
    const consent = policyVersion && { consent: { policy_version: policyVersion } };
    const offer = await this.api.post("/uploads", { kind, content_type: blob.type, ...consent });
    const form = new FormData();
    for (const [name, value] of Object.entries(offer.fields)) form.append(name, value);
    form.append("file", blob);
    const answer = await this.fetch(offer.url, { method: "POST", body: form }).catch(() => null);
    if (!answer?.ok) throw new VtoError("upload_failed", undefined, { status: answer?.status, retryable: true });
    return offer;
  }

  /** What a try-on would come to: parameters, price, time, warnings. Nothing is made or spent. */
  plan(request) {
    return this.api.post("/try-ons", { ...request, dry_run: true });
  }

  /**
   * Ask for a try-on. Without `parameters` the service proposes them.
   * @param {{product_id: string, model_id: string, parameters?: object}} request
   * @param {string} key one's own name for this request: with the same one, the same job is answered
   * @returns {Promise<object>} the job's first snapshot
   */
  tryOn(request, key = crypto.randomUUID()) {
    return this.api.post("/try-ons", request, { headers: { "Idempotency-Key": key } });
  }

  /** Be told of a job until it has ended; gives a function that ends it. See `Live.watch`. */
  watch(job, onSnapshot, onError) {
    return this.live.watch(job, onSnapshot, onError);
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

  job(id) {
    return this.api.get(`/try-ons/${encodeURIComponent(id)}`);
  }

  /** A page of one's own try-ons, the newest first. */
  history(cursor = null) {
    return this.api.get(`/try-ons${query(cursor)}`);
  }

  /** End a job that has not ended; `unsupported` where the service does not offer it. */
  cancel(id) {
    return this.api.post(`/try-ons/${encodeURIComponent(id)}/cancel`);
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

const query = (cursor) => (cursor ? `?cursor=${encodeURIComponent(cursor)}` : "");
