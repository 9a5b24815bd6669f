// The one error of the client: what the service refused, or why it could not be asked.

/**
 * @property {string} code      the service's own code (docs/errors.md), or one of the client's:
 *   `offline` (no answer), `sign_in_failed`, `photo_*` (refused before the upload), `import_late`, `unsupported`
 * @property {{path: string, problem: string, remedy: string}[]} details  every problem, with its place
 * @property {boolean} retryable  whether the same request may succeed later
 */
export class VtoError extends Error {
  constructor(code, message = code, { details = [], retryable = false, status = 0, jobId = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { name: "VtoError", code, details, retryable, status, jobId, retryAfter });
  }

  /** The error that a document of the service describes (an answer, a frame, or a job's `error`). */
  static from(document, status = 0) {
    return new VtoError(document.code, document.message, {
      details: document.details ?? [],
      retryable: document.retryable === true,
      jobId: document.job_id ?? null,
      retryAfter: document.retry_after_seconds ?? null,
      status,
    });
  }
}
