// Who tries without an account: a secret of the browser's instead of a token, and all try-ons over the socket.

import { VtoError } from "./errors.js";
import { hasEnded } from "./job.js";
import { Live } from "./live.js";

const SECONDS = 20; // for an answer over the socket

export class Guest {
  #own = null; // a socket for what is asked here, opened when something is, and closed when one leaves

  /**
   * @param {Api} api
   * @param {string} socketUrl
   * @param {Storage | null} store keeps the secret by which the service knows the guest again
   * @param {string} key under this name
   */
  constructor(api, socketUrl, store, key, WebSocket = globalThis.WebSocket) {
    Object.assign(this, { api, socketUrl, store, key, WebSocket, secret: store?.getItem(key) || null });
    store?.setItem(key, this.secret ?? ""); // a guest after a reload, too
    this.live = new Live({ WebSocket, address: () => this.#address(), fetchJob: (id) => this.job(id) });
  }

  /** The socket's address with a new ticket, of the same guest as long as the service knows them. */
  async #address() {
    const known = this.secret ? { guest: this.secret } : {};
    const given = await this.api.post("/guests/tickets", known, { anonymous: true });
    this.secret = given.guest;
    this.store?.setItem(this.key, given.guest);
    return `${this.socketUrl}?ticket=${encodeURIComponent(given.ticket)}`;
  }

  tryOn(request, key) {
    return this.#ask({ action: "tryOn", request_id: key, ...request }, (said) => said.job?.request_id === key && said.job);
  }

  plan(request) {
    const key = crypto.randomUUID();
    const frame = { action: "tryOn", request_id: key, ...request, dry_run: true };
    return this.#ask(frame, (said) => said.type === "plan" && said.request_id === key && said.plan);
  }

  job(id) {
    return this.#ask({ action: "watchJob", job_id: id }, (said) => said.job?.id === id && said.job);
  }

  cancel(id) {
    return this.#ask({ action: "cancelTryOn", job_id: id }, (said) => said.job?.id === id && hasEnded(said.job) && said.job);
  }

  /** Close the sockets and forget the secret: the service cannot know this guest again. */
  leave() {
    this.live.close();
    this.#own?.then((socket) => socket.close(), () => {});
    this.#own = this.secret = null;
    this.store?.removeItem(this.key);
  }

  /** Send a frame and wait for the one that `answers` it; an error of the same request ends the wait as well. */
  async #ask(frame, answers) {
    const socket = await this.#socket();
    return new Promise((done, failed) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        socket.removeEventListener("message", hear);
        socket.removeEventListener("close", lose);
        settle(value);
      };
      const lose = () => end(failed, new VtoError("offline", "the socket gave no answer", { retryable: true }));
      const hear = ({ data }) => {
        const said = JSON.parse(data);
        const found = answers(said);
        if (found) end(done, found);
        else if (said.type === "error" && said.request_id === frame.request_id) end(failed, VtoError.from(said.error));
      };
      const timer = setTimeout(lose, SECONDS * 1000);
      socket.addEventListener("message", hear);
      socket.addEventListener("close", lose);
      socket.send(JSON.stringify(frame));
    });
  }

  #socket() {
    this.#own ??= this.#open().catch((error) => {
      this.#own = null;
      throw error;
    });
    return this.#own;
  }

  async #open() {
    const socket = new this.WebSocket(await this.#address());
    socket.addEventListener("close", () => (this.#own = null));
    await new Promise((done, failed) => {
      socket.addEventListener("open", done);
      socket.addEventListener("close", () => failed(new VtoError("offline", "no socket", { retryable: true })));
    });
    return socket;
  }
}
