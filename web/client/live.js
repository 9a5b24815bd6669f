// Live snapshots: one socket for all jobs that are watched. While there is none, the jobs are asked for over REST; so a
// job's end is seen whatever becomes of the socket.

import { backoff, hasEnded, newest } from "./job.js";

const PING = 8 * 60_000; // API Gateway closes a socket that was silent for 10 minutes, and every one after two hours
const POLL = 2_000; // without a socket
const CHECK = 15_000; // with one: for what it may have lost
const SPREAD = 5; // seconds at least over which those who are told bye at once come back

export class Live {
  #watched = new Map(); // job id -> {job, listeners}
  #socket = null;
  #next = null; // one that is being opened
  #leaving = null; // the socket that was told bye: it goes on until there is another
  #anew = false; // whether the next ticket needs a new token
  #attempt = 0;
  #timers = {};

  /**
   * @param {object} ports
   * @param {(anew: boolean) => Promise<string>} ports.address gives the socket's address with a new one-time ticket,
   *   bought with a new token where `anew`
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
    if (!this.#socket && !this.#timers.retry) await this.#open();
  }

  /** Open a socket; one that was told bye is closed when the new one has asked for all jobs, so that nothing is missed. */
  async #open() {
    if (this.#timers.opening || this.#next) return;
    this.#timers.opening = true;
    let socket;
    try {
      const address = await this.address(this.#anew);
      if (this.#watched.size === 0) return this.#leaving?.close(); // nobody waits any more
      socket = new this.WebSocket(address);
    } catch {
      this.#timers.opening = false;
      return this.#reconnect();
    } finally {
      this.#timers.opening = false;
    }
    let ping;
    this.#next = socket;
    socket.onopen = () => {
      const old = this.#socket;
      this.#socket = socket;
      this.#next = null;
      this.#attempt = 0;
      this.#anew = false;
      for (const id of this.#watched.keys()) this.#send({ action: "watchJob", job_id: id });
      ping = this.timers.setInterval(() => this.#send({ action: "ping" }), PING);
      this.#leaving = null;
      old?.close();
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
      if (frame.type === "bye") this.#leave(socket, frame);
    };
    socket.onclose = () => {
      this.timers.clearInterval(ping);
      if (this.#next === socket) this.#next = null;
      if (this.#socket === socket) this.#socket = null;
      if (this.#leaving === socket) this.#leaving = null;
      if (!this.#socket || this.#leaving) this.#reconnect();
    };
  }

  /** Come back when the service says, and not with all others at once. */
  #leave(socket, { reason, reconnect_in_seconds: seconds = 0 }) {
    if (this.#leaving || this.#socket !== socket) return; // it says so again
    this.#leaving = socket;
    this.#anew = reason === "session";
    this.#retry((seconds + this.random() * Math.max(seconds, SPREAD)) * 1000);
  }

  /** Look at once, for instance when the network is back or the page is looked at again. */
  wake() {
    if (this.#watched.size === 0) return;
    if (!this.isOpen) {
      this.timers.clearTimeout(this.#timers.retry);
      this.#timers.retry = null;
    }
    this.connect();
    this.#poll();
  }

  /** Close the socket and watch nothing any more. */
  close() {
    this.#watched.clear();
    for (const name of ["poll", "retry"]) this.timers.clearTimeout(this.#timers[name]);
    this.#timers = {};
    const open = [this.#socket, this.#next];
    this.#socket = this.#next = this.#leaving = null;
    for (const socket of open) socket?.close();
  }

  #send(frame) {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #reconnect() {
    if (this.#watched.size === 0) return;
    if (!this.isOpen) this.#schedulePoll(POLL);
    if (!this.#timers.retry && !this.#timers.opening && !this.#next) this.#retry(backoff(this.#attempt++, this.random));
  }

  #retry(ms) {
    this.timers.clearTimeout(this.#timers.retry);
    this.#timers.retry = this.timers.setTimeout(() => {
      this.#timers.retry = null;
      if (this.#watched.size) this.#open();
      else this.#leaving?.close();
    }, ms);
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
