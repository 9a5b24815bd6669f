"""Mistakes of the kind that lets one shopper see another's things; the attacks have to notice each of them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from tests.isolation.mall import UPLOADS
from vto.domain.catalogue import CatalogueItem, Kind, model_id_of
from vto.errors import NotAuthorizedError, NotFoundError
from vto.testing import FakeCatalogue, FakeConnections, FakeJobs
from vto.use_cases import create_try_on
from vto.use_cases.answer_message import AnswerMessage
from vto.use_cases.browse import Browse
from vto.use_cases.cancel_try_on import CancelTryOn
from vto.use_cases.create_try_on import CreateTryOn
from vto.use_cases.delete_photo import DeletePhoto
from vto.use_cases.delete_try_on import DeleteTryOn
from vto.use_cases.offer_upload import OfferUpload
from vto.use_cases.publish_job import PublishJob

_cancel, _delete_try_on, _delete_photo = CancelTryOn.__call__, DeleteTryOn.__call__, DeletePhoto.__call__
type Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Args:
        name: What is forgotten.
        plant: Puts it into the code.
        caught_by: Attacks that notice it.
    """

    name: str
    plant: Plant
    caught_by: frozenset[str]


def replacing(owner: object, name: str, by: object) -> Plant:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, by)


def _cancels_anybodys(self: CancelTryOn, job_id: str, user_id: str) -> object:
    job = self.jobs.get(job_id)
    if job is None:
        raise NotFoundError(job_id)
    return _cancel(self, job_id, job.user_id)


def _answers_anybody(self: AnswerMessage, job_id: str, connection: object) -> None:
    job = self.jobs.get(job_id)
    if job is None:
        raise NotFoundError(job_id)
    self.notifier.send(connection.connection_id, self.publish_job.frames.of(job)())  # type: ignore[attr-defined]


def _shows_anybody(self: Browse, user_id: str, job_id: str) -> object:
    job = self.jobs.get(job_id)
    if job is None:
        raise NotFoundError(job_id)
    return self.snapshots(job)


def _tells_that_it_is_anothers(self: Browse, user_id: str, job_id: str) -> object:
    job = self.jobs.get(job_id)
    raise NotFoundError(job_id) if job is None else NotAuthorizedError(job_id)


def _deletes_anybodys_try_on(self: DeleteTryOn, job_id: str, user_id: str) -> None:
    job = self.jobs.get(job_id)
    if job is None:
        raise NotFoundError(job_id)
    _delete_try_on(self, job_id, job.user_id)


def _deletes_anybodys_photo(self: DeletePhoto, model_id: str, user_id: str) -> None:
    photo = self.catalogue.get(Kind.MODEL, model_id)
    if photo is None or photo.user_id is None:
        raise NotFoundError(model_id)
    _delete_photo(self, model_id, photo.user_id)


def _a_mask_below_anything(self: CreateTryOn, url: str, user_id: str) -> bool:
    return url.startswith(f"s3://{self.uploads_bucket}/masks/users/")


def _a_mask_that_begins_like_ones_own(self: CreateTryOn, url: str, user_id: str) -> bool:
    return url.startswith(f"s3://{self.uploads_bucket}/masks/users/{user_id}/")


def _all_photos(self: FakeCatalogue, user_id: str | None, *, limit: int) -> list[CatalogueItem]:
    return [item for (kind, _), item in self.rows.items() if kind is Kind.MODEL]


def _all_jobs(self: FakeJobs, user_id: str, *, limit: int, cursor: str | None = None) -> object:
    return list(self.rows.values()), None


def _all_sockets(self: FakeConnections, user_id: str) -> object:
    return list(self.rows.values())


def _a_form_for_whatever_is_asked(self: OfferUpload, request: dict[str, str], user_id: str) -> object:
    key = f"models/users/{request.get('user_id', user_id)}/1.jpg"
    return {"s3_url": f"s3://{UPLOADS}/{key}", "fields": {"key": key}, "model_id": model_id_of(key)}


def _sockets_without_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeConnections, "of_user", _all_sockets)
    monkeypatch.setattr(PublishJob, "_is_still_the_owners", lambda self, job, connection: True)


def _names_without_users(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_request_alone(namespace: uuid.UUID, name: str) -> uuid.UUID:
        return uuid.uuid5(namespace, name.rpartition("/")[2])

    monkeypatch.setattr(create_try_on, "uuid", SimpleNamespace(uuid4=uuid.uuid4, uuid5=of_request_alone))
    made_before = FakeJobs.get

    def by_either_name(self: FakeJobs, job_id: str) -> object:
        names = {str(of_request_alone(create_try_on.NAMESPACE, one.request_id)): one for one in self.rows.values()}
        return made_before(self, job_id) or names.get(job_id)

    monkeypatch.setattr(FakeJobs, "get", by_either_name)


MUTANTS = (
    Mutant(
        "a job is shown without a look at its owner",
        replacing(Browse, "try_on", _shows_anybody),
        frozenset({"read a finished job", "read a waiting job"}),
    ),
    Mutant(
        "a job that is another's is answered otherwise than none",
        replacing(Browse, "try_on", _tells_that_it_is_anothers),
        frozenset({"read a finished job", "read a waiting job"}),
    ),
    Mutant(
        "a job is watched without a look at its owner",
        replacing(AnswerMessage, "_answer_snapshot", _answers_anybody),
        frozenset({"watch a finished job", "watch a waiting job"}),
    ),
    Mutant(
        "a job is cancelled without a look at its owner",
        replacing(CancelTryOn, "__call__", _cancels_anybodys),
        frozenset({"cancel a waiting job", "cancel a waiting job over the socket", "cancel a finished job"}),
    ),
    Mutant(
        "a try-on is deleted without a look at its owner",
        replacing(DeleteTryOn, "__call__", _deletes_anybodys_try_on),
        frozenset({"delete a finished job", "delete a waiting job"}),
    ),
    Mutant(
        "a photo is deleted without a look at its owner",
        replacing(DeletePhoto, "__call__", _deletes_anybodys_photo),
        frozenset({"delete a photo"}),
    ),
    Mutant(
        "every photo is everybody's",
        replacing(CatalogueItem, "is_visible_to", lambda self, user_id: True),
        frozenset({"try on a photo", "plan with a photo over the socket", "try on a photo's address"}),
    ),
    Mutant(
        "every mask is everybody's",
        replacing(CreateTryOn, "_is_own_mask", _a_mask_below_anything),
        frozenset({"use a mask", "use a mask over the socket"}),
    ),
    Mutant(
        "a mask's address may lead out of one's own folder",
        replacing(CreateTryOn, "_is_own_mask", _a_mask_that_begins_like_ones_own),
        frozenset({"leave one's own folder for a mask", "leave one's own folder backwards"}),
    ),
    Mutant(
        "photos are listed without a look at their owner",
        replacing(FakeCatalogue, "models_of", _all_photos),
        frozenset({"list photos", "pose as another"}),
    ),
    Mutant(
        "a request's name is everybody's",
        _names_without_users,
        frozenset({"use an idempotency key", "use a request's name"}),
    ),
    Mutant(
        "a socket is told without a look at its user",
        _sockets_without_users,
        frozenset({"inherit a socket before a finished job's news", "inherit a socket before a waiting job's news"}),
    ),
    Mutant(
        "jobs are listed without a look at their owner",
        replacing(FakeJobs, "of_user", _all_jobs),
        frozenset({"list jobs"}),
    ),
    Mutant(
        "whoever asks says whose upload it is",
        replacing(OfferUpload, "__call__", _a_form_for_whatever_is_asked),
        frozenset({"upload for another"}),
    ),
)
