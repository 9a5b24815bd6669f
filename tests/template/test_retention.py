"""Whatever is kept of a person has an end: each prefix that the code writes to, and each row that names somebody."""

from typing import Any

import pytest

from scripts import privacy
from scripts.facts import ROOT
from scripts.template.reading import BUCKET, TABLE, Template, read_template, resources
from scripts.template.storage import EXPIRING, KEPT
from tests.unit.vto.world import ALICE, new_job, photo
from vto.domain import erasure, storage, times
from vto.domain.catalogue import Kind
from vto.domain.retention import NONCURRENT_DAYS, ORIGINAL_DAYS, retention
from vto.testing import NOON
from vto.use_cases.store_result import REUSE_MARGIN_DAYS

DAYS = {"Ref": "RetentionDays"}
# For every prefix that the code writes to: the key that it makes, and which rule ends it.
ENDS: dict[str, tuple[str, str, str | None]] = {
    "a private photo as it was uploaded": (
        "UploadsBucket",
        storage.user_model_prefix("u"),
        "private-photos-as-uploaded",
    ),
    "a mask as it was uploaded": ("UploadsBucket", storage.user_mask_prefix("u"), "masks-as-uploaded"),
    "a prepared photo": ("UploadsBucket", storage.prepared_model_key("m", "u", "0" * 64), "prepared-private-photos"),
    "a prepared mask": ("UploadsBucket", storage.prepared_mask_key("j"), "prepared-masks"),
    "what an engine answered": ("ResultsBucket", storage.generated_prefix("j", 1), "unverified-answers"),
    "a result": ("ResultsBucket", storage.result_key("j", "0.png"), "results"),
    "a manifest": ("ResultsBucket", storage.result_key("j", storage.MANIFEST), "results"),
    "what is shown of a result": ("ResultsBucket", storage.derived_key("j", "0.webp"), "what-is-shown-of-results"),
    "a product": ("UploadsBucket", f"{storage.PRODUCTS}shirt.jpg", None),
    "a stock model": ("UploadsBucket", f"{storage.STOCK_MODELS}robin.jpg", None),
    "a prepared product": ("UploadsBucket", storage.prepared_product_key("p", "0" * 64), None),
    "a prepared stock model": ("UploadsBucket", storage.prepared_model_key("m", None, "0" * 64), None),
}
LIMITS = {
    "private-photos-as-uploaded": ORIGINAL_DAYS,
    "masks-as-uploaded": ORIGINAL_DAYS,
    "unverified-answers": 1,
    "prepared-private-photos": DAYS,
    "prepared-masks": DAYS,
    "results": DAYS,
    "what-is-shown-of-results": DAYS,
}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


def rules(template: Template, bucket: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dict(resources(template, BUCKET))[bucket]["LifecycleConfiguration"]["Rules"]
    return found


@pytest.mark.parametrize("what", ENDS)
def test_what_is_written_ends_by_one_rule_or_is_the_shops_catalogue(template: Template, what: str) -> None:
    bucket, key, rule = ENDS[what]
    ending = [one for one in rules(template, bucket) if one.get("Prefix") and key.startswith(one["Prefix"])]
    assert [one["Id"] for one in ending] == ([rule] if rule else [])
    if rule is None:
        assert any(key.startswith(prefix) for prefix in KEPT[bucket])
    else:
        assert [one["ExpirationInDays"] for one in ending] == [LIMITS[rule]]


def test_every_rule_ends_something_that_is_written(template: Template) -> None:
    used = {rule for _, _, rule in ENDS.values()}
    there = {one["Id"] for bucket in EXPIRING for one in rules(template, bucket)}
    assert there - used == {"leftovers"}


def test_old_versions_go_after_a_day_and_markers_without_any_too_in_both_buckets(template: Template) -> None:
    for bucket in EXPIRING:
        (leftovers,) = [one for one in rules(template, bucket) if one["Id"] == "leftovers"]
        assert "Prefix" not in leftovers
        assert leftovers["NoncurrentVersionExpiration"] == {"NoncurrentDays": NONCURRENT_DAYS}
        assert leftovers["ExpiredObjectDeleteMarker"] is True


def test_rows_of_people_carry_their_end(template: Template) -> None:
    month = times.epoch(NOON, days=30)
    assert new_job(now=NOON).ttl == month
    assert photo("me", ALICE).kind is Kind.MODEL
    assert REUSE_MARGIN_DAYS >= 1  # a result is withdrawn before its pictures go
    for _, properties in resources(template, TABLE):
        assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_what_a_page_is_told_is_what_the_template_does() -> None:
    assert retention(30) == {
        "uploaded_days": 1, "prepared_days": 30, "results_days": 30, "try_ons_days": 30, "old_versions_days": 1
    }  # fmt: skip


def test_the_privacy_page_knows_every_place_and_every_table(template: Template) -> None:
    assert set(privacy.PLACES) == {prefix for prefixes in EXPIRING.values() for prefix in prefixes}
    assert len(privacy.ROWS) == len(dict(resources(template, TABLE)))
    page = (ROOT / "docs" / "privacy.md").read_text()
    for generated in (privacy.places(), privacy.rows(), privacy.figures(), privacy.removals()):
        assert generated in page


def test_the_times_of_the_privacy_pages_sentences_are_those_of_the_template(template: Template) -> None:
    page = (ROOT / "docs" / "privacy.md").read_text()
    dead = dict(resources(template, "AWS::SQS::Queue"))["ErasuresDeadLetterQueue"]
    assert f"for {dead['MessageRetentionPeriod'] // 86400} days" in page
    assert f"kept for | {erasure.RECEIPT_DAYS} days" in page
    assert all("RecoveryPeriodInDays" not in str(one) for _, one in resources(template, TABLE))  # 35 is AWS's own
