"""Fills a running stack's catalogue as a shop would: by uploading files to `products/` and `models/`."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.shopper import content_type_of
from local.stack import Endpoints
from samples.catalogue import CATALOGUE, Sample
from vto.domain.catalogue import model_id_of, product_id_of


@dataclass(frozen=True)
class Uploaded:
    """One uploaded sample and the id that its catalogue row will have."""

    sample: Sample
    item_id: str


def upload(endpoints: Endpoints, picture: Path, key: str, metadata: Mapping[str, str]) -> None:
    """Upload one picture of the shop's own."""
    endpoints.client("s3").put_object(
        Bucket=endpoints.buckets["uploads"],
        Key=key,
        Body=picture.read_bytes(),
        ContentType=content_type_of(picture),
        Metadata=dict(metadata),
    )


def upload_samples(endpoints: Endpoints, folder: Path, samples: Iterable[Sample] = CATALOGUE) -> list[Uploaded]:
    """Draw the sample pictures, where the folder does not have them yet, and upload them.

    Args:
        endpoints: The stack.
        folder: Where the drawn pictures are kept.
        samples: Which ones.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def one(sample: Sample) -> Uploaded:
        picture = folder / sample.file
        if not picture.exists():
            sample.write(folder)
        metadata = {"name": sample.name, "category": sample.category, "description": sample.description}
        if sample.garment_class:
            metadata["garment-class"] = sample.garment_class
        upload(endpoints, picture, sample.key, metadata)
        return Uploaded(sample, product_id_of(sample.key) if sample.kind == "product" else model_id_of(sample.key))

    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(one, samples))
