// What a client knows of a job: snapshots come in any order, twice, over two ways; the highest `seq` is the truth.

export const STAGES = ["validating", "queued", "generating", "storing"];

/** Whether a job will not change any more. */
export const hasEnded = (job) => job.status === "completed" || job.status === "error";

/**
 * The newer of two snapshots of one job; of two equal ones, that with the longer-lived links.
 * @param {object | null | undefined} known
 * @param {object} came
 */
export function newest(known, came) {
  if (!known || known.id !== came.id || came.seq > known.seq) return came;
  return came.seq === known.seq && (came.expires_at ?? "") > (known.expires_at ?? "") ? came : known;
}

/** How long to wait before the n-th new attempt (from 0), in ms: grows, is never the same for all, and has an end. */
export const backoff = (attempt, random = Math.random, base = 500, most = 30_000) =>
  Math.round(random() * Math.min(most, base * 2 ** attempt));
