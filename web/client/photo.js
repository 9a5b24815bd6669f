// A photo as it is sent: upright, no larger than useful, and nothing in it but the picture. Drawing it anew leaves out
// all that a camera writes into the file (place, time, device).

import { VtoError } from "./errors.js";

const SIDE = 2048; // px; the service prepares smaller ones from it
const ASPECT = 4; // neither side more than four times the other (docs/contract.md)
const DARKEST = 26; // mean brightness of 255 below which nobody can be made out

/** The size that a picture is drawn in: within `side`, never enlarged. */
export function fit(width, height, side = SIDE) {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * What is wrong with a picture of this size and brightness, or null.
 * @param {{min_side_pixels: number}} limits `upload` of GET /config
 */
export function refusal({ width, height, brightness = 255 }, limits) {
  const sent = fit(width, height);
  if (Math.min(width, height) < limits.min_side_pixels) return "photo_too_small";
  if (Math.max(width, height) > ASPECT * Math.min(width, height)) return "photo_too_narrow";
  if (Math.min(sent.width, sent.height) < limits.min_side_pixels) return "photo_too_narrow";
  return brightness < DARKEST ? "photo_too_dark" : null;
}

/** Mean brightness (0 to 255) of RGBA pixels. */
export function brightnessOf(pixels) {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    sum += 0.2126 * pixels[at] + 0.7152 * pixels[at + 1] + 0.0722 * pixels[at + 2];
  }
  return pixels.length ? sum / (pixels.length / 4) : 0;
}

/**
 * A photo ready to be uploaded.
 * @param {Blob} file what the shopper chose
 * @param {object} limits `upload` of GET /config
 * @returns {Promise<{blob: Blob, width: number, height: number}>} a JPEG
 * @throws {VtoError} `photo_wrong_type`, `photo_unreadable`, `photo_too_small`, `photo_too_narrow`, `photo_too_dark`
 */
export async function preparePhoto(file, limits) {
  if (!file || !file.type?.startsWith("image/") || file.type === "image/svg+xml") throw new VtoError("photo_wrong_type");
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new VtoError("photo_unreadable");
  }
  const { width, height } = fit(picture.width, picture.height, Math.min(SIDE, limits.max_side_pixels ?? SIDE));
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // what is transparent becomes white, not black
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, width, height);
  const wrong = refusal({ width: picture.width, height: picture.height, brightness: meanOf(canvas) }, limits);
  picture.close();
  if (wrong) throw new VtoError(wrong);
  return { blob: await canvas.convertToBlob({ type: "image/jpeg", quality: 0.88 }), width, height };
}

function meanOf(canvas) {
  const small = new OffscreenCanvas(32, 32);
  const pen = small.getContext("2d");
  pen.drawImage(canvas, 0, 0, 32, 32);
  return brightnessOf(pen.getImageData(0, 0, 32, 32).data);
}
