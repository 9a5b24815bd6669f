"""What a thing is, by what it is called: its kind, and its sleeves where its words tell them.

The noun that a phrase is about stands last in English, German and Japanese (a shirt dress is a dress), and first in
French and Spanish (une robe chemise is a robe). What follows a preposition belongs to the thing and is not the thing: a
dress with a belt, a hanger for jackets. Where words contradict each other nothing is read: a wrong proposal costs.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from vto.domain.vocabulary import KINDS, OUTFIT, Kind


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES = ("en", "de", "fr", "es")  # of two that fit a text alike, the first one counts
HEAD_FIRST = ("fr", "es")

_PLURALS = {"en": ("s", "es"), "de": ("s", "e", "n", "en", "er", "ern"), "fr": ("s", "x"), "es": ("s", "es")}
_PREPOSITIONS = {
    "en": _words("with without for in of on over under from by w"),
    "de": _words("mit ohne fur aus in im zu zum zur auf unter uber von"),
    "fr": _words("de du des d en a au aux avec sans pour sur sous"),
    "es": _words("de del con sin para en sobre a"),
}
_TELLTALE = {  # small words that tell a text's language, beside its prepositions
    "en": _words("the and is this women men"),
    "de": _words("und der die das ein eine damen herren kinder"),
    "fr": _words("et la le les un une femme homme fille garcon enfant"),
    "es": _words("y la el los las un una mujer hombre nina nino"),
}
_MEASURES = _words("pair pairs set pack lot paire lots jeu par pares juego paar satz er")  # a pair of boots is boots
_BRANDS = re.compile(r"pull\s*(?:&|and)\s*bear|jean[ -]paul|top ?shop|hard rock")  # named after things that they sell
_SHORTEST_ENDING = 4  # of a German compound: shorter words end too many others (laptop)
_NO_ENDINGS = ("tisch", "kappe", "polo", "loop", "tuch", "ring", "slip")  # and so do these: elastisch, Radkappe

_SENTENCE_END = re.compile(r"[.!?。\n]")
_PHRASE_END = re.compile(r"[,;:|/>()\[\]{}–—•.!?、。「」【】\n]|\s-\s")
_AND = re.compile(r"&|\+|・|\b(?:and|und|et|y)\b")
_LETTERS = re.compile(r"[^\W\d_]+")
_KATAKANA = re.compile(r"[ァ-ヺー]")
_BELONGS = re.compile(r"[用風型柄入掛付]|つき")  # for, like or with a shirt: what comes next is the thing

_HOOD = re.compile(r"\bhood(?:ed)?\b|kapuze|\bcapuch|フード")
_NO_HOOD = re.compile(r"\b(?:without|no|ohne|sans|sin) (?:a )?(?:hood|kapuze|capuch)|フードなし")
_SLEEVES = (
    ("no", re.compile(r"sleeveless|no[- ]sleeves?|armellos|sans manches|sin mangas|ノースリーブ|袖なし")),
    ("short", re.compile(r"short[- ]?sleeve|kurzarm|manches courtes|manga corta|半袖")),
    ("long", re.compile(r"long[- ]?sleeve|langarm|manches longues|manga larga|長袖")),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What words say of a thing: its kind, if they name one, and its sleeves, if they tell them."""

    kind: Kind | None
    sleeves: str | None = None


def read(category: str, name: str, description: str) -> Reading:
    """What a product is, by its category, its name and its description, in this order.

    A category of several things ("Shoes & Bags") says less than a name, within the same part of the body a name says
    more than any category, and a name of what cannot be tried on counts most.

    Example:
        >>> read("tops", "Blue long sleeve tee", "").sleeves
        'long'
    """
    by_category, is_narrow = _of_category(_folded(category))
    words = _folded(name)
    by_name = _of_name(words)
    if by_name and (by_name.is_unfit or not is_narrow or by_category is None or by_category.group == by_name.group):
        kind: Kind | None = by_name
    elif by_category:
        kind = by_category
    else:
        words += f" {_folded(description)}"
        kind = next(filter(None, map(_of_sentence, _SENTENCE_END.split(_folded(description)))), None)
    if kind and kind.group == "UPPER_BODY" and _HOOD.search(words) and not _NO_HOOD.search(words):
        kind = replace(kind, is_bulky=True, is_outer=kind.is_outer or kind.sleeves == "long")
    said = _sleeves(_folded(f"{category} {name} {description}"))
    return Reading(kind, said or (kind.sleeves if kind else None))


def worn_sleeves(description: str) -> str | None:
    """The sleeves that a person wears, by the description of their picture; None where it does not tell."""
    text = _folded(description)
    tokens = _tokens(text)
    worn = [kind for _, _, kind in _found(tokens, _language(tokens))] + _japanese(text)
    return _sleeves(text) or next((one.sleeves for one in worn if one.group == "UPPER_BODY" and one.sleeves), None)


# --- phrases ----------------------------------------------------------------------------------------------------------


def _of_category(folded: str) -> tuple[Kind | None, bool]:
    """What a category is for, and whether it is for that alone ("Shoes & Accessories" is not)."""
    kinds = [kind for phrase in _PHRASE_END.split(folded) for kind in _things(phrase)[0]]
    is_narrow = not _AND.search(folded) and len({(one.group, one.prompt) for one in kinds}) == 1
    return kinds[-1] if is_narrow else _together(kinds), is_narrow


def _of_name(folded: str) -> Kind | None:
    """What the first phrase of a name that is about something is about."""
    for phrase in _PHRASE_END.split(folded):
        things, is_all = _things(phrase)
        if things or is_all:
            return _together(things)
    return None


def _of_sentence(sentence: str) -> Kind | None:
    """The first thing that a sentence is about; in prose others may follow."""
    if japanese := _japanese(sentence):
        return japanese[0]
    tokens = _tokens(sentence)
    language = _language(tokens)
    found = _found(tokens, language, until=_preposition(tokens, language))
    if language in HEAD_FIRST or not found:
        return found[0][2] if found else None
    run = 0
    while run + 1 < len(found) and found[run + 1][0] == found[run][1]:
        run += 1  # a shirt dress
    return found[run][2]


def _things(phrase: str) -> tuple[list[Kind], bool]:
    """The things that a phrase names, more than one where it joins them by "and"; and whether what follows belongs to
    them: hangers for jackets, coats."""
    language = _language(_tokens(phrase))
    things: list[Kind] = []
    for part in _AND.split(phrase):
        if japanese := _japanese(part):
            things.append(japanese[-1])
            continue
        tokens = _tokens(part)
        preposition = _preposition(tokens, language)
        if found := _found(tokens, language, until=preposition):
            things.append(found[0 if language in HEAD_FIRST else -1][2])
        if preposition is not None:
            return things, True
    return things, False


def _together(things: list[Kind]) -> Kind | None:
    """What several things are that are sold as one; an unfit kind where they do not go together."""
    fit = [one for one in things if not one.is_unfit]
    groups = {one.group for one in fit} - {None}
    if len({id(one) for one in fit}) < 2:
        return next(iter(fit or things), None)
    if groups == {"UPPER_BODY", "LOWER_BODY"}:
        return OUTFIT
    if "FULL_BODY" in groups and "FOOTWEAR" not in groups:
        return next(one for one in fit if one.group == "FULL_BODY")
    if len(groups) == 1:
        of_group = [one for one in fit if one.group]
        return of_group[0] if len({id(one) for one in of_group}) == 1 else Kind(of_group[0].group)
    return Kind(None)


# --- words ------------------------------------------------------------------------------------------------------------


def _folded(text: str) -> str:
    """A text in one spelling: full-width letters as narrow ones, in lower case, Latin letters without accents; and
    without brands that are named after things."""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", parts))
    return _BRANDS.sub(" ", plain.replace("_", " "))


def _sleeves(folded: str) -> str | None:
    return next((length for length, words in _SLEEVES if words.search(folded)), None)


def _table(*languages: str) -> Mapping[str, Kind]:
    words = ((word, kind) for kind in KINDS for one in languages for word in getattr(kind, one).split())
    return {_folded(word).replace("-", ""): kind for word, kind in words}


_WORDS = {language: _table("shared", language) for language in LANGUAGES}
_ENDINGS = sorted(
    (word for word in _WORDS["de"] if len(word) >= _SHORTEST_ENDING and word not in _NO_ENDINGS), key=len, reverse=True
)
_JAPANESE_WORDS = _table("ja")
_JAPANESE = re.compile("|".join(sorted(map(re.escape, _JAPANESE_WORDS), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, and what stands between it and the next one."""

    text: str
    gap: str


def _tokens(text: str) -> list[_Token]:
    matches = list(_LETTERS.finditer(text))
    gaps = [text[one.end() : following.start()].strip() for one, following in pairwise(matches)]
    return [_Token(one[0], gap) for one, gap in zip(matches, [*gaps, " "], strict=False)]


def _language(tokens: list[_Token]) -> str:
    """The language that most of a text's words are of."""

    def fit(language: str) -> int:
        small = _PREPOSITIONS[language] | _TELLTALE[language]
        return 2 * len(_found(tokens, language)) + sum(one.text in small for one in tokens)

    return max(LANGUAGES, key=fit)


def _preposition(tokens: list[_Token], language: str) -> int | None:
    """Where a preposition stands behind a thing; "2 in 1" and "a pair of" go before one."""
    for i, token in enumerate(tokens):
        is_word = token.gap != "-" and (i == 0 or tokens[i - 1].gap != "-")  # not the "in" of slip-in
        if is_word and token.text in _PREPOSITIONS[language] and any(one.text not in _MEASURES for one in tokens[:i]):
            return i
    return None


def _found(tokens: list[_Token], language: str, until: int | None = None) -> list[tuple[int, int, Kind]]:
    """The things that begin before ``until``: where each begins and ends, and what it is."""
    found = []
    i = 0
    while i < (len(tokens) if until is None else until):
        at = next(_at(tokens, i, language), None)
        size, kind = at or (1, None)
        if kind and (size > 1 or _stands_alone(tokens, i, language)):
            found.append((i, i + size, kind))
        i += size
    return found


def _at(tokens: list[_Token], i: int, language: str) -> Iterator[tuple[int, Kind]]:
    """The thing that begins at a word, the longest first: "tank top" before "tank"."""
    for size in (3, 2, 1):
        words = tokens[i : i + size]
        if len(words) == size and all(one.gap in ("", "-", "'", "’") for one in words[:-1]):
            kind = _word("".join(one.text for one in words), language, is_whole=size > 1)
            if kind:
                yield size, kind


def _stands_alone(tokens: list[_Token], i: int, language: str) -> bool:
    """Whether a word is more than the first part of a hyphenated one that is about something else: boot-cut."""
    last = i
    while tokens[last].gap == "-" and last + 1 < len(tokens):
        last += 1
    return last == i or (language in HEAD_FIRST and _word(tokens[last].text, language) is not None)


def _word(text: str, language: str, *, is_whole: bool = False) -> Kind | None:
    table = _WORDS[language]
    forms = [text, *(text.removesuffix(end) for end in _PLURALS[language] if text.endswith(end))]
    known = next((table[one] for one in forms if one in table), None)
    if known or is_whole or language != "de":
        return known
    # the part before the ending has to be a word too, or at least long enough for one
    ends = (end for one in forms for end in _ENDINGS if one.endswith(end) and len(one) >= len(end) + 3)
    longest = max(ends, key=len, default=None)
    return table[longest] if longest else None


def _japanese(folded: str) -> list[Kind]:
    """The things that a Japanese text names; a word in katakana ends with its script, a short one begins with it."""
    found = []
    for match in _JAPANESE.finditer(folded):
        before, after = folded[: match.start()][-1:], folded[match.end() :]
        goes_on = _KATAKANA.match(after) and _KATAKANA.match(match[0][-1])
        began = len(match[0]) < 3 and _KATAKANA.match(match[0]) and _KATAKANA.match(before)
        if not goes_on and not began and not _BELONGS.match(after):
            found.append(_JAPANESE_WORDS[match[0]])
    return found
