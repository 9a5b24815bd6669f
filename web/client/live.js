// Live snapshots: one socket for all jobs that are watched. While there is none, the jobs are asked for over REST; so a
// job's end is seen whatever becomes of the socket.

import { backoff, hasEnded, newest } from "./job.js";

const PING = 8 * 60_000; // API Gateway closes a socket that was silent for 10 minutes, and every one after two hours
const POLL = 2_000; // without a socket
const CHECK = 15_000; // with one: for what it may have lost

export class Live {
  #watched = new Map(); // job id -> {job, listeners}
  #socket = null;
  #attempt = 0;
  #timers = {};

  /**
   * @param {object} ports
   * @param {() => Promise<string>} ports.address gives the socket's address with a new one-time ticket
   * @param {(id: string) => Promise<object>} ports.fetchJob the job's snapshot over REST
   * @param {typeof WebSocket} ports.WebSocket
   */
  constructor({ address, fetchJob, WebSocket = globalThis.WebSocket, timers = globalThis, random = Math.random }) {
    Object.assign(this, { address, fetchJob, WebSocket, timers, random });
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  /**
   * Be told of a job, the newest snapshot first, until it has ended.
   * @param {string | object} job its id, or a snapshot that is known
   * @param {(job: object) => void} onSnapshot
   * @param {(error: Error) => void} onError what REST says when it cannot be asked: it is asked again all the same
   * @returns {() => void} stop listening
   */
  watch(job, onSnapshot, onError = () => {}) {
    const id = job.id ?? job;
    const listener = { onSnapshot, onError };
    const entry = this.#watched.get(id) ?? { job: null, listeners: new Set() };
    entry.listeners.add(listener);
    this.#watched.set(id, entry);
    if (entry.job) onSnapshot(entry.job);
    if (job.id) this.take(job);
    if (!this.#watched.has(id)) return () => {}; // it had ended
    if (this.isOpen) this.#send({ action: "watchJob", job_id: id });
    this.connect();
    this.#schedulePoll(this.isOpen ? CHECK : POLL);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0 && this.#watched.get(id) === entry) this.#watched.delete(id);
    };
  }

  /** Take a snapshot in, wherever it comes from; an older one than what is known changes nothing. */
  take(job) {
    const entry = this.#watched.get(job.id);
    if (!entry) return;
    const now = newest(entry.job, job);
    if (now === entry.job) return;
    entry.job = now;
    if (hasEnded(now)) this.#watched.delete(job.id);
    for (const { onSnapshot } of [...entry.listeners]) onSnapshot(now);
  }

  /** Open the socket, unless it is; it stays open while jobs are watched. */
  async connect() {
    if (this.#socket || this.#timers.retry || this.#timers.opening) return;
    this.#timers.opening = true;
    let socket;
    try {
      const address = await this.address();
      if (this.#watched.size === 0) return; // nobody waits any more
      socket = new this.WebSocket(address);
    } catch {
      return this.#reconnect();
    } finally {
      this.#timers.opening = false;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      for (const id of this.#watched.keys()) this.#send({ action: "watchJob", job_id: id });
      this.#timers.ping = this.timers.setInterval(() => this.#send({ action: "ping" }), PING);
    };
    socket.onmessage = ({ data }) => {
      let frame;
      try {
        frame = JSON.parse(data);
      } catch {
        return; // not ours
      }
      if (frame.type === "job") this.take(frame.job);
      if (frame.type === "error") this.#poll(); // it does not say which job: REST does
      if (frame.type === "bye") socket.close();
    };
    socket.onclose = () => {
      this.timers.clearInterval(this.#timers.ping);
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#reconnect();
    };
  }

  /** Look at once, for instance when the network is back or the page is looked at again. */
  wake() {
    this.timers.clearTimeout(this.#timers.retry);
    this.#timers.retry = null;
    if (this.#watched.size === 0) return;
    this.connect();
    this.#poll();
  }

  /** Close the socket and watch nothing any more. */
  close() {
    this.#watched.clear();
    for (const name of ["poll", "retry"]) this.timers.clearTimeout(this.#timers[name]);
    this.timers.clearInterval(this.#timers.ping);
    this.#timers = {};
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #send(frame) {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #reconnect() {
    if (this.#watched.size === 0) return;
    this.#schedulePoll(POLL);
    this.#timers.retry = this.timers.setTimeout(() => {
      this.#timers.retry = null;
      if (this.#watched.size) this.connect();
    }, backoff(this.#attempt++, this.random));
  }

  #schedulePoll(delay) {
    this.timers.clearTimeout(this.#timers.poll);
    this.#timers.poll = this.timers.setTimeout(() => this.#poll(), delay);
  }

  async #poll() {
    this.timers.clearTimeout(this.#timers.poll);
    await Promise.all(
      [...this.#watched].map(async ([id, entry]) => {
        try {
          this.take(await this.fetchJob(id));
        } catch (error) {
          if (error.code === "not_found" || error.code === "not_authorized") this.#watched.delete(id);
          for (const { onError } of [...entry.listeners]) onError(error);
        }
      }),
    );
    if (this.#watched.size) this.#schedulePoll(this.isOpen ? CHECK : POLL);
  }
}
