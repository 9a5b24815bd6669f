"""A request becomes a job, once, or is refused with everything that is wrong with it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import planner
from vto.domain.catalogue import CatalogueItem, Kind, Readiness, model_id_of
from vto.domain.contract import cross_field_violations
from vto.domain.engines import refusals
from vto.domain.job import Job
from vto.domain.notices import Notice
from vto.domain.parameters import (
    Parameters,
    canonical,
    fingerprint,
    names_a_seed,
)
from vto.domain.storage import S3Url, user_mask_prefix
from vto.errors import (
    InvalidRequestError,
    PictureRejectedError,
    RequestConflictError,
    StorageUnavailableError,
    Violation,
)
from vto.ports import Catalogue, Clock, Jobs

NAMESPACE = uuid.UUID("6f2f3c0e-6c0b-4d0e-9a5b-0d5f0c7a1e11")  # ours alone, so that ids cannot meet those of others


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request that breaks no rule comes to: the parts of its job, and what to warn of."""

    product: CatalogueItem
    model: CatalogueItem
    parameters: Parameters
    warnings: tuple[Notice, ...]
    source_pixels: int | None


@dataclass(frozen=True, slots=True)
class CreateTryOn:
    """Admits a try-on."""

    jobs: Jobs
    catalogue: Catalogue
    clock: Clock
    uploads_bucket: str
    retention_days: float
    engines: Sequence[str]

    def __call__(self, request: Any, *, user_id: str, connection_id: str | None = None) -> tuple[Job, bool]:
        """Create the job of a request, or find it when the same request came before.

        Args:
            request: The document as the client sent it (``try_on.schema.json``).
            user_id: Who asks, as the authorizer says.
            connection_id: The socket it came over, if any.

        Returns:
            The job, and whether it is new.

        Raises:
            InvalidRequestError: The request breaks rules, or no engine can do it; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import.
            RequestConflictError: The ``request_id`` was used for another request.
        """
        found = schemas.violations("try_on", request)
        if found:
            raise InvalidRequestError("schema", found)
        request_id = request.get("request_id") or str(uuid.uuid4())
        # the same request of the same user gets the same id, so a client may send it again after a lost answer
        job_id = str(uuid.uuid5(NAMESPACE, f"{user_id}/{request_id}"))
        print_of_request = _print(request)
        # looked up before anything is checked: what was accepted once is answered, whatever became of the catalogue
        if "request_id" in request and (earlier := self.jobs.get(job_id)) is not None:
            return _same(earlier, print_of_request), False

        admitted = self.admit(request, user_id)
        job = Job.create(
            job_id=job_id,
            user_id=user_id,
            request_id=request_id,
            request_fingerprint=print_of_request,
            product_id=admitted.product.item_id,
            product_picture_s3_url=admitted.product.picture_s3_url,
            model_id=admitted.model.item_id,
            model_picture_s3_url=admitted.model.picture_s3_url,
            parameters=admitted.parameters,
            connection_id=connection_id,
            now=self.clock.now(),
            retention_days=self.retention_days,
            seed_is_pinned=names_a_seed(request.get("parameters") or {}),
            warnings=admitted.warnings,
            source_pixels=admitted.source_pixels,
        )
        if self.jobs.create(job):
            return job, True
        raced = self.jobs.get(job.id)
        if raced is None:
            raise StorageUnavailableError(f"job {job.id} was there and is gone: erased this moment")
        return _same(raced, print_of_request), False

    def admit(self, request: Mapping[str, Any], user_id: str) -> Admission:
        """What a try-on would be made of; nothing is written.

        Args:
            request: A document that satisfies ``try_on.schema.json``.
            user_id: Who asks.

        Raises:
            InvalidRequestError: The request breaks rules, or no engine can do it; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import.
        """
        violations: list[Violation] = []
        product = self._product(request["product_id"], violations)
        model = self._model(request, user_id, violations)
        words = planner.read(product.category, product.name, product.description) if product else planner.Reading(None)
        parameters = self._parameters(request, product, words, user_id, violations)
        pixels = model.width * model.height if model and model.width and model.height else None
        if parameters is not None and not violations:
            violations.extend(refusals(self.engines, parameters, pixels))
        if violations:
            raise InvalidRequestError("rules", violations)
        if product is None or model is None or parameters is None:  # each None has left a violation
            raise AssertionError("a missing part without a violation")
        _ensure_usable(product, "product_id")
        _ensure_usable(model, "model_id")
        worn = planner.worn_sleeves(model.description)
        is_proposed = "parameters" not in request
        notices = planner.warnings(parameters, product.garment_class, words, worn, is_proposed=is_proposed)
        return Admission(product, model, parameters, tuple(notices), pixels)

    def _product(self, product_id: str, violations: list[Violation]) -> CatalogueItem | None:
        product = self.catalogue.get(Kind.PRODUCT, product_id)
        if product is None:
            violations.append(Violation("product_id", "is not in the catalogue: choose one of GET /products"))
        return product

    def _model(self, request: Mapping[str, Any], user_id: str, violations: list[Violation]) -> CatalogueItem | None:
        model_id, url = request.get("model_id"), request.get("model_picture_s3_url")
        if (model_id is None) == (url is None):
            violations.append(
                Violation("model_id", "give either model_id or model_picture_s3_url, exactly one of them")
            )
            return None
        path = "model_id" if model_id is not None else "model_picture_s3_url"
        model = self.catalogue.get(Kind.MODEL, model_id) if model_id is not None else self._model_at(str(url))
        # somebody else's photo and no photo at all are answered alike, so that ids cannot be probed
        if model is None or not model.is_visible_to(user_id):
            violations.append(
                Violation(path, "is none of your photos and no stock model; a photo just uploaded needs a moment")
            )
            return None
        return model

    def _model_at(self, url: str) -> CatalogueItem | None:
        """The registered model behind a picture's address; the address is compared, never fetched."""
        try:
            address = S3Url.parse(url)
        except ValueError:
            return None
        if address.bucket != self.uploads_bucket:
            return None
        model = self.catalogue.get(Kind.MODEL, model_id_of(address.key))
        return model if model and model.picture_s3_url == str(address) else None

    def _parameters(
        self,
        request: Mapping[str, Any],
        product: CatalogueItem | None,
        words: planner.Reading,
        user_id: str,
        violations: list[Violation],
    ) -> Parameters | None:
        given = request.get("parameters")
        if given is None:
            if product is None:
                return None
            given = planner.propose(product.garment_class, words)
            if given is None:
                problem = "is missing, and nothing says what kind of thing the product is"
                remedy = "send parameters, or give the product a garment_class or a name that says it"
                violations.append(Violation("parameters", problem, remedy))
                return None
        violations.extend(cross_field_violations(given))
        mask = given.get("imageBasedMask", {}).get("maskImage")
        if mask is not None and not self._is_own_mask(mask, user_id):
            problem = f"must be a mask of your own, below s3://{self.uploads_bucket}/{user_mask_prefix(user_id)}"
            violations.append(Violation("parameters.imageBasedMask.maskImage", problem))
        return canonical(given)

    def _is_own_mask(self, url: str, user_id: str) -> bool:
        try:
            address = S3Url.parse(url)
        except ValueError:
            return False
        return address.bucket == self.uploads_bucket and address.key.startswith(user_mask_prefix(user_id))


def _print(request: Mapping[str, Any]) -> str:
    """What makes two requests the same one, however they spell out what is the default anyway."""
    parameters = request.get("parameters")
    named = [request.get(name) for name in ("product_id", "model_id", "model_picture_s3_url")]
    return fingerprint([*named, None if parameters is None else canonical(parameters)])


def _same(earlier: Job, print_of_request: str) -> Job:
    """The job of an earlier request, if that was this very request."""
    if earlier.request_fingerprint != print_of_request:
        problem = "was used for a different try-on: choose a new one"
        raise RequestConflictError(f"job {earlier.id}", [Violation("request_id", problem)])
    return earlier


def _ensure_usable(item: CatalogueItem, path: str) -> None:
    if item.readiness is Readiness.REJECTED:
        raise PictureRejectedError(item.item_id, [Violation(path, item.readiness_reason or "its picture was rejected")])
    if item.prepared_s3_url is None:
        problem = "has no model-ready picture yet: its upload is still being imported"
        raise InvalidRequestError(item.item_id, [Violation(path, problem)])
