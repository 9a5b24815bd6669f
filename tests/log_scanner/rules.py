"""What may stand in no log line: each rule says what it finds in one line, as pure functions of the text.

Personal is what tells who somebody is, what they look like or what they wrote: e-mail and network addresses, pictures,
words for a prompt, names that people give their files. Ids that we make of users and jobs are not: without our tables
nobody knows whose they are, and without them nobody could explain a job.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

type Spans = Iterator[tuple[int, int]]
type Rule = Callable[[str], Spans]
AROUND = 40  # characters of the line on both sides of what was found
RULES: dict[str, Rule] = {}


@dataclass(frozen=True)
class Finding:
    """One thing that a line should not have: the rule's name and the line around it, the thing itself left out."""

    rule: str
    excerpt: str


def findings(line: str) -> list[Finding]:
    """Everything in a line that no log may hold."""
    return [Finding(name, _redacted(line, *span)) for name, rule in RULES.items() for span in rule(line)]


def _redacted(line: str, start: int, end: int) -> str:
    before, after = line[max(0, start - AROUND) : start], line[end : end + AROUND]
    for name in RULES:  # another secret may stand beside it
        for begin, stop in list(RULES[name](after))[::-1]:
            after = f"{after[:begin]}…{after[stop:]}"
        for begin, stop in list(RULES[name](before))[::-1]:
            before = f"{before[:begin]}…{before[stop:]}"
    return f"{before}«{end - start} characters»{after}".replace("\n", "⏎")


def _rule(rule: Rule) -> Rule:
    RULES[rule.__name__.replace("_", " ")] = rule
    return rule


def _matches(pattern: re.Pattern[str], line: str) -> Spans:
    return (found.span() for found in pattern.finditer(line))


JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)*")
BEARER = re.compile(r"(?i)\b(?:bearer|basic) +[\w.~+/=-]{6,}")
SECRET_FIELD = re.compile(
    r"""(?ix) (?: \b | _ )
    (?: access_?token | id_?token | refresh_?token | session_?token | ticket | authorization | api_?key | password
    | secret_?(?:access_?)?key | client_?secret ) \b
    (?: \s* = \s* | \\* ["'] \s* [:=] \s* ) \\* ["']? (?! null | none\b ) [\w.~+/=-]{6,}
    | [?&]token=[\w.~+/-]{6,}"""
)
SECRET_WORDS = ("bearer", "basic", "token", "ticket", "authorization", "api", "password", "secret")
THIRTY_TWO_BYTES = re.compile(r"(?<![\w/+-])[\w-]{43}(?![\w/+=-])")  # as secrets.token_urlsafe writes them
ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
FASHN_KEY = re.compile(r"\bfa-[\w-]{16,}")


@_rule
def token(line: str) -> Spans:
    """A token of Cognito, a ticket for a socket, an API key, an AWS key, or what an authorization header holds."""
    if "eyJ" in line:
        yield from _matches(JWT, line)
    small = line.lower()
    if any(word in small for word in SECRET_WORDS):  # most lines have none: this is the cheaper question
        yield from _matches(BEARER, line)
        yield from _matches(SECRET_FIELD, line)
    for start, pattern in (("AKIA", ACCESS_KEY), ("ASIA", ACCESS_KEY), ("fa-", FASHN_KEY)):
        if start in line:
            yield from _matches(pattern, line)
    yield from (span for span in _matches(THIRTY_TWO_BYTES, line) if _looks_random(line[slice(*span)]))


def _looks_random(text: str) -> bool:
    """Whether small letters, capitals and digits take turns as chance lets them: 27 times in 43, in names far less."""
    kinds = ["a" if one.islower() else "A" if one.isupper() else "0" if one.isdigit() else "-" for one in text]
    return sum(one != other for one, other in pairwise(kinds)) >= 20


SIGNED = re.compile(
    r"(?i)\bx-amz-(?:signature|credential|security-token)\b[\"'\\]*\s*(?:=|:|%3D)\s*[\"'\\]*[^\s\"'&]+"
    r"|\bAWSAccessKeyId=\w+|[?&,; ]Signature=[\w%/+=-]{20,}"
)
POLICY = re.compile(r"eyJ(?:leHBpcmF0aW9u|jb25kaXRpb25z)[\w+/=-]*")  # {"expiration…, {"conditions… in base64


@_rule
def signature(line: str) -> Spans:
    """What makes a link or a form work for whoever has it: the signature of a presigned URL, the policy of a form."""
    if "ignature" in line or "amz" in line.lower() or "AWSAccessKeyId" in line:
        yield from _matches(SIGNED, line)
    if "eyJ" in line:
        yield from _matches(POLICY, line)


EMAIL = re.compile(r"[\w.+-]{1,64}(?:@|%40|\\u0040)(?:[^\W_](?:[^\W_]|-){0,62}\.)+[^\W\d_]{2,}\b")


@_rule
def e_mail(line: str) -> Spans:
    """An e-mail address."""
    if "@" in line or "%40" in line or "\\u0040" in line:
        yield from _matches(EMAIL, line)


IPV4 = re.compile(r"(?<![\w.-])\d{1,3}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])")


@_rule
def network_address(line: str) -> Spans:
    """The network address of a person; those of this machine and of nobody are none."""
    for mark, pattern in ((".", IPV4), (":", IPV6)):
        for found in pattern.finditer(line) if line.count(mark) > 1 else ():
            try:
                address = ipaddress.ip_address(found[0])
            except ValueError:
                continue
            if not (address.is_loopback or address.is_unspecified or address.is_link_local):
                yield found.span()


PICTURE_TEXT = re.compile(r"(?:/9j/|iVBORw0KGgo|UklGR)[A-Za-z0-9+/=_-]{8,}")  # JPEG, PNG, WebP
LONG_RUN = re.compile(r"[A-Za-z0-9+/_-]{240,}={0,2}")
PICTURE_BYTES = re.compile(
    r"""(?ix) \\+xff\\+xd8\\+xff | \\+x89PNG | \\+u00ff\\+u00d8\\+u00ff | \\+u0089PNG | \xff\xd8\xff | \x89PNG\r\n
    | RIFF.{1,32}?WEBPVP8 | (?:\\+x[0-9a-f]{2}[^\\\s]{0,2}){24,}"""
)
ONLY_PATH = re.compile(r"[a-z0-9_/-]+")


@_rule
def picture(line: str) -> Spans:
    """Bytes of a picture: as base64, or as Python, JSON or a terminal write bytes."""
    if "/9j/" in line or "iVBOR" in line or "UklGR" in line:
        yield from _matches(PICTURE_TEXT, line)
    if len(line) >= 240:
        yield from (span for span in _matches(LONG_RUN, line) if not ONLY_PATH.fullmatch(line[slice(*span)]))
    if "\\" in line or "RIFF" in line or "\xff" in line or "PNG" in line:
        yield from _matches(PICTURE_BYTES, line)


WORDS = re.compile(
    r"""(?ix) (?: mask_?prompt | \b prompt | negative_?text | \b text )
    \\* ["'] \s* : \s* (?: \[ \s* )? \\* ["'] (?! \\* ["'] ) [^"'\\]{2,}
    | (?: mask_?prompt | negative_?text ) = (?! has\ no\ word\b ) ["']? [^"'\\,;)]{2,}"""
)  # what the preview says of a prompt that it does not know is its own words


@_rule
def words(line: str) -> Spans:
    """What a shopper wrote: a prompt for a mask or a picture, as a field of a document, or as Python shows it."""
    if "rompt" in line or "ext" in line:
        yield from _matches(WORDS, line)


PRIVATE_KEY = re.compile(
    r"""(?x) (?: \b | (?<=%2F) ) (?:models|masks) (?:/|%2F) users (?:/|%2F) [^/%\s"']+ (?:/|%2F)
    (?! [0-9a-f]{32}\.\w{3,4}\b | [\w-]+(?:/|%2F)[0-9a-f]{16}\b )
    (?: [^/"'\\]{1,100}? \. \w{3,4} \b | [^/\s"'\\]{2,} )"""
)
FILE_FIELD = re.compile(r"""(?i)\bfile_?name\\*["']?\s*[:=]\s*\\*["']?[^"'\s\\]+\.(?:jpe?g|png|webp|heic|gif)""")


@_rule
def file_name(line: str) -> Spans:
    """The name that somebody gave their own picture; ours are made of digits."""
    if "/users/" in line or "%2Fusers%2F" in line:  # S3 writes keys into links and events the second way
        yield from _matches(PRIVATE_KEY, line)
    if "ile" in line:
        yield from _matches(FILE_FIELD, line)
