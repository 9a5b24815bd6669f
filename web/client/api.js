// The HTTP API: requests with a token, answers as documents. All that is sent here may be sent again, and is.

import { VtoError } from "./errors.js";
import { backoff } from "./job.js";

const TRIES = 3;
const SECONDS = 30; // API Gateway gives an answer up after that

export class Api {
  /**
   * @param {string} url the stack's output ApiUrl
   * @param {(anew: boolean) => Promise<string>} token gives an access token
   */
  constructor(url, token, { fetch = (...all) => globalThis.fetch(...all), sleep = pause } = {}) {
    Object.assign(this, { url: url.replace(/\/$/, ""), token, fetch, sleep });
  }

  get(path, options) {
    return this.call("GET", path, undefined, options);
  }

  post(path, body = {}, options) {
    return this.call("POST", path, body, options);
  }

  /** Delete something; that it is gone already, perhaps by a request whose answer was lost, is as good. */
  async remove(path) {
    await this.call("DELETE", path).catch((error) => {
      if (error.code !== "not_found") throw error;
    });
  }

  /**
   * @param {{headers?: object, anonymous?: boolean}} options
   * @throws {VtoError} what the service says; `offline` without an answer; `unsupported` where it has no such route
   */
  async call(method, path, body, { headers = {}, anonymous = false } = {}) {
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const sent = { ...headers, ...(body && { "Content-Type": "application/json" }) };
      if (!anonymous) sent.Authorization = `Bearer ${await this.token(renewed)}`;
      const last = attempt >= TRIES - 1;
      let answer;
      try {
        const signal = AbortSignal.timeout(SECONDS * 1000);
        answer = await this.fetch(this.url + path, { method, headers: sent, body: body && JSON.stringify(body), signal });
      } catch (error) {
        if (last && (anonymous || renewed)) throw new VtoError("offline", String(error), { retryable: true });
        if (last) renewed = true; // a browser hides a 401 that has no CORS headers: it looks as if nothing came
        else await this.sleep(backoff(attempt));
        continue;
      }
      const document = await answer.json().catch(() => null);
      if (answer.ok && (document || answer.status === 204)) return document;
      if (answer.status === 401 && !renewed) {
        renewed = true; // the clocks may differ, or the token was revoked: once with a new one
        continue;
      }
      const error = errorOf(answer.status, document);
      const mayPass = answer.status >= 500 ? error.retryable : answer.status === 429 && !document?.code;
      if (last || !mayPass) throw error;
      await this.sleep(backoff(attempt));
    }
  }
}

/** What API Gateway itself says (without our code) has only a message. */
function errorOf(status, document) {
  if (document?.code) return VtoError.from(document, status);
  if (status === 401 || status === 403) return new VtoError("not_authorized", undefined, { status });
  if (status === 404 || status === 405) return new VtoError("unsupported", document?.message, { status });
  if (status === 429) return new VtoError("slow_down", document?.message, { status, retryable: true });
  return new VtoError("offline", document?.message ?? `status ${status}`, { status, retryable: status >= 500 });
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
