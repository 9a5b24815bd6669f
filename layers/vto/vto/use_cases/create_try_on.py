"""A request becomes a job, once, or is refused with everything that is wrong with it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from vto import schemas
from vto.domain import guests, planner, times
from vto.domain.catalogue import CatalogueItem, model_id_of
from vto.domain.contract import cross_field_violations
from vto.domain.engines import refusals
from vto.domain.job import Job
from vto.domain.pacing import Lane
from vto.domain.parameters import MASK_OF_TYPE, Parameters, canonical, fingerprint, names_a_seed
from vto.domain.reading import Reading, read, worn_sleeves
from vto.domain.storage import S3Url, is_mask_of
from vto.errors import (
    InvalidRequestError,
    RequestConflictError,
    StorageUnavailableError,
    TooManyJobsError,
    Violation,
)
from vto.ports import Admissions, CachedResult, Clock, Jobs, Named, NoRoomError
from vto.use_cases.checking_pictures import UPLOAD_MASK, Finding, invalid, of_row, refusal
from vto.use_cases.looking_ahead import Admission, LookAhead, can_be_given

NAMESPACE = uuid.UUID("6f2f3c0e-6c0b-4d0e-9a5b-0d5f0c7a1e11")  # ours alone, so that ids cannot meet those of others
MAX_BATCH_JOBS = 1000  # unfinished ones of one caller in the batch lane: ten minutes of work at the default rate
ONE_AT_A_TIME = Violation(
    guests.NOBODY, "may have one try-on at a time", "wait for it or cancel it; or sign in, and have several"
)
GUESTS_HAVE_NO_MASKS = "choose another maskType; or sign in, and upload a mask"
COME_BACK_SECONDS = 15  # about what one try-on takes


class Created(NamedTuple):
    """What became of a request.

    Args:
        job: Its job.
        is_new: Whether it was not there before.
        offered: The finished result that the job was promised, as it has just been read; None where it was not.
    """

    job: Job
    is_new: bool
    offered: CachedResult | None = None


@dataclass(frozen=True, slots=True)
class CreateTryOn:
    """Admits a try-on."""

    jobs: Jobs
    admissions: Admissions
    clock: Clock
    uploads_bucket: str
    retention_days: float
    engines: Sequence[str]
    ahead: LookAhead
    max_jobs: int
    lets_guests_in: bool = False

    def __call__(
        self,
        request: Any,
        *,
        user_id: str,
        connection_id: str | None = None,
        is_admin: bool = False,
        may_give: bool = False,
    ) -> Created:
        """Create the job of a request, or find it when the same request came before.

        Args:
            request: The document as the client sent it (``try_on.schema.json``).
            user_id: Who asks, as the authorizer says.
            connection_id: The socket it came over, if any.
            is_admin: Whether they may ask for the shop, in the batch lane.
            may_give: Whether the caller gives the job an equal finished result, where there is one.

        Returns:
            The job, whether it is new, and what it was promised.

        Raises:
            InvalidRequestError: The request breaks rules, or no engine can do it; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import.
            RequestConflictError: The ``request_id`` was used for another request.
            QueueFullError: The job would not get an instant of the engine in time.
            TooManyJobsError: As many of the user's jobs are unfinished as may be.
            SignInRequiredError: The user is a guest, and guests are switched off.
        """
        checked = schemas.check("try_on", request)
        request_id = checked.sound.get("request_id") or str(uuid.uuid4())
        # the same request of the same user gets the same id, so a client may send it again after a lost answer
        job_id = str(uuid.uuid5(NAMESPACE, f"{user_id}/{request_id}"))
        print_of_request = _print(checked.sound)
        may_be_known = "request_id" in checked.sound and not checked.violations
        named = self._named(request, checked.sound, job_id if may_be_known else None)
        # before the rules: what was accepted once is answered, whatever became of the catalogue
        if named.earlier is not None:
            return Created(_same(named.earlier, print_of_request), is_new=False)

        admitted = self._admit(request, checked, named, user_id, is_admin=is_admin)
        key = self.ahead.key_of(admitted)
        seen = self.ahead.look(admitted, key if may_give else None)
        offered = seen.result if seen is not None and can_be_given(seen.result) else None
        if offered is None:  # a finished result waits for no engine
            self.ahead.ensure_room(admitted, seen)
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
            retention_days=self._retention_days(user_id),
            seed_is_pinned=names_a_seed(request.get("parameters") or {}),
            warnings=admitted.warnings,
            source_pixels=admitted.source_pixels,
            lane=admitted.lane,
            consented_at=admitted.model.consented_at,
            cache_key=key,
            is_promised=offered is not None,
        )
        at_most = {Lane.SHOPPER: self.max_jobs, Lane.BATCH: MAX_BATCH_JOBS, Lane.GUEST: guests.MAX_JOBS}[job.lane]
        try:
            if self.jobs.create(job, at_most=at_most):
                return Created(job, is_new=True, offered=offered)
        except NoRoomError as full:
            detail = f"{at_most} jobs of {user_id} are unfinished"
            told = [ONE_AT_A_TIME] if job.lane is Lane.GUEST else []
            raise TooManyJobsError(detail, told, retry_after_seconds=COME_BACK_SECONDS) from full
        raced = self.jobs.get(job.id)
        if raced is None:
            raise StorageUnavailableError(f"job {job.id} was there and is gone: erased this moment")
        return Created(_same(raced, print_of_request), is_new=False)

    def admit(self, request: Any, user_id: str, *, is_admin: bool = False) -> Admission:
        """What a try-on would be made of; nothing is written.

        Args:
            request: The document as the client sent it (``try_on.schema.json``).
            user_id: Who asks.
            is_admin: Whether they may ask for the shop, in the batch lane.

        Raises:
            InvalidRequestError: The request breaks rules, or no engine can do it; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import, and nothing else is wrong.
            SignInRequiredError: The user is a guest, and guests are switched off.
        """
        checked = schemas.check("try_on", request)
        return self._admit(request, checked, self._named(request, checked.sound, None), user_id, is_admin=is_admin)

    def _named(self, request: Any, sound: Any, job_id: str | None) -> Named:
        """What a request names, as far as that is sound, read at once; with the job that it became before."""
        if not isinstance(request, Mapping):
            return Named(None, None, None)
        model_id = None
        if ("model_id" in request) != ("model_picture_s3_url" in request):
            model_id = sound.get("model_id") or self._model_behind(sound.get("model_picture_s3_url", ""))
        product_id = sound.get("product_id")
        if not (job_id or product_id or model_id):
            return Named(None, None, None)
        return self.admissions.named(job_id=job_id, product_id=product_id, model_id=model_id)

    def _admit(
        self, request: Any, checked: schemas.Checked, named: Named, user_id: str, *, is_admin: bool
    ) -> Admission:
        if guests.is_guest(user_id) and not self.lets_guests_in:
            raise guests.switched_off()
        # what breaks the schema is told, and every other rule is asked of what is left: no second refusal for the rest
        found = [Finding(InvalidRequestError, one) for one in checked.violations]
        if not isinstance(request, Mapping):
            raise refusal("schema", found)
        sound: Mapping[str, Any] = checked.sound
        lane = Lane(sound.get("lane", Lane.SHOPPER))
        if lane is Lane.BATCH and not is_admin:
            remedy = "leave it out; or, for the shop's own bulk work, POST /try-ons as a member of the group admin"
            found.append(invalid("lane", "is not open to you here: batch is for the shop itself", remedy))
        if guests.is_guest(user_id):
            lane = Lane.GUEST
        product = self._product(sound, named.product, found)
        model_path, model = self._model(request, sound, named.model, user_id, found)
        words = read(product.category, product.name, product.description) if product else Reading(None)
        parameters = (
            self._given(sound.get("parameters", {}), user_id, found)
            if "parameters" in request
            else _proposed(product, words, found)
        )
        pixels = model.width * model.height if model and model.width and model.height else None
        if parameters is not None and "maskType" in parameters:
            for one in refusals(self.engines, _with_its_mask_alone(parameters), pixels):
                path = model_path if one.path == "model_id" else one.path
                found.append(Finding(InvalidRequestError, replace(one, path=path)))
        if found or product is None or model is None or parameters is None:
            raise refusal("rules", found)
        worn = worn_sleeves(model.description)
        is_proposed = "parameters" not in request
        notices = planner.warnings(parameters, product.garment_class, words, worn, is_proposed=is_proposed)
        return Admission(product, model, parameters, tuple(notices), pixels, lane)

    def _product(
        self, sound: Mapping[str, Any], product: CatalogueItem | None, found: list[Finding]
    ) -> CatalogueItem | None:
        if "product_id" not in sound:
            return None
        if product is None:
            found.append(invalid("product_id", "is not in the catalogue", "choose one of GET /products"))
            return None
        found.extend(of_row("product_id", product, bucket=self.uploads_bucket))
        return product

    def _model(
        self,
        request: Mapping[str, Any],
        sound: Mapping[str, Any],
        model: CatalogueItem | None,
        user_id: str,
        found: list[Finding],
    ) -> tuple[str, CatalogueItem | None]:
        """The field that names the model, and the model."""
        if ("model_id" in request) == ("model_picture_s3_url" in request):
            problem = "is missing" if "model_id" not in request else "stands beside model_picture_s3_url"
            found.append(invalid("model_id", problem, "send either model_id or model_picture_s3_url, exactly one"))
            return "model_id", None
        path = "model_id" if "model_id" in request else "model_picture_s3_url"
        if path not in sound:
            return path, None
        if model is not None and path == "model_picture_s3_url" and model.picture_s3_url != _spelled(sound[path]):
            model = None
        # somebody else's photo and no photo at all are answered alike, so that ids cannot be probed
        if model is None or not model.is_visible_to(user_id) or model.is_past(times.epoch(self.clock.now())):
            problem = "is none of your photos and no stock model"
            remedy = "choose one of GET /models; a photo just uploaded needs a moment"
            found.append(invalid(path, problem, remedy))
            return path, None
        found.extend(of_row(path, model, bucket=self.uploads_bucket))
        return path, model

    def _model_behind(self, url: str) -> str | None:
        """The model that is registered under a picture's address, if one is; the address is never fetched."""
        try:
            address = S3Url.parse(url)
        except ValueError:
            return None
        return model_id_of(address.key) if address.bucket == self.uploads_bucket else None

    def _given(self, given: Parameters, user_id: str, found: list[Finding]) -> Parameters:
        """The request's own parameters, or that part of them which keeps to the schema."""
        found.extend(Finding(InvalidRequestError, one) for one in cross_field_violations(given))
        mask = given.get("imageBasedMask", {}).get("maskImage")
        if mask is not None and not self._is_own_mask(mask, user_id):
            path, problem = "parameters.imageBasedMask.maskImage", "is no mask that you uploaded"
            remedy = GUESTS_HAVE_NO_MASKS if guests.is_guest(user_id) else UPLOAD_MASK
            found.append(invalid(path, problem, remedy))
        return canonical(given)

    def _retention_days(self, user_id: str) -> float:
        """How long a job's row is kept: a guest, who cannot come back to it, has nothing from keeping it for long."""
        return min(self.retention_days, guests.RETENTION_DAYS) if guests.is_guest(user_id) else self.retention_days

    def _is_own_mask(self, url: str, user_id: str) -> bool:
        if guests.is_guest(user_id):
            return False
        try:
            address = S3Url.parse(url)
        except ValueError:
            return False
        return address.bucket == self.uploads_bucket and is_mask_of(user_id, address.key)


def _spelled(url: str) -> str:
    """An address as the catalogue writes it."""
    return str(S3Url.parse(url))


def _print(request: Mapping[str, Any]) -> str:
    """What makes two requests the same one, however they spell out what is the default anyway."""
    parameters = request.get("parameters")
    named = [request.get(name) for name in ("product_id", "model_id", "model_picture_s3_url")]
    lane = [Lane.BATCH.value] if request.get("lane") == Lane.BATCH else []
    return fingerprint([*named, None if parameters is None else canonical(parameters), *lane])


def _proposed(product: CatalogueItem | None, words: Reading, found: list[Finding]) -> Parameters | None:
    """The parameters for a request that has none."""
    if product is None:
        return None
    proposed = planner.propose(product.garment_class, words)
    if proposed is None:
        problem = "is missing, and none can be proposed: no class fits what the product is called"
        remedy = "send parameters; or have the shop give the product a garment_class, or a name that says it"
        found.append(invalid("parameters", problem, remedy))
        return None
    return canonical(proposed)


def _with_its_mask_alone(parameters: Parameters) -> Parameters:
    """Without the mask objects of other types, which are told as such."""
    others = set(MASK_OF_TYPE.values()) - {MASK_OF_TYPE[parameters["maskType"]]}
    return {name: value for name, value in parameters.items() if name not in others}


def _same(earlier: Job, print_of_request: str) -> Job:
    """The job of an earlier request, if that was this very request."""
    if earlier.erased_at is not None:
        found = [Violation("request_id", "was used for a try-on that is being erased", "choose a new one")]
        raise RequestConflictError(f"job {earlier.id}", found)
    if earlier.request_fingerprint != print_of_request:
        found = [Violation("request_id", "was used for a different try-on", "choose a new one")]
        raise RequestConflictError(f"job {earlier.id}", found)
    return earlier
