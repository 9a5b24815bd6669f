// The live socket's life: told bye, it is followed by another one without a gap. Frames are those of frames.json, which
// tests/page/test_live.py holds against docs/asyncapi.yaml.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Live } from "../../web/client/live.js";
import { VtoClient } from "../../web/vto-client.js";

const { sent: SENT, received: SAID } = JSON.parse(readFileSync(new URL("frames.json", import.meta.url)));
const ID = SENT.watch.job_id;

/** A service with sockets, whose clock is the test's. */
function world({ random = 0.5 } = {}) {
  const all = [];
  const tickets = []; // whether each was asked for with a new token
  const state = { refuse: false, job: SAID.running.job, now: 0, polls: 0 };
  class Socket {
    constructor(url) {
      Object.assign(this, { url, readyState: 0, sent: [] });
      all.push(this);
    }
    open() {
      this.readyState = 1;
      this.onopen();
    }
    send(text) {
      assert.equal(this.readyState, 1);
      this.sent.push(JSON.parse(text));
    }
    close() {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.onclose();
    }
    say(frame) {
      this.onmessage({ data: JSON.stringify(frame) });
    }
  }
  const due = new Map();
  let count = 0;
  const setTimer = (every) => (run, ms) => (due.set(++count, { run, at: state.now + ms, every: every && ms }), count);
  const timers = { setTimeout: setTimer(false), setInterval: setTimer(true), clearTimeout: (id) => due.delete(id) };
  timers.clearInterval = timers.clearTimeout;
  const live = new Live({
    WebSocket: Socket,
    timers,
    random: () => random,
    fetchJob: async () => (state.polls++, state.job),
    address: async (anew) => {
      if (state.refuse) throw new Error("down");
      tickets.push(anew);
      return `wss://live.example?ticket=t${tickets.length}`;
    },
  });
  /** Let time pass, in seconds; every timer fires at its own moment. */
  const pass = async (seconds) => {
    const until = state.now + seconds * 1000;
    for (;;) {
      await settle();
      const next = [...due].sort(([, one], [, other]) => one.at - other.at)[0];
      if (!next || next[1].at > until) break;
      const [id, timer] = next;
      state.now = timer.at;
      if (timer.every) timer.at += timer.every;
      else due.delete(id);
      timer.run();
    }
    state.now = until;
    await settle();
  };
  const opened = async () => {
    const seen = [];
    const stop = live.watch(SAID.running.job, (job) => seen.push(job.seq));
    await settle();
    all[0].open();
    return { seen, stop, first: all[0] };
  };
  return { live, all, tickets, state, pass, opened };
}
const settle = () => new Promise((done) => setImmediate(done));

test("after bye the old socket goes on until the new one has asked for the job", async () => {
  const { all, tickets, pass, opened } = world();
  const { seen, first } = await opened();
  first.say(SAID.deploy);
  assert.equal(first.readyState, 1);
  await pass(89); // 60 seconds, and half of 60 at random
  assert.equal(all.length, 1);
  await pass(2);
  assert.equal(all.length, 2);
  assert.equal(first.readyState, 1);
  assert.notEqual(all[1].url, first.url);
  all[1].open();
  assert.deepEqual(all[1].sent, [SENT.watch]);
  assert.equal(first.readyState, 3);
  all[1].say(SAID.ended);
  assert.deepEqual(seen, [2, 3]);
  assert.deepEqual(tickets, [false, false]);
});

test("what the old socket says meanwhile counts", async () => {
  const { all, pass, opened } = world();
  const { seen, first } = await opened();
  first.say(SAID.maximum_age);
  await pass(4); // one second, and half of five: as few as one second would not spread anybody
  first.say(SAID.ended);
  assert.equal(all.length, 2);
  assert.deepEqual(seen, [2, 3]);
});

test("bye that is said again changes nothing", async () => {
  const { all, pass, opened } = world({ random: 0 });
  const { first } = await opened();
  first.say(SAID.deploy);
  await pass(50);
  first.say(SAID.deploy);
  await pass(11);
  assert.equal(all.length, 2);
});

test("clients that are told at once come back spread over as long again", async () => {
  const came = [];
  for (const random of [0, 0.5, 0.99]) {
    const { all, state, pass, opened } = world({ random });
    const { first } = await opened();
    first.say(SAID.deploy);
    while (all.length === 1) await pass(1);
    came.push(state.now / 1000);
  }
  assert.deepEqual(came, [60, 90, 120]);
});

test("a socket that ends before its client may come back is not replaced earlier; REST is asked meanwhile", async () => {
  const { all, live, state, pass, opened } = world({ random: 0 });
  const { seen, first } = await opened();
  first.say(SAID.deploy);
  await pass(10);
  first.close();
  const asked = state.polls;
  await pass(45);
  assert.equal(all.length, 1);
  assert.ok(state.polls > asked + 10);
  state.job = SAID.ended.job;
  await pass(3);
  assert.deepEqual(seen, [2, 3]);
  await pass(60);
  assert.equal(all.length, 1, "nobody waits any more");
  live.close();
});

test("a next socket that cannot be opened is tried again while the old one lives", async () => {
  const { all, state, pass, opened } = world({ random: 1 });
  const { seen, first } = await opened();
  first.say(SAID.maximum_age);
  state.refuse = true;
  await pass(30);
  assert.equal(first.readyState, 1);
  state.refuse = false;
  await pass(60);
  assert.equal(all.length, 2);
  all[1].close(); // the ticket was not taken
  await pass(60);
  assert.equal(all.length, 3);
  assert.equal(first.readyState, 1);
  all[2].open();
  assert.equal(first.readyState, 3);
  await pass(120);
  assert.equal(all.length, 3);
  all[2].say(SAID.ended);
  assert.deepEqual(seen, [2, 3]);
});

test("an old socket that dies while the next one opens is not replaced twice", async () => {
  const { all, pass, opened } = world({ random: 0 });
  const { first } = await opened();
  first.say(SAID.session);
  await pass(2);
  first.close();
  await pass(20);
  assert.equal(all.length, 2);
  all[1].open();
  assert.deepEqual(all[1].sent, [SENT.watch]);
});

test("with the end of a token the next ticket is bought with a new one", async () => {
  const { tickets, all, pass, opened } = world();
  const { first } = await opened();
  first.say(SAID.session);
  await pass(10);
  all[1].open();
  all[1].close();
  await pass(60);
  assert.deepEqual(tickets, [false, true, false]);
});

test("the page's client renews its token for that ticket", async () => {
  const config = { apiUrl: "https://api.example", socketUrl: "wss://live.example", userPoolId: "eu-west-1_x", userPoolClientId: "c" };
  const asked = [];
  const client = new VtoClient(config, {
    store: null,
    Live,
    fetch: async () => new Response('{"ticket": "t/1"}'),
  });
  client.auth.accessToken = async (anew = false) => (asked.push(anew), "token");
  assert.equal(await client.live.address(true), "wss://live.example?ticket=t%2F1");
  assert.deepEqual(asked, [true, false]);
});

test("who watches nothing any more closes the socket and opens none", async () => {
  const { all, pass, opened } = world();
  const { stop, first } = await opened();
  first.say(SAID.deploy);
  stop();
  await pass(300);
  assert.equal(first.readyState, 3);
  assert.equal(all.length, 1);
});

test("looking at the page again does not shorten the wait of a socket that lives", async () => {
  const { live, all, pass, opened } = world({ random: 0 });
  const { first } = await opened();
  first.say(SAID.deploy);
  live.wake();
  await pass(30);
  assert.equal(all.length, 1);
  await pass(31);
  assert.equal(all.length, 2);
});

test("a socket is pinged within ten minutes, as long as it is the one", async () => {
  const { all, pass, opened } = world();
  const { first } = await opened();
  await pass(9 * 60);
  assert.deepEqual(first.sent, [SENT.watch, SENT.ping]);
  first.say(SAID.pong);
  first.say(SAID.maximum_age);
  await pass(5);
  all[1].open();
  await pass(9 * 60);
  assert.equal(first.sent.length, 2);
  assert.deepEqual(all[1].sent, [SENT.watch, SENT.ping]);
});

test("closed for good, no socket comes back", async () => {
  const { live, all, pass, opened } = world();
  const { first } = await opened();
  first.say(SAID.deploy);
  await pass(91);
  live.close();
  assert.deepEqual(all.map((socket) => socket.readyState), [3, 3]);
  await pass(600);
  assert.equal(all.length, 2);
});

test("a session that is over is an error frame: REST says so for each job", async () => {
  const { state, pass, opened } = world();
  const { first } = await opened();
  const asked = state.polls;
  first.say(SAID.refused);
  await pass(0);
  assert.equal(state.polls, asked + 1);
});
