"""Rules about erasing: what expires can also be erased, by one function, and nobody writes for longer than it looks."""

from collections.abc import Iterator

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    FUNCTION,
    Template,
    actions,
    function_timeout,
    listed,
    resources,
    statements,
    text_of,
)
from scripts.template.storage import EXPIRING
from vto.domain.erasure import WRITER_SECONDS

ERASER = "EraseUserFunction"
REMOVE = "s3:DeleteObjectVersion"
# Who else may remove versions, where, and why.
DELETED = "the shop's own: all versions of a product that it deleted, and what is uploaded for it afterwards"
REMOVERS: dict[tuple[str, str], str] = {
    (
        "ImportPictureFunction",
        "UploadsBucket/models/users/",
    ): "a private photo as it was uploaded goes once it is imported",
    **{
        (function, f"UploadsBucket/{folder}"): DELETED
        for function in ("ImportPictureFunction", "ManageProductsFunction")
        for folder in ("products/", "prepared/products/")
    },
}


def _removable(template: Template) -> Iterator[tuple[str, str]]:
    """Who may remove versions of what: the function, and the bucket with the beginning of the key."""
    for function, properties in resources(template, FUNCTION):
        for statement in statements(properties):
            if statement["Effect"] == "Allow" and REMOVE in actions(statement):
                for resource in listed(statement["Resource"]):
                    yield function, text_of(resource).removeprefix("${").replace(".Arn}", "").partition("*")[0]


@rule()
def removers(template: Template) -> Iterator[Problem]:
    """Versions are removed for good by the function that erases people, and by those of a short list."""
    for function, place in _removable(template):
        if function != ERASER and (function, place) not in REMOVERS:
            yield function, f"may remove {place} for good", f"leave it to {ERASER}, or list it in REMOVERS with why"


@rule()
def erasable(template: Template) -> Iterator[Problem]:
    """What holds people's pictures can be erased wherever it lies, not only expire."""
    places = {place for function, place in _removable(template) if function == ERASER}
    for bucket, prefixes in EXPIRING.items():
        for prefix in prefixes:
            if ERASER in template["Resources"] and not any(
                f"{place}/".startswith(f"{bucket}/{prefix}") for place in places
            ):
                yield ERASER, f"cannot erase {bucket}/{prefix}", f"allow it {REMOVE} there, and let a pass look there"


@rule()
def writers_end(template: Template) -> Iterator[Problem]:
    """No function runs for longer than an erasure waits for those who were at work when it began."""
    for function, _ in resources(template, FUNCTION):
        seconds = function_timeout(template, function)
        if seconds >= WRITER_SECONDS:
            problem = f"may run for {seconds} s, and write what an erasure does not find"
            yield function, problem, "raise WRITER_SECONDS in domain/erasure.py above it"
