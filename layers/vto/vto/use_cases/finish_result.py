"""The last piece of a finished result, its manifest: for the step that writes it, and for when that did not live to."""

import json
from dataclasses import dataclass

from vto.domain.job import Job
from vto.domain.storage import MANIFEST, S3Url, result_key
from vto.ports import Pictures, Results


@dataclass(frozen=True, slots=True)
class FinishResult:
    """Does for a completed job what its execution did not live to do: the manifest, whose event delivers the result.

    There is no search for such jobs. Between a job's last status and its manifest an execution can end in two ways
    only, by an error that it catches (Record Failure is asked) or by being killed (the rule on failed executions asks
    the same function), so both ask here. A marker on every job, or a list of every result, would cost each try-on
    something for what all but none of them needs (docs/decisions/0020).
    """

    pictures: Pictures
    results: Results
    results_bucket: str

    def __call__(self, job: Job) -> None:
        """Finish a completed job's result; harmless when repeated, or when nothing was missing.

        Raises:
            StorageUnavailableError: S3 or DynamoDB did not answer: it has to be asked again.
        """
        write_manifest(self.pictures, self.results_bucket, job)
        if job.cache_key:
            self.results.release(job.cache_key, job.id)  # what was offered for reuse stays


def write_manifest(pictures: Pictures, results_bucket: str, job: Job) -> None:
    """Write what a completed job has come to, for whoever is told by the object's event."""
    manifest = {
        "job_id": job.id,
        "version": job.version,
        "images": [{"s3_url": image.s3_url, "sha256": image.sha256} for image in job.images],
        "mask_s3_url": job.mask_s3_url,
        "engine": job.engine,
    }
    url = S3Url(results_bucket, result_key(job.id, MANIFEST))
    pictures.write(url, json.dumps(manifest).encode(), "application/json", {"job-id": job.id})
