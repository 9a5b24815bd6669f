// How a picture gets to the service: prepared here, uploaded to a place of one's own, and taken in there.

import { pause } from "./api.js";
import { VtoError } from "./errors.js";
import { preparePhoto } from "./photo.js";

const IMPORT_SECONDS = 60;

/** `VtoClient.uploadPhoto`. */
export async function uploadPhoto(vto, file, { policyVersion = null } = {}) {
  const { blob } = await preparePhoto(file, (await vto.config()).upload);
  const { upload_id: id } = await send(vto, "photo", blob, policyVersion);
  const until = Date.now() + IMPORT_SECONDS * 1000;
  for (let wait = 400; Date.now() < until; wait = Math.min(4000, wait * 1.6)) {
    // the service need not wait for word of the upload: it is told here
    const { state, model, reason } = await vto.api.post(`/uploads/${encodeURIComponent(id)}/complete`);
    if (state === "ready") return model;
    if (state === "rejected") throw new VtoError("picture_rejected", reason);
    await pause(wait);
  }
  throw new VtoError("import_late", undefined, { retryable: true });
}

/** `VtoClient.uploadMask`. */
export const uploadMask = async (vto, png, { policyVersion = null } = {}) => (await send(vto, "mask", png, policyVersion)).s3_url;

async function send(vto, kind, blob, policyVersion) {
  const consent = policyVersion && { consent: { policy_version: policyVersion } };
  const offer = await vto.api.post("/uploads", { kind, content_type: blob.type, ...consent });
  const form = new FormData();
  for (const [name, value] of Object.entries(offer.fields)) form.append(name, value);
  form.append("file", blob);
  const answer = await vto.fetch(offer.url, { method: "POST", body: form }).catch(() => null);
  if (!answer?.ok) throw new VtoError("upload_failed", undefined, { status: answer?.status, retryable: true });
  return offer;
}
