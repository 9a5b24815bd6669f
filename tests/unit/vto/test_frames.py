"""Frames stay below what a socket takes."""

from typing import Any

from vto.domain.frames import MAX_FRAME_BYTES, encoded, job_frame, within_limit


def frame(link_bytes: int) -> dict[str, Any]:
    image = {
        "url": "u" * link_bytes,
        "original_url": "o" * link_bytes,
        "original_content_type": "image/png",
        "width": 1,
    }
    return job_frame({"images": [image] * 5, "mask": {"url": "m" * link_bytes}})


def test_a_frame_that_fits_is_left_as_it_is() -> None:
    assert within_limit(frame(1000)) == frame(1000)


def test_links_that_are_too_long_together_leave_out_those_of_the_engines_own_files() -> None:
    assert len(encoded(frame(4000))) > MAX_FRAME_BYTES
    fewer = within_limit(frame(4000))
    assert len(encoded(fewer)) <= MAX_FRAME_BYTES
    assert [sorted(one) for one in fewer["job"]["images"]] == [["url", "width"]] * 5


def test_a_frame_without_pictures_is_none_of_its_business() -> None:
    assert within_limit(job_frame({"status": "created"})) == job_frame({"status": "created"})
