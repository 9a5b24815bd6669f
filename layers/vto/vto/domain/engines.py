"""What each engine declares of itself, so that the workflow can plan around it without being able to call it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """One engine's declaration.

    Args:
        name: Its name in the ``Engine`` parameter.
        read_timeout_seconds: How long its client waits for an answer.
        timeout_seconds: How long its task may take; above the client's (and the function's) limit, so that the
            inner clock always rings first and says what happened.
        usual_seconds: What a shopper is told that a call takes.
    """

    name: str
    read_timeout_seconds: int
    timeout_seconds: int
    usual_seconds: int


PROFILES = {
    profile.name: profile
    for profile in (
        EngineProfile("preview", read_timeout_seconds=20, timeout_seconds=25, usual_seconds=4),
        # 300 s is AWS's advice for Nova Canvas: giving up earlier may pay for a picture that nobody gets
        # https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
        EngineProfile("nova_canvas", read_timeout_seconds=300, timeout_seconds=320, usual_seconds=9),
    )
}

PREVIEW_VERSION = "2"  # counts up when the preview engine draws differently


def identity(name: str, model_id: str) -> str:
    """Engine and version in one word: results of different identities are not interchangeable."""
    return f"{name}:{model_id if name == 'nova_canvas' else PREVIEW_VERSION}"
