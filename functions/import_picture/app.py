"""S3 → SQS: an upload below ``products/`` or ``models/`` becomes a row of its catalogue."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import s3_objects, with_partial_failures
from vto.telemetry import observed

bootstrap.prepare(bootstrap.import_picture, bootstrap.upload_queues)


@observed("import_picture")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Import each upload by itself: one that fails comes again alone and soon, its neighbours do not."""
    import_picture = bootstrap.import_picture()
    answer = with_partial_failures(
        s3_objects(event), lambda upload: import_picture(upload.url, upload.sequencer, upload.time)
    )
    bootstrap.upload_queues().retry_soon(event, answer)
    return answer
