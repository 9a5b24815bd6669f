"""What one shopper may try with what belongs to another, on every way into the system.

Each attack takes one thing of its victim. The same attack is made with a thing like it that does not exist: whoever
tries must not be able to tell the two apart, and nobody else may notice.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.isolation.mall import AGREED, PRODUCT, STOCK_MODEL, UPLOADS, Mall, Shopper, metadata_of, neutral, without
from vto.domain.catalogue import Kind
from vto.domain.storage import S3Url

OWNER = re.compile(r"(?:models|masks)/users/([^/]+)/")
NOBODY = "f00dface-3c3f-4f5b-9a57-00000000dead"
type Attempt = Callable[[Mall, Shopper, str], Any]


@dataclass(frozen=True)
class Attack:
    """One way of trying.

    Args:
        name: What is tried.
        thing: What of the victim it takes.
        absent: A thing of the same kind that nobody has.
        attempt: Tries, as this shopper, and returns all that the shopper got to see.
    """

    name: str
    thing: Callable[[Shopper], str]
    absent: str
    attempt: Attempt


def key(address: str) -> str:
    return S3Url.parse(address).key


def file_of(address: str) -> str:
    return key(address).rpartition("/")[2]


def rest(route: str, **named: Any) -> Attempt:
    """A call of the API in whose route ``*`` is the thing."""
    return lambda mall, me, thing: mall.rest(me.user_id, route.replace("*", thing), **named)


def try_on(build: Callable[[Shopper, str], dict[str, Any]]) -> Attempt:
    """A try-on over REST."""
    return lambda mall, me, thing: mall.rest(me.user_id, "POST /try-ons", {"product_id": PRODUCT, **build(me, thing)})


def frame(build: Callable[[Shopper, str], dict[str, Any]]) -> Attempt:
    """A frame over one's own socket."""
    return lambda mall, me, thing: mall.say(me.user_id, me.socket, build(me, thing))


def ask(build: Callable[[Shopper, str], dict[str, Any]]) -> Attempt:
    """A try-on over one's own socket."""
    return frame(lambda me, thing: {"action": "tryOn", "product_id": PRODUCT, **build(me, thing)})


def masked(address: str) -> dict[str, Any]:
    return {"model_id": STOCK_MODEL, "parameters": {"maskType": "IMAGE", "imageBasedMask": {"maskImage": address}}}


def keyed(mall: Mall, me: Shopper, thing: str) -> Any:
    body = {"product_id": PRODUCT, "model_id": STOCK_MODEL}
    return mall.rest(me.user_id, "POST /try-ons", body, headers={"idempotency-key": thing})


def posing(mall: Mall, me: Shopper, thing: str) -> Any:
    """Says in headers, query and claims that are not the subject to be somebody else, and an operator."""
    return mall.rest(
        me.user_id,
        "GET /models",
        headers={"x-user-id": thing, "x-amzn-oidc-identity": thing, "x-forwarded-user": thing},
        query={"user_id": thing, "sub": thing},
        claims={"username": thing, "cognito:username": thing, "email": thing, "cognito:groups": "[operators admin]"},
    )


def listed(mall: Mall, me: Shopper, thing: str) -> Any:
    """One's own list, but for what one has asked for oneself meanwhile."""
    status, answer = mall.rest(me.user_id, "GET /try-ons")
    return [status, [one for one in answer["try_ons"] if mall.jobs.rows[one["id"]].user_id != me.user_id]]


def ticket_for(mall: Mall, me: Shopper, thing: str) -> Any:
    status, answer = mall.rest(me.user_id, "POST /socket-tickets", {"user_id": thing}, query={"user_id": thing})
    policy = mall.authorize(answer["ticket"])
    assert policy["context"]["user_id"] == me.user_id == policy["principalId"]
    return [status, sorted(answer)]


def erase_as(mall: Mall, me: Shopper, thing: str) -> Any:
    """Asks for oneself to be erased, and says to be somebody else; afterwards what was one's own is put back."""
    kept = [mall.erasures.running.pop(me.user_id, None), dict(mall.jobs.rows), dict(mall.catalogue.rows)]
    kept += [dict(mall.pictures.objects), dict(mall.connections.rows), dict(mall.controls.tickets)]
    status, answer = mall.rest(
        me.user_id,
        "DELETE /me",
        {"user_id": thing, "sub": thing},
        query={"user_id": thing, "sub": thing},
        headers={"x-user-id": thing},
        claims={"username": thing, "cognito:username": thing, "email": thing},
    )
    mall.erase(mall.erasure_queue.sent[-1])
    whose = {mall.jobs.rows[name].user_id for name in kept[1] if mall.jobs.rows.get(name) != kept[1][name]}
    _put_back(mall, me, kept)
    return [status, answer["state"], sorted(answer), sorted(whose - {me.user_id})]


def _put_back(mall: Mall, me: Shopper, kept: list[Any]) -> None:
    running, mall.jobs.rows, mall.catalogue.rows, objects, mall.connections.rows, mall.controls.tickets = kept
    mall.erasures.running.pop(me.user_id, None)
    if running is not None:
        mall.erasures.running[me.user_id] = running
    mall.erasures.taken.pop(me.user_id, None)
    mall.pictures.objects.update(objects)


def exported(mall: Mall, me: Shopper, thing: str) -> Any:
    """Asks for everything that is kept of oneself, and says to be somebody else; one's own is left out."""
    status, answer = mall.rest(
        me.user_id,
        "GET /me/export",
        query={"user_id": thing, "sub": thing},
        headers={"x-user-id": thing},
        claims={"username": thing, "cognito:username": thing},
    )
    jobs = [one for one in answer["try_ons"] if mall.jobs.rows[one["id"]].user_id != me.user_id]
    models = [one for one in answer["models"] if mall.catalogue.rows[Kind.MODEL, one["model_id"]].user_id != me.user_id]
    return [status, answer["user_id"] == me.user_id, jobs, models]


def show(mall: Mall, me: Shopper, thing: str) -> Any:
    """Takes something else for a ticket."""
    return [mall.authorize(one) for one in (thing, f"ticket#{thing}", f"delivered#{thing}#{me.socket}")]


def inherit(mall: Mall, me: Shopper, thing: str) -> Any:
    """Gets the id of a socket that its owner lost, and waits for the owner's news."""
    owner = mall.jobs.rows[thing].user_id if thing in mall.jobs.rows else NOBODY
    number = mall.next("lost sockets")
    lost = f"lost-{number}="
    mall.connect(owner, lost)
    mall.connect(me.user_id, lost)
    mall.disconnect(owner, lost)  # the gateway says so late
    mall.publish(thing)
    seen = mall.say(me.user_id, lost, {"action": "watchJob", "job_id": thing})
    everything = mall.notifier.sent.pop(lost, [])
    mall.disconnect(me.user_id, lost)
    return [seen, everything]


def upload(**metadata: str) -> Attempt:
    """Uploads below one's own folder, with metadata that names the thing."""

    def attempt(mall: Mall, me: Shopper, thing: str) -> Any:
        form = mall.rest(me.user_id, "POST /uploads", {**AGREED, "kind": "photo", "content_type": "image/png"})[1]
        said = {name: value.replace("*", thing) for name, value in metadata.items()}
        mall.upload(form["s3_url"], **metadata_of(form), **said)
        [row] = [one for (_, name), one in mall.catalogue.rows.items() if name == form["model_id"]]
        assert row.user_id == me.user_id
        del mall.catalogue.rows[row.kind, row.item_id]
        return [row.name, row.category, row.description, row.garment_class]

    return attempt


def s3(folder: str) -> str:
    return f"s3://{UPLOADS}/{folder}"


def upload_id(kind: str, address: str) -> str:
    """What an upload is asked after by, from its address."""
    return f"{kind}-{file_of(address).replace('.', '-')}"


PHOTO = s3(f"models/users/{NOBODY}/{'0' * 32}.jpg")
MASK = s3(f"masks/users/{NOBODY}/{'0' * 32}.jpg")
PREPARED = s3(f"prepared/models/users/{NOBODY}/photo-{'0' * 16}/prepared.jpg")
MODEL, JOB, NAME = f"photo-{'0' * 16}", NOBODY, "request-of-nobody"


def out_of_mine(folder: str, me: Shopper, thing: str, step: str = "..", slash: str = "/") -> str:
    """A way that begins in one's own folder and leads to the thing."""
    return s3(f"{folder}/users/{me.user_id}/{step}{slash}" + slash.join(key(thing).split("/")[-2:]))


ATTACKS = (
    # a job
    Attack("read a finished job", lambda one: one.done, JOB, rest("GET /try-ons/*")),
    Attack("read a waiting job", lambda one: one.waiting, JOB, rest("GET /try-ons/*")),
    Attack("watch a finished job", lambda one: one.done, JOB,
           frame(lambda me, it: {"action": "watchJob", "job_id": it})),
    Attack("watch a waiting job", lambda one: one.waiting, JOB,
           frame(lambda me, it: {"action": "watchJob", "job_id": it})),
    Attack("watch as another", lambda one: one.done, JOB,
           frame(lambda me, it: {"action": "watchJob", "job_id": it, "user_id": it, "connection_id": it})),
    Attack("cancel a finished job", lambda one: one.done, JOB, rest("POST /try-ons/*/cancel")),
    Attack("cancel a waiting job", lambda one: one.waiting, JOB, rest("POST /try-ons/*/cancel")),
    Attack("cancel a finished job over the socket", lambda one: one.done, JOB,
           frame(lambda me, it: {"action": "cancelTryOn", "job_id": it})),
    Attack("cancel a waiting job over the socket", lambda one: one.waiting, JOB,
           frame(lambda me, it: {"action": "cancelTryOn", "job_id": it})),
    Attack("list from a forged place on", lambda one: one.done, JOB,
           lambda mall, me, it: mall.rest(me.user_id, "GET /try-ons", query={"cursor": it})),
    Attack("take a job for a product", lambda one: one.done, JOB, rest("GET /products/*")),
    Attack("take a photo for a job", lambda one: one.model_id, MODEL, rest("GET /try-ons/*")),
    Attack("delete a finished job", lambda one: one.done, JOB, rest("DELETE /try-ons/*")),
    Attack("delete a waiting job", lambda one: one.waiting, JOB, rest("DELETE /try-ons/*")),
    Attack("open a finished job's picture", lambda one: one.done, JOB, rest("GET /try-ons/*/result")),
    Attack("open a waiting job's picture", lambda one: one.waiting, JOB,
           rest("GET /try-ons/*/result", query={"image": "0"})),
    Attack("export from a forged place on", lambda one: one.done, JOB,
           lambda mall, me, it: mall.rest(me.user_id, "GET /me/export", query={"cursor": f"try_ons:{it}"})),
    # a request's name
    Attack("use an idempotency key", lambda one: one.requests[0], NAME, keyed),
    Attack("use a request's name", lambda one: one.requests[1], f"{NAME}-too",
           ask(lambda me, it: {"model_id": STOCK_MODEL, "request_id": it})),
    # a photo
    Attack("try on a photo", lambda one: one.model_id, MODEL, try_on(lambda me, it: {"model_id": it})),
    Attack("try on a photo over the socket", lambda one: one.model_id, MODEL, ask(lambda me, it: {"model_id": it})),
    Attack("plan with a photo", lambda one: one.model_id, MODEL,
           try_on(lambda me, it: {"model_id": it, "dry_run": True})),
    Attack("plan with a photo over the socket", lambda one: one.model_id, MODEL,
           ask(lambda me, it: {"model_id": it, "dry_run": True})),
    Attack("try on a photo's address", lambda one: one.photo, PHOTO,
           try_on(lambda me, it: {"model_picture_s3_url": it})),
    Attack("try on a photo's address over the socket", lambda one: one.photo, PHOTO,
           ask(lambda me, it: {"model_picture_s3_url": it})),
    Attack("try on a prepared picture's address", lambda one: one.prepared, PREPARED,
           try_on(lambda me, it: {"model_picture_s3_url": it})),
    Attack("try on an encoded address", lambda one: s3(quote(key(one.photo), safe="")), s3(quote(key(PHOTO), safe="")),
           try_on(lambda me, it: {"model_picture_s3_url": it})),
    Attack("leave one's own folder for a photo", lambda one: one.photo, PHOTO,
           try_on(lambda me, it: {"model_picture_s3_url": out_of_mine("models", me, it)})),
    Attack("try on a photo's address in another bucket", lambda one: one.photo.replace(UPLOADS, "x"),
           PHOTO.replace(UPLOADS, "x"), try_on(lambda me, it: {"model_picture_s3_url": it})),
    Attack("try on a result", lambda one: one.result, s3(f"results/{JOB}/0.png"),
           try_on(lambda me, it: {"model_picture_s3_url": it})),
    Attack("take a photo for a product", lambda one: one.model_id, MODEL,
           try_on(lambda me, it: {"product_id": it, "model_id": STOCK_MODEL})),
    Attack("look a photo up as a product", lambda one: one.model_id, MODEL, rest("GET /products/*")),
    Attack("rename a photo", lambda one: one.model_id, MODEL, rest("PATCH /models/*", body={"name": "mine now"})),
    Attack("delete a photo", lambda one: one.model_id, MODEL, rest("DELETE /models/*")),
    Attack("take a job for a photo that goes", lambda one: one.done, JOB, rest("DELETE /models/*")),
    Attack("take a photo for a job that goes", lambda one: one.model_id, MODEL, rest("DELETE /try-ons/*")),
    Attack("ask after a photo's upload", lambda one: upload_id("photo", one.photo), upload_id("photo", PHOTO),
           rest("POST /uploads/*/complete")),
    Attack("ask after a mask's upload", lambda one: upload_id("mask", one.mask), upload_id("mask", MASK),
           rest("POST /uploads/*/complete")),
    Attack("ask after another's folder", lambda one: one.user_id, NOBODY,
           lambda mall, me, it: mall.rest(me.user_id, f"POST /uploads/{quote(it, safe='')}/complete")),
    Attack("export everything", lambda one: one.user_id, NOBODY, exported),
    # a mask
    Attack("use a mask", lambda one: one.mask, MASK, try_on(lambda me, it: masked(it))),
    Attack("use a mask over the socket", lambda one: one.mask, MASK, ask(lambda me, it: masked(it))),
    Attack("take a photo for a mask", lambda one: one.photo, PHOTO, try_on(lambda me, it: masked(it))),
    Attack("leave one's own folder for a mask", lambda one: one.mask, MASK,
           try_on(lambda me, it: masked(out_of_mine("masks", me, it)))),
    Attack("leave one's own folder in code", lambda one: one.mask, MASK,
           ask(lambda me, it: masked(out_of_mine("masks", me, it, "%2e%2e", "%2F")))),
    Attack("leave one's own folder backwards", lambda one: one.mask, MASK,
           ask(lambda me, it: masked(out_of_mine("masks", me, it, "..", "\\")))),
    # a person
    Attack("pose as another", lambda one: one.user_id, NOBODY, posing),
    Attack("upload for another", lambda one: one.user_id, NOBODY,
           lambda mall, me, it: mall.rest(
               me.user_id, "POST /uploads", {**AGREED, "kind": "photo", "content_type": "image/png", "user_id": it})),
    Attack("upload over a photo", lambda one: key(one.photo), key(PHOTO),
           lambda mall, me, it: mall.rest(
               me.user_id, "POST /uploads", {**AGREED, "kind": "photo", "content_type": "image/png", "key": it})),
    Attack("upload under another's name", lambda one: one.user_id, NOBODY,
           upload(**{"user-id": "*", "name": "*", "owner": "*"})),
    Attack("upload under a photo's name", lambda one: one.model_id, MODEL,
           upload(**{"model-id": "*", "product-id": "*", "name": "*"})),
    Attack("list jobs", lambda one: one.done, JOB, listed),
    Attack("list photos", lambda one: one.model_id, MODEL, lambda mall, me, it: mall.rest(me.user_id, "GET /models")),
    # an erasure
    Attack("look an erasure up", lambda one: one.receipt, "f" * 32, rest("GET /me/erasures/*")),
    Attack("look a person up as an erasure", lambda one: one.user_id, NOBODY,
           lambda mall, me, it: mall.rest(me.user_id, f"GET /me/erasures/{quote(it, safe='')}")),
    Attack("erase another", lambda one: one.user_id, NOBODY, erase_as),
    # a socket
    Attack("buy a ticket for another", lambda one: one.user_id, NOBODY, ticket_for),
    Attack("show a job as a ticket", lambda one: one.done, JOB, show),
    Attack("show a name as a ticket", lambda one: one.user_id, NOBODY, show),
    Attack("inherit a socket before a finished job's news", lambda one: one.done, JOB, inherit),
    Attack("inherit a socket before a waiting job's news", lambda one: one.waiting, JOB, inherit),
)  # fmt: skip


@dataclass
class Siege:
    """Makes attacks, and says what they came to."""

    mall: Mall
    made: int = 0
    breaches: list[str] = field(default_factory=list)
    _references: dict[tuple[str, str], str] = field(default_factory=dict)

    def strike(self, attack: Attack, attacker: Shopper, victim: Shopper) -> None:
        """Make one attack and note every way in which it came to something."""
        self.made += 1
        thing = attack.thing(victim)
        if (attack.name, attacker.user_id) not in self._references:
            answer = attack.attempt(self.mall, attacker, attack.absent)
            self._references[attack.name, attacker.user_id] = neutral(answer, attack.absent, attacker.user_id)
        self.breaches += [
            f"{attack.name}: {problem} ({attacker.user_id} → {victim.user_id})"
            for problem in self._watched(attack, attacker, victim, thing)
        ]

    def _watched(self, attack: Attack, attacker: Shopper, victim: Shopper, thing: str) -> list[str]:
        before, changes = self.mall.possessions(victim), len(self.mall.jobs.changes)
        heard = len(self.mall.notifier.sent[victim.socket])
        self.mall.pictures.touched.clear()
        answer = attack.attempt(self.mall, attacker, thing)
        found = []
        if (seen := neutral(answer, thing, attacker.user_id)) != self._references[attack.name, attacker.user_id]:
            found.append(f"answered otherwise than nothing would be: {seen[:200]}")
        told = without(answer, thing)
        if leaked := [one for one in victim.secrets if one in told and not any(one in own for own in attacker.secrets)]:
            found.append(f"told {leaked}")
        if any(one.user_id == victim.user_id for one in self.mall.jobs.changes[changes:]):
            found.append("wrote a job of another")
        if any(one is not other for one, other in zip(before, self.mall.possessions(victim), strict=True)):
            found.append("changed what belongs to another")
        if len(self.mall.notifier.sent[victim.socket]) != heard and not attack.name.startswith("inherit"):
            found.append("was heard by another")
        if others := {
            owner for owner in OWNER.findall(json.dumps(answer, ensure_ascii=False)) if owner != attacker.user_id
        }:
            found.append(f"named the folder of {sorted(others)}")
        files = {file_of(one) for one in (victim.photo, victim.mask)} | {victim.model_id}
        if any(one in repr(job) for job in self.mall.jobs.changes[changes:] for one in files):
            found.append("took what is another's into a job")
        theirs = {victim.photo, victim.prepared, victim.mask, victim.result}
        if theirs & set(self.mall.pictures.touched):
            found.append("read another's picture")
        return found
