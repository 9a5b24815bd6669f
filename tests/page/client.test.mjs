// The client module against stand-ins of the network: `node --test tests/page`.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Api } from "../../web/client/api.js";
import { SignIn } from "../../web/client/cognito.js";
import { Guest } from "../../web/client/guest.js";
import { backoff, newest } from "../../web/client/job.js";
import { Live } from "../../web/client/live.js";
import { brightnessOf, fit, refusal } from "../../web/client/photo.js";
import * as srp from "../../web/client/srp.js";
import { VtoClient } from "../../web/vto-client.js";

const json = (status, document) => new Response(JSON.stringify(document), { status });
const number = (name) => BigInt(`0x${createHash("sha256").update(name).digest("hex").repeat(4)}`);
const noWait = async () => {};

function network(...answers) {
  const asked = [];
  const fetch = async (url, options = {}) => {
    asked.push({ url, ...options, body: options.body && JSON.parse(options.body) });
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next instanceof Error) throw next;
    return typeof next === "function" ? next(url, options) : next.clone();
  };
  return { fetch, asked };
}

// --- signing in ------------------------------------------------------------------------------------------------------

const POOL = "eu-central-1_AbCdEfGhI";

test("the proof is that of another implementation", async () => {
  // the same numbers and the same answer as in tests/unit/client/test_srp.py, computed with pycognito 2024.5.1
  const a = number("a");
  const challenge = {
    USER_ID_FOR_SRP: "7b1f0c6e-aaaa-4bbb-8ccc-123456789abc",
    SALT: "9f63479ad69a090b258277ec8fba6f99",
    SRP_B: srp.publicOf(number("b")),
    SECRET_BLOCK: btoa("secret block ".repeat(8)),
  };
  assert.ok(srp.publicOf(a).startsWith("e9597fa116e1c49743fe35a8a32f7cf0e2296dee"));
  const given = await srp.answer(POOL, "Correct-horse-9", a, challenge, new Date(Date.UTC(2026, 10, 7, 9, 3, 5)));
  assert.equal(given.PASSWORD_CLAIM_SIGNATURE, "AoOgtJuzQ+aBhgEoHjfoBANUPDcW8TZxAsrDxJFSs5U=");
  assert.equal(given.TIMESTAMP, "Sat Nov 7 09:03:05 UTC 2026");
  await assert.rejects(srp.answer(POOL, "x", a, { ...challenge, SRP_B: "0" }), RangeError);
});

test("two secrets are never the same", () => assert.notEqual(srp.newSecret(), srp.newSecret()));

const CONFIG = { apiUrl: "https://api.example", socketUrl: "wss://live.example", userPoolId: POOL, userPoolClientId: "c1" };
const stored = (tokens) => {
  const values = new Map(tokens ? [["vto.tokens.c1", JSON.stringify(tokens)]] : []);
  return { getItem: (key) => values.get(key) ?? null, setItem: (k, v) => values.set(k, v), removeItem: (k) => values.delete(k) };
};
const TOKENS_OF_TODAY = { access: "a", refresh: "r", until: Date.now() + 1e7, user: "u" };
const TOKENS = { access: "old", refresh: "r", until: 0, user: "ada@example.com" };

test("many requests at once renew an old token once", async () => {
  const { fetch, asked } = network(json(200, { AuthenticationResult: { AccessToken: "new", ExpiresIn: 3600 } }));
  const auth = new SignIn(CONFIG, { store: stored(TOKENS), fetch });
  assert.deepEqual(await Promise.all([auth.accessToken(), auth.accessToken()]), ["new", "new"]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].url, "https://cognito-idp.eu-central-1.amazonaws.com/");
  assert.equal(asked[0].body.AuthParameters.REFRESH_TOKEN, "r");
  assert.equal(await auth.accessToken(), "new");
  assert.equal(asked.length, 1);
});

test("a refresh token that is not taken signs out, and no answer does not", async () => {
  const lost = new SignIn(CONFIG, { store: stored(TOKENS), fetch: network(new TypeError("down")).fetch });
  await assert.rejects(lost.accessToken(), { code: "offline" });
  assert.ok(lost.isSignedIn);
  const store = stored(TOKENS);
  const over = new SignIn(CONFIG, { store, fetch: network(json(400, { __type: "NotAuthorizedException" })).fetch });
  await assert.rejects(over.accessToken(), { code: "not_authorized" });
  assert.equal(over.isSignedIn, false);
  assert.equal(store.getItem("vto.tokens.c1"), null);
});

test("each reason of Cognito has its code", async () => {
  for (const [kind, code] of [
    ["NotAuthorizedException", "sign_in_failed"],
    ["UserNotConfirmedException", "not_confirmed"],
    ["com.amazonaws#TooManyRequestsException", "slow_down"],
  ]) {
    const auth = new SignIn(CONFIG, { fetch: network(json(400, { __type: kind })).fetch });
    await assert.rejects(auth.signIn("ada@example.com", "x"), { code });
  }
});

// --- the API ---------------------------------------------------------------------------------------------------------

const api = (answers, token = async () => "t") => {
  const { fetch, asked } = network(...answers);
  return { api: new Api("https://api.example/", token, { fetch, sleep: noWait }), asked };
};

test("a refusal is told in the service's words, and not asked again", async () => {
  const said = { code: "invalid_request", message: "No.", details: [{ path: "x", problem: "y", remedy: "z" }] };
  const { api: one, asked } = api([json(400, said)]);
  await assert.rejects(one.get("/x"), { code: "invalid_request", details: said.details, retryable: false, status: 400 });
  assert.equal(asked.length, 1);
});

test("a lost answer, and a failure that may pass, are asked again, with the same key", async () => {
  const { api: one, asked } = api([new TypeError("reset"), json(503, { code: "internal", retryable: true }), json(202, { id: "j" })]);
  assert.deepEqual(await one.post("/try-ons", {}, { headers: { "Idempotency-Key": "k" } }), { id: "j" });
  assert.deepEqual(asked.map((request) => request.headers["Idempotency-Key"]), ["k", "k", "k"]);
});

test("no answer at all ends in offline", async () => {
  const { api: one, asked } = api([new TypeError("down")]);
  await assert.rejects(one.get("/x"), { code: "offline", retryable: true });
  assert.equal(asked.length, 4);
});

test("a refusal that the browser hides, as it has no CORS headers, is found out with a new token", async () => {
  const token = async (anew) => {
    if (anew) throw Object.assign(new Error(), { code: "not_authorized" });
    return "t";
  };
  await assert.rejects(api([new TypeError("Failed to fetch")], token).api.get("/x"), { code: "not_authorized" });
});

test("a token that is not taken is renewed once", async () => {
  const given = [];
  const { api: one } = api([json(401, { message: "Unauthorized" })], async (anew) => (given.push(anew), "t"));
  await assert.rejects(one.get("/x"), { code: "not_authorized" });
  assert.deepEqual(given, [false, true]);
});

test("a route that the service does not have is unsupported; too fast is told as such", async () => {
  await assert.rejects(api([json(404, { message: "Not Found" })]).api.call("DELETE", "/me"), { code: "unsupported" });
  await assert.rejects(api([json(429, { message: "Too Many Requests" })]).api.get("/x"), { code: "slow_down" });
  const full = { code: "queue_full", message: "m", retryable: true, retry_after_seconds: 40 };
  await assert.rejects(api([json(429, full)]).api.get("/x"), { code: "queue_full", retryAfter: 40 });
});

// --- snapshots -------------------------------------------------------------------------------------------------------

test("the highest seq wins, in whatever order snapshots come", () => {
  const [one, two, three] = [1, 2, 3].map((seq) => ({ id: "j", seq }));
  assert.equal([two, three, one, two].reduce(newest, null), three);
  const renewed = { id: "j", seq: 3, expires_at: "2026-11-21T10:00:00Z" };
  assert.equal(newest(three, renewed), renewed);
  assert.equal(newest(renewed, three), renewed);
  assert.equal(newest(three, { id: "k", seq: 1 }).id, "k");
});

test("waiting grows, has an end, and is spread", () => {
  const waits = [0, 1, 2, 20].map((attempt) => backoff(attempt, () => 1));
  assert.deepEqual(waits, [500, 1000, 2000, 30000]);
  assert.equal(backoff(5, () => 0), 0);
});

class Socket {
  static all = [];
  constructor(url) {
    Object.assign(this, { url, readyState: 0, sent: [] });
    Socket.all.push(this);
  }
  open() {
    this.readyState = 1;
    this.onopen();
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
    this.onclose();
  }
  job(job) {
    this.onmessage({ data: JSON.stringify({ type: "job", job }) });
  }
}

/** A client whose timers fire when the test says so. */
function liveClient(jobs = {}) {
  Socket.all = [];
  const timers = new Map();
  let count = 0;
  const port = {
    setTimeout: (run, ms) => (timers.set(++count, { run, ms }), count),
    clearTimeout: (id) => timers.delete(id),
  };
  Object.assign(port, { setInterval: port.setTimeout, clearInterval: port.clearTimeout });
  const fetch = async (url) => {
    if (url.endsWith("/socket-tickets")) return json(200, { ticket: `t${Socket.all.length}` });
    const job = jobs[url.split("/").at(-1)];
    return job ? json(200, job) : json(404, { code: "not_found", message: "no" });
  };
  const client = new VtoClient(CONFIG, { store: stored(TOKENS_OF_TODAY), fetch, WebSocket: Socket, Live });
  Object.assign(client.live, { timers: port, random: () => 1 });
  const due = async (least = 0) => {
    for (const [id, timer] of [...timers]) if (timer.ms >= least) timers.delete(id), timer.run();
    await settle();
  };
  return { client, timers, due };
}
const until = async (isSo) => {
  while (!isSo()) await new Promise((done) => setTimeout(done, 1));
};
const settle = () => new Promise((done) => setTimeout(done, 5));
const job = (seq, status = "processing") => ({ id: "j", seq, status, stage: null });

test("a lost socket is opened anew with a new ticket, and the job asked for", async () => {
  const { client, due } = liveClient({ j: job(2) });
  const seen = [];
  client.watch(job(1), (one) => seen.push(one.seq));
  await settle();
  assert.equal(Socket.all[0].url, "wss://live.example?ticket=t0");
  Socket.all[0].open();
  assert.deepEqual(Socket.all[0].sent, [{ action: "watchJob", job_id: "j" }]);
  Socket.all[0].job(job(3));
  Socket.all[0].job(job(2)); // late
  Socket.all[0].close();
  await due();
  Socket.all[1].open();
  assert.equal(Socket.all[1].url, "wss://live.example?ticket=t1");
  assert.deepEqual(Socket.all[1].sent, [{ action: "watchJob", job_id: "j" }]);
  Socket.all[1].job(job(4, "completed"));
  Socket.all[1].job(job(3));
  assert.deepEqual(seen, [1, 3, 4]);
});

test("without a socket the end is seen over REST", async () => {
  const jobs = { j: job(1) };
  const { client, due } = liveClient(jobs);
  const done = client.finished("j");
  await settle();
  jobs.j = job(5, "completed");
  await due();
  assert.equal((await done).seq, 5);
});

test("a job that is not there is an error, once", async () => {
  const { client, due, timers } = liveClient();
  const done = client.finished("j");
  const failed = assert.rejects(done, { code: "not_found" });
  await settle();
  await due();
  await failed;
  assert.equal([...timers.values()].filter((timer) => timer.ms === 2000).length, 0);
});

test("the part of the client that listens is fetched when a job is watched", async () => {
  const fetch = async () => json(200, { id: "j", seq: 5, status: "completed" });
  const client = new VtoClient(CONFIG, { store: stored(TOKENS_OF_TODAY), fetch, WebSocket: Socket });
  assert.equal(client.live, null);
  assert.equal((await client.finished(job(7, "completed"))).seq, 7);
  assert.ok(client.live instanceof Live);
});

test("a job that has ended opens no socket", async () => {
  const { client } = liveClient();
  assert.equal((await client.finished(job(7, "completed"))).seq, 7);
  await settle();
  assert.equal(Socket.all.length, 0);
});

test("the socket is pinged before ten minutes of silence close it", async () => {
  const { client, due, timers } = liveClient({ j: job(1) });
  client.watch("j", () => {});
  await settle();
  Socket.all[0].open();
  const longest = Math.max(...[...timers.values()].map((timer) => timer.ms));
  assert.ok(longest < 9 * 60_000);
  await due(longest);
  assert.deepEqual(Socket.all[0].sent.at(-1), { action: "ping" });
});

// --- the shop, and what is one's own ------------------------------------------------------------------------------------

const signedIn = (...answers) => {
  const { fetch, asked } = network(...answers);
  const client = new VtoClient(CONFIG, { store: stored(TOKENS_OF_TODAY), fetch });
  Object.assign(client.api, { sleep: noWait });
  return { client, asked };
};

test("products are asked for by category, words and place, and only by what is given", async () => {
  const { client, asked } = signedIn(json(200, { products: [], next: null }));
  await client.products();
  await client.products({ category: "tops", search: "navy blue & white", cursor: null });
  assert.deepEqual(asked.map(({ url }) => url), [
    "https://api.example/products",
    "https://api.example/products?category=tops&search=navy+blue+%26+white",
  ]);
});

test("what is deleted twice, or by a request whose answer was lost, is deleted", async () => {
  const { client, asked } = signedIn(new TypeError("reset"), json(404, { code: "not_found", message: "gone" }));
  await client.deletePhoto("m/1");
  assert.deepEqual(asked.map(({ method, url }) => `${method} ${url}`), Array(2).fill("DELETE https://api.example/models/m%2F1"));
  await signedIn(new Response(null, { status: 204 })).client.deleteTryOn("j");
  const refused = signedIn(json(409, { code: "too_late", message: "not now" })).client;
  await assert.rejects(refused.deleteTryOn("j"), { code: "too_late" });
});

test("a photo is renamed with PATCH", async () => {
  const { client, asked } = signedIn(json(200, { model_id: "m", name: "Sea" }));
  assert.equal((await client.renamePhoto("m", "Sea")).name, "Sea");
  assert.deepEqual([asked[0].method, asked[0].body], ["PATCH", { name: "Sea" }]);
});

// --- guests --------------------------------------------------------------------------------------------------------------

class Wire extends EventTarget {
  static all = [];
  readyState = 1;
  constructor(url) {
    super();
    Object.assign(this, { url, sent: [] });
    Wire.all.push(this);
    setTimeout(() => this.dispatchEvent(new Event("open")));
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
  tell(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}

function guest(store = stored(null)) {
  Wire.all = [];
  const { fetch, asked } = network(json(200, { ticket: "t1", guest: "secret", expires_in: 30 }));
  const client = new VtoClient(CONFIG, { store, fetch, WebSocket: Wire });
  return { client, asked, store };
}

test("a guest asks over the socket, with a ticket and no token, and is told of a refusal by its request", async () => {
  const { client, asked } = guest();
  await client.enterAsGuest();
  const first = client.tryOn({ product_id: "p", model_id: "m" }, "k1");
  await until(() => Wire.all[0]?.sent.length === 1);
  const [wire] = Wire.all;
  assert.equal(wire.url, "wss://live.example?ticket=t1");
  assert.equal(asked[0].url, "https://api.example/guests/tickets");
  assert.equal(asked[0].headers.Authorization, undefined);
  assert.deepEqual(wire.sent, [{ action: "tryOn", request_id: "k1", product_id: "p", model_id: "m" }]);
  wire.tell({ type: "error", request_id: "another", error: { code: "internal" } });
  wire.tell({ type: "job", job: { id: "j", seq: 1, status: "created", request_id: "k1" } });
  assert.equal((await first).id, "j");
  const second = client.tryOn({ product_id: "p", model_id: "m" }, "k2");
  await until(() => wire.sent.length === 2);
  wire.tell({ type: "error", request_id: "k2", error: { code: "sign_in_required", message: "no", retryable: true } });
  await assert.rejects(second, { code: "sign_in_required" });
  assert.equal(Wire.all.length, 1);
});

test("a guest whose socket is lost is offline, and asks again over a new one as the same guest", async () => {
  const { client, asked } = guest();
  await client.enterAsGuest();
  const lost = client.job("j");
  await until(() => Wire.all[0]?.sent.length === 1);
  Wire.all[0].close();
  await assert.rejects(lost, { code: "offline", retryable: true });
  const found = client.job("j");
  await until(() => Wire.all[1]?.sent.length === 1);
  assert.deepEqual(asked[1].body, { guest: "secret" });
  Wire.all[1].tell({ type: "job", job: { id: "j", seq: 2, status: "completed" } });
  assert.equal((await found).seq, 2);
});

test("a guest sees what is public, is one after a reload, and is forgotten when they leave", async () => {
  const { client, asked, store } = guest();
  await client.enterAsGuest();
  await client.products({ search: "hat" }).catch(() => {});
  await client.categories().catch(() => {});
  assert.deepEqual(asked.map(({ url }) => url), ["products?search=hat", "categories"].map((rest) => `https://api.example/guests/${rest}`));
  const fetch = async () => json(200, CONFIG);
  assert.ok((await VtoClient.load("config.json", { store, fetch, WebSocket: Wire })).guest instanceof Guest);
  client.leaveAsGuest();
  assert.equal((await VtoClient.load("config.json", { store, fetch })).guest, null);
});

test("a guest who leaves while a ticket is under way is forgotten all the same", async () => {
  const store = stored(null);
  let answer;
  const one = new Guest({ post: () => new Promise((done) => (answer = done)) }, "wss://live.example", store, "key", Wire);
  const lost = one.job("j");
  await until(() => answer);
  one.leave();
  answer({ ticket: "t", guest: "secret" });
  await assert.rejects(lost, { code: "offline" });
  assert.equal(store.getItem("key"), null);
});

test("two sockets that are opened at once are of one guest", async () => {
  Wire.all = [];
  const asked = [];
  const post = async (path, body) => (asked.push(body), await new Promise(setImmediate), { ticket: "t", guest: body.guest ?? `new ${asked.length}` });
  const one = new Guest({ post }, "wss://live.example", stored(null), "key", Wire);
  one.live.watch("j", () => {});
  one.job("j").catch(() => {});
  await until(() => Wire.all.length === 2);
  assert.deepEqual(asked, [{}, { guest: "new 1" }]);
  one.leave();
});

// --- photos ----------------------------------------------------------------------------------------------------------

test("a photo keeps its shape within the limit and is never enlarged", () => {
  assert.deepEqual(fit(4032, 3024), { width: 2048, height: 1536 });
  assert.deepEqual(fit(3024, 4032), { width: 1536, height: 2048 });
  assert.deepEqual(fit(400, 500), { width: 400, height: 500 });
});

test("a photo is refused before it is sent", () => {
  const limits = { min_side_pixels: 320 };
  assert.equal(refusal({ width: 319, height: 900 }, limits), "photo_too_small");
  assert.equal(refusal({ width: 400, height: 1601 }, limits), "photo_too_narrow");
  assert.equal(refusal({ width: 800, height: 600, brightness: 10 }, limits), "photo_too_dark");
  assert.equal(refusal({ width: 800, height: 600, brightness: 90 }, limits), null);
  assert.equal(Math.round(brightnessOf(Uint8ClampedArray.of(255, 255, 255, 255, 0, 0, 0, 255))), 127);
});
