// How the picture of the state machine is laid out and lit, without looking at anything. Tested with `node --test`.

import STATES from "./states.js";

const states = new Map(STATES.map(([name, type, stage, next, caught]) => [name, { name, type, stage, next, caught }]));

/** The way of a try-on that works, from the first state to its end. */
export const WAY = [];
for (let at = STATES[0][0]; at; at = states.get(at).next[0]) WAY.push(at);

/** Where each state stands: the way in one column, what lies beside it in another, as near to where it begins as it can. */
export const PLACES = (() => {
  const places = new Map(WAY.map((name, row) => [name, { column: 0, row }]));
  const beside = [...states.keys()].filter((name) => !places.has(name));
  const from = (name) => Math.min(...WAY.map((one, row) => (leadsTo(one).includes(name) ? row : Infinity)));
  // waits, and ends that the way leads to, stand where they begin; what follows on errors below, one after the other
  const rows = new Set();
  const free = (row) => [...Array(99).keys()].find((n) => n >= row && !rows.has(n));
  const follows = (name) => ["Task", "Choice"].includes(states.get(name).type) || from(name) === Infinity;
  for (const name of beside.sort((a, b) => follows(a) - follows(b))) {
    const row = free(follows(name) ? 0 : from(name));
    rows.add(row);
    places.set(name, { column: 1, row });
  }
  return places;
})();

function leadsTo(name) {
  const { next, caught } = states.get(name);
  return [...next, ...caught];
}

/** Every way from one state to another: `{from, to, isError}`. */
export const EDGES = [...states.values()].flatMap(({ name, next, caught }) => [
  ...next.map((to) => ({ from: name, to, isError: false })),
  ...caught.filter((to) => !next.includes(to)).map((to) => ({ from: name, to, isError: true })),
]);

/** The stage that each state of the way belongs to: the one that began last. */
const STAGES = new Map();
const last = WAY.findLast((name) => states.get(name).stage);
for (const [place, name] of WAY.entries()) {
  const { stage } = states.get(name);
  const before = WAY[place - 1];
  STAGES.set(name, stage ?? (before === last || STAGES.get(before) === "completed" ? "completed" : STAGES.get(before)));
}

/**
 * What is known of each state from a job's snapshot: `now`, `done`, or nothing. The service tells stages, not states.
 * @param {object} job
 * @returns {Map<string, string>} empty when the machine had nothing to do, as an equal picture was there
 */
export function lit(job) {
  const seen = new Set(job.stages.map(({ status, stage }) => stage ?? status));
  const isNew = job.status === "created"; // the first state takes it
  const now = isNew ? STAGES.get(WAY[0]) : job.stage ?? job.status;
  const found = new Map();
  if (!isNew && !job.stages.some(({ stage }) => stage)) return found;
  // no stage tells of a state that had nothing to do; only what the way may leave out was not passed
  const furthest = WAY.findLastIndex((name) => STAGES.get(name) === now || (!isNew && seen.has(STAGES.get(name))));
  for (const [place, name] of WAY.entries()) {
    if (STAGES.get(name) === now && now !== "completed") found.set(name, "now");
    else if (!isNew && (seen.has(STAGES.get(name)) || (place < furthest && !mayBeLeftOut(name)))) found.set(name, "done");
  }
  if (job.notice) for (const name of waitsOf(now)) found.set(name, "now");
  if (now === "error") for (const name of failing()) found.set(name, "done");
  return found;
}

function mayBeLeftOut(name) {
  const place = WAY.indexOf(name);
  const row = (one) => WAY.indexOf(one);
  return EDGES.some(({ from, to, isError }) => !isError && row(from) >= 0 && row(from) < place && row(to) > place);
}

const waitsOf = (stage) =>
  [...states.keys()].filter((name) => states.get(name).type === "Wait" && PLACES.get(name).column === 1 && STAGES.get(states.get(name).next[0]) === stage);

/** The states from an error to where its end is chosen; which end it is the service knows. */
function failing() {
  const way = [states.get(WAY[0]).caught.at(-1)];
  while (states.get(way.at(-1)).type !== "Choice") way.push(states.get(way.at(-1)).next[0]);
  return way;
}

/** Whether a job went this way: not round what it went through. */
export function wasTaken({ from, to, isError }, states) {
  if (isError || states.get(from) !== "done" || !states.has(to)) return false;
  const [start, end] = [WAY.indexOf(from), WAY.indexOf(to)];
  return end < 0 ? start < 0 : !WAY.slice(start + 1, end).some((name) => states.has(name));
}
