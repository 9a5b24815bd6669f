// What the page decides without looking at anything, as far as it is needed at first. Tested with `node --test`.

/** What has to be chosen yet, as a key of the strings; null when nothing is missing. */
export const missing = (choices) =>
  choices?.mask === "words" && !choices.words ? "words_first" : choices?.mask === "paint" && !choices.maskImage ? "paint_first" : null;

/** The photo to begin with: the last one used, else one's own newest; for clothes else the first sample person. */
export function firstModel(models, product, last) {
  const ready = models.filter((one) => one.readiness === "ready");
  const known = ready.find((one) => one.model_id === last) ?? (last ? null : ready.find((one) => one.is_own));
  return known ?? (product.garment_class ? ready.find((one) => !one.is_own && one.category !== "rooms") : null) ?? null;
}

/** The version of the policy to agree to, and how long photos are kept; null where the service does not say. */
export const consentOf = (config) => ({
  version: config.consent?.policy_version ?? null,
  url: config.consent?.policy_url ?? null,
  days: config.retention?.prepared_days ?? config.retention_days ?? null,
});

const UNNAMED = "My photo"; // what the service calls a photo of one's own, until it is given a name

/** What a photo is called; one of one's own without a name `unnamed`, in the shopper's language. */
export const nameOf = (model, unnamed) => (model.is_own && model.name === UNNAMED ? unnamed : model.name || unnamed);
