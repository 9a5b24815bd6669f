"""Where things lie in S3, and when they happened."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto.domain import storage, times
from vto.domain.storage import S3Url, key_from_event

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


@given(key=keys)
def test_an_address_is_read_as_it_was_written(key: str) -> None:
    url = S3Url("some-bucket", key)
    assert S3Url.parse(str(url)) == url


@given(key=keys)
def test_a_key_from_an_event_is_the_key_that_was_uploaded(key: str) -> None:
    assert key_from_event(quote_plus(key, safe="/")) == key


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("products/blue+shirt.jpg", "products/blue shirt.jpg"),
        ("products/a%2Bb.jpg", "products/a+b.jpg"),
        ("products/100%25.jpg", "products/100%.jpg"),
        ("products/Gr%C3%B6%C3%9Fe.jpg", "products/Größe.jpg"),
        ("products/%F0%9F%91%95.jpg", "products/👕.jpg"),
    ],
)
def test_blanks_plus_percent_and_unicode_survive_s3s_encoding(encoded: str, key: str) -> None:
    assert key_from_event(encoded) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "https://bucket.s3.amazonaws.com/key",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "S3://bucket/key",
        "bucket/key",
    ],
)
def test_nothing_else_is_taken_for_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an s3://bucket/key address"):
        S3Url.parse(text)


def test_the_places_of_uploads_prepared_pictures_and_results_do_not_meet() -> None:
    written = [
        storage.prepared_product_key("p", "d"),
        storage.prepared_model_key("m", "u", "d"),
        storage.prepared_model_key("m", None, "d"),
        storage.prepared_mask_key("j"),
        storage.generated_prefix("j", 1),
        storage.result_key("j", "0.png"),
    ]
    listening = (storage.PRODUCTS, "models/")
    assert not [key for key in written if key.startswith(listening)]
    assert len(set(written)) == len(written)


def test_private_pictures_lie_below_their_owner() -> None:
    assert storage.user_model_prefix("u") == "models/users/u/"
    assert storage.user_mask_prefix("u") == "masks/users/u/"
    assert storage.prepared_model_key("m", "u", "0123456789abcdef99").startswith("prepared/models/users/u/m/")


def test_a_new_picture_of_a_product_gets_a_new_place() -> None:
    assert storage.prepared_product_key("p", "a" * 64) != storage.prepared_product_key("p", "b" * 64)


@pytest.mark.parametrize("name", ["0.png", "mask.png", "result.json"])
def test_a_results_key_says_whose_job_it_is(name: str) -> None:
    assert storage.job_id_of_result(storage.result_key("job-7", name)) == "job-7"


moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2099, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-7))]),
)


@given(one=moments, other=moments)
def test_timestamps_compare_as_text_as_they_do_as_moments(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (times.to_iso(one) < times.to_iso(other)) == (one < other)


@given(moment=moments)
def test_a_timestamp_is_utc_with_milliseconds_and_z_and_is_read_back(moment: datetime) -> None:
    text = times.to_iso(moment)
    assert len(text) == len("2026-11-21T09:30:00.125Z")
    assert text.endswith("Z")
    assert timedelta() <= moment - times.from_iso(text) < timedelta(milliseconds=1)


def test_step_functions_own_timestamps_are_understood() -> None:
    assert times.from_iso("2026-11-21T12:00:00.123Z") == datetime(2026, 11, 21, 12, 0, 0, 123_000, UTC)
