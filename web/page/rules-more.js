// What the page decides once something was chosen or is being made: parameters, progress, names; and what to do about errors. Tested with `node --test`.

/** What to do about each error: one action. */
export const ACTIONS = {
  again:
    "request_conflict queue_full expired cancelled model_throttled model_unavailable model_timeout model_failed " +
    "bad_model_output no_engine storage_unavailable execution_lost internal job_closed already_claimed too_late not_your_turn offline slow_down",
  sign_in: "not_authorized sign_in_required",
  photo:
    "picture_missing picture_rejected content_blocked picture_blocked results_blocked photo_wrong_type photo_unreadable " +
    "photo_too_small photo_too_narrow photo_too_dark import_late upload_failed",
  product: "erased not_found forbidden unsupported model_refused model_quota_exceeded model_access_denied model_retired",
  options: "invalid_request prompt_blocked",
  history: "too_many_jobs budget_exhausted spending_stopped notifier_unavailable",
};

/** The action for an error's code; of an unknown one, by whether it may pass. */
export const actionFor = (error) =>
  Object.keys(ACTIONS).find((action) => ACTIONS[action].split(" ").includes(error.code)) ??
  (error.retryable === false && error.code ? "product" : "again");

export const DEFAULTS = { mask: "auto", styling: {}, keep: {}, images: 1 };

/**
 * The parameters of a try-on: what the service proposes, with the shopper's choices over it.
 * @param {object} choices
 * @param {object | null} proposal the plan's `parameters`
 * @returns {object | undefined} nothing when nothing was chosen: then the service's own proposal holds
 */
export function parametersFor(choices, proposal) {
  const { mask, styling, keep, images } = { ...DEFAULTS, ...choices };
  const styled = given(styling);
  const made = structuredClone(proposal ?? {});
  const shape = choices.shape && { maskShape: choices.shape };
  if (mask === "class") only(made, "garmentBasedMask", "GARMENT", { garmentClass: choices.garmentClass || "UPPER_BODY" });
  if (mask === "words") only(made, "promptBasedMask", "PROMPT", { maskPrompt: choices.words ?? "" });
  if (mask === "paint") only(made, "imageBasedMask", "IMAGE", { maskImage: choices.maskImage ?? "" });
  const chosen = made.garmentBasedMask ?? made.promptBasedMask;
  if (shape && chosen) Object.assign(chosen, shape);
  if (styled && made.garmentBasedMask) made.garmentBasedMask.garmentStyling = { ...made.garmentBasedMask.garmentStyling, ...styled };
  if (given(keep)) made.maskExclusions = { ...made.maskExclusions, ...given(keep) };
  if (choices.merge) made.mergeStyle = choices.merge;
  if (choices.returnMask) made.returnMask = true;
  const config = given({ numberOfImages: images > 1 && images, quality: choices.quality, seed: seedOf(choices.seed) });
  if (config) made.imageGenerationConfig = { ...made.imageGenerationConfig, ...config };
  const changed = mask !== "auto" || shape || styled || given(keep) || choices.merge || choices.returnMask || config;
  return changed ? made : undefined;
}

function only(made, object, maskType, content) {
  for (const other of ["garmentBasedMask", "promptBasedMask", "imageBasedMask"]) delete made[other];
  Object.assign(made, { maskType, [object]: content });
}

const seedOf = (text) => (/^\d{1,10}$/.test(text ?? "") ? Math.min(Number(text), 2147483646) : null);

/** What of an object was chosen, or null. */
function given(object) {
  const chosen = Object.entries(object).filter(([, value]) => value || value === 0);
  return chosen.length ? Object.fromEntries(chosen) : null;
}

/** The steps of a job for the eye: each with `done`, `now` or `next`. */
export function steps(job) {
  const all = ["created", "validating", "queued", "generating", "storing"];
  const at = job.status === "completed" ? all.length : all.indexOf(job.stage ?? "created");
  return all.map((stage, place) => ({ stage, state: place < at ? "done" : place === at ? "now" : "next" }));
}

/** Whole seconds that a job takes by its last estimate, or null; the estimate counts from the snapshot that brought it. */
export const expected = (job, told, now) => (job.eta_seconds === null ? null : Math.ceil(job.eta_seconds - (now - told) / 1000));

/** The label of a field of the contract, where the page has one: `parameters.mergeStyle` is `mergeStyle`. */
export const labelOf = (path) => path.split(".").at(-1).replace("maskShape", "mask_shape");

/** A file name without anything that a file system may mind. */
export const fileName = (name, id, type) =>
  `try-on-${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "picture"}-${id.slice(0, 8)}.${type.split("/").at(-1).replace("jpeg", "jpg")}`;
