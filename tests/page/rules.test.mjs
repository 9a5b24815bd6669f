// What the page decides: parameters from choices, progress from snapshots, actions for errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, fill, readable } from "../../web/page/i18n.js";
import { EDGES, lit, PLACES, wasTaken, WAY } from "../../web/page/machine-rules.js";
import * as first from "../../web/page/rules.js";
import * as later from "../../web/page/rules-more.js";

const rules = { ...first, ...later };

const PROPOSAL = {
  maskType: "GARMENT",
  garmentBasedMask: { garmentClass: "UPPER_BODY", maskShape: "BOUNDING_BOX", garmentStyling: { outerLayerStyle: "OPEN" } },
  maskExclusions: { preserveFace: "ON" },
  imageGenerationConfig: { numberOfImages: 1, quality: "standard", cfgScale: 6.5, seed: 12 },
};

test("who chooses nothing sends no parameters: the service's own proposal holds", () => {
  assert.equal(rules.parametersFor({}, PROPOSAL), undefined);
  assert.equal(rules.parametersFor(rules.DEFAULTS, PROPOSAL), undefined);
  assert.equal(rules.parametersFor({ ...rules.DEFAULTS, seed: "abc", styling: { tuckingStyle: "" } }, PROPOSAL), undefined);
});

test("a choice changes the proposal and leaves the rest of it", () => {
  const made = rules.parametersFor({ styling: { tuckingStyle: "TUCKED" }, keep: { preserveHands: "ON" }, images: 3 }, PROPOSAL);
  assert.deepEqual(made.garmentBasedMask, {
    garmentClass: "UPPER_BODY",
    maskShape: "BOUNDING_BOX",
    garmentStyling: { outerLayerStyle: "OPEN", tuckingStyle: "TUCKED" },
  });
  assert.deepEqual(made.maskExclusions, { preserveFace: "ON", preserveHands: "ON" });
  assert.equal(made.imageGenerationConfig.numberOfImages, 3);
  assert.equal(made.imageGenerationConfig.seed, 12);
  assert.equal(PROPOSAL.maskExclusions.preserveHands, undefined, "the proposal itself is not touched");
});

test("another kind of mask replaces the proposed one", () => {
  for (const [choices, maskType, object] of [
    [{ mask: "words", words: "the sofa" }, "PROMPT", { promptBasedMask: { maskPrompt: "the sofa" } }],
    [{ mask: "paint", maskImage: "s3://b/k.png" }, "IMAGE", { imageBasedMask: { maskImage: "s3://b/k.png" } }],
    [{ mask: "class", garmentClass: "FOOTWEAR" }, "GARMENT", { garmentBasedMask: { garmentClass: "FOOTWEAR" } }],
  ]) {
    const made = rules.parametersFor(choices, PROPOSAL);
    assert.equal(made.maskType, maskType);
    const masks = Object.fromEntries(Object.entries(made).filter(([name]) => name.endsWith("BasedMask")));
    assert.deepEqual(masks, object);
  }
});

test("an outline and styling go only where the contract has them", () => {
  const painted = rules.parametersFor({ mask: "paint", maskImage: "s3://b/k", shape: "CONTOUR", styling: { tuckingStyle: "TUCKED" } }, null);
  assert.deepEqual(painted, { maskType: "IMAGE", imageBasedMask: { maskImage: "s3://b/k" } });
});

test("a seed is a whole number that the contract takes", () => {
  assert.equal(rules.parametersFor({ seed: "0" }, PROPOSAL).imageGenerationConfig.seed, 0);
  assert.equal(rules.parametersFor({ seed: "9999999999" }, PROPOSAL).imageGenerationConfig.seed, 2147483646);
});

test("what is missing is asked for before anything is sent", () => {
  assert.equal(rules.missing({ mask: "paint" }), "paint_first");
  assert.equal(rules.missing({ mask: "words", words: "" }), "words_first");
  assert.equal(rules.missing({ mask: "words", words: "hat" }), null);
  assert.equal(rules.missing({}), null);
});

test("an error has one action, also one that is not known yet", () => {
  assert.equal(rules.actionFor({ code: "queue_full" }), "again");
  assert.equal(rules.actionFor({ code: "picture_blocked" }), "photo");
  assert.equal(rules.actionFor({ code: "of_tomorrow", retryable: true }), "again");
  assert.equal(rules.actionFor({ code: "of_tomorrow", retryable: false }), "product");
  assert.equal(rules.actionFor(new TypeError("a bug of ours")), "again");
});

test("steps are done, now and next; a job that queues again goes back", () => {
  assert.equal(rules.steps({ status: "created", stage: null })[0].state, "now");
  assert.equal(rules.steps({ status: "created", stage: null })[1].state, "next");
  assert.equal(rules.steps({ status: "processing", stage: "generating" })[3].state, "now");
  assert.equal(rules.steps({ status: "processing", stage: "queued" })[3].state, "next");
  assert.ok(rules.steps({ status: "completed", stage: null }).every((step) => step.state === "done"));
});

test("what is left counts down from the snapshot that told it", () => {
  assert.equal(rules.expected({ eta_seconds: 9 }, 1000, 4000), 6);
  assert.equal(rules.expected({ eta_seconds: 2 }, 1000, 6000), -3);
  assert.equal(rules.expected({ eta_seconds: null }, 0, 0), null);
});

test("the first photo is the last one used; clothes begin with a sample person, furniture with none", () => {
  const ready = { readiness: "ready" };
  const models = [
    { model_id: "mine", is_own: true, ...ready },
    { model_id: "room", is_own: false, category: "rooms", ...ready },
    { model_id: "robin", is_own: false, category: "people", ...ready },
    { model_id: "bad", is_own: true, readiness: "rejected" },
  ];
  const shirt = { garment_class: "UPPER_BODY" };
  assert.equal(rules.firstModel(models, shirt, null).model_id, "mine");
  assert.equal(rules.firstModel(models.slice(1), shirt, null).model_id, "robin");
  assert.equal(rules.firstModel(models, shirt, "mine").model_id, "mine");
  assert.equal(rules.firstModel(models, shirt, "bad").model_id, "robin");
  assert.equal(rules.firstModel(models, { garment_class: null }, "gone"), null);
});

test("consent and retention are the service's, and absent where it says nothing", () => {
  const told = { consent: { policy_version: "3" }, retention: { prepared_days: 7 }, retention_days: 30 };
  assert.deepEqual(rules.consentOf(told), { version: "3", url: null, days: 7 });
  assert.deepEqual(rules.consentOf({ retention_days: 30 }), { version: null, url: null, days: 30 });
});

test("a download has a name that every file system takes", () => {
  assert.equal(rules.fileName("Breton T-shirt / XL", "0123456789", "image/png"), "try-on-breton-t-shirt-xl-01234567.png");
  assert.equal(rules.fileName("…", "abc", "image/jpeg"), "try-on-picture-abc.jpg");
});

test("the language is the first one that the shopper reads and the page speaks", () => {
  assert.equal(choose(["de-AT", "ja-JP", "en"]), "ja");
  assert.equal(choose(["fr"]), "en");
});

test("words are filled in, and the contract's values read as words", () => {
  assert.equal(fill("Picture {n} of {of}", { n: 1, of: 3 }), "Picture 1 of 3");
  assert.equal(fill("{x}", {}), "{x}");
  assert.equal(readable("LONG_SLEEVE_SHIRT"), "Long sleeve shirt");
});

test("a photo that was given no name is called what the shopper's language calls it", () => {
  assert.equal(rules.nameOf({ is_own: true, name: "My photo" }, "your photo"), "your photo");
  assert.equal(rules.nameOf({ is_own: true, name: "At the sea" }, "your photo"), "At the sea");
  assert.equal(rules.nameOf({ is_own: false, name: "Robin" }, "your photo"), "Robin");
});

// --- the state machine -------------------------------------------------------------------------------------------------

const snapshot = (status, stage, ...passed) => ({
  status,
  stage,
  notice: null,
  stages: [{ status: "created", stage: null }, ...passed.map((one) => ({ status: "processing", stage: one }))],
});

test("every state of the machine has a place of its own, and the way goes from its start to its good end", () => {
  assert.equal(WAY[0], "Validate Request");
  assert.equal(WAY.at(-1), "Notify Client");
  const places = [...PLACES.values()].map(({ column, row }) => `${column}/${row}`);
  assert.equal(new Set(places).size, places.length);
  for (const { from, to } of EDGES) assert.ok(PLACES.has(from) && PLACES.has(to), `${from} to ${to}`);
});

test("the states of the job's stage are lit, and those before are done", () => {
  const states = lit(snapshot("processing", "generating", "validating", "queued", "generating"));
  assert.equal(states.get("Invoke Model"), "now");
  assert.equal(states.get("Reserve Slot"), "done");
  assert.equal(states.get("Call Now?"), "done");
  assert.equal(states.has("Store Result"), false);
  assert.deepEqual([...lit(snapshot("created", null))], [["Validate Request", "now"]]);
});

test("a completed job has gone all of the way, and none of it round", () => {
  const job = snapshot("completed", null, "validating", "queued", "generating", "storing");
  job.stages.push({ status: "completed", stage: null });
  const states = lit(job);
  assert.ok(WAY.every((name) => states.get(name) === "done"));
  assert.ok(wasTaken({ from: "Validate Request", to: "Reserve Slot" }, states));
  assert.equal(wasTaken({ from: "Call Now?", to: "Store Result" }, states), false);
});

test("an equal picture that was found on the way leaves out what was not needed", () => {
  const job = snapshot("completed", null, "validating", "storing");
  job.stages.push({ status: "completed", stage: null });
  const states = lit(job);
  assert.equal(states.has("Invoke Model"), false);
  assert.equal(states.get("Reserve Slot"), "done", "it is passed, and takes no slot");
  assert.ok(wasTaken({ from: "Call Now?", to: "Store Result" }, states));
});

test("one that was answered at once has lit nothing; one that waits for an engine lights the wait; one that failed its end", () => {
  const job = snapshot("completed", null);
  job.stages.push({ status: "completed", stage: null });
  assert.equal(lit(job).size, 0);
  assert.equal(lit({ ...snapshot("processing", "queued", "validating", "queued"), notice: "Please wait." }).get("Wait For Engine"), "now");
  const failed = snapshot("error", null, "validating");
  failed.stages.push({ status: "error", stage: null });
  assert.equal(lit(failed).get("Record Failure"), "done");
  assert.equal(lit(failed).has("Notify Client"), false);
});
