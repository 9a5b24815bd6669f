"""What a request should say, from what a product is called, and what to warn of when it says something else.

A table of keywords and no model: quick, free, the same every time, and whoever disagrees adds a word. A request that
sends ``parameters`` of its own is never changed, only warned.

Rules of styling and masks: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-vto.html. That a finer class has
to be what the *person* wears, while the general ones fit everybody, is what people learnt who tried:
https://qiita.com/ren8k/items/af7b127cdffd859856f2
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from vto.domain.notices import Notice
from vto.domain.parameters import FOOTWEAR, FULL_BODY, LOWER_BODY, UPPER_BODY, Parameters

GROUPS = {name: group[0] for group in (UPPER_BODY, LOWER_BODY, FULL_BODY, FOOTWEAR) for name in group}
"""The general class of each class."""

EXCLUSIONS = ("preserveBodyPose", "preserveHands", "preserveFace")
SLEEVES_OF_CLASS = {"LONG_SLEEVE_SHIRT": "long", "SHORT_SLEEVE_SHIRT": "short", "NO_SLEEVE_SHIRT": "no"}
LENGTH = {"no": 0, "short": 1, "long": 2}

WARNINGS: Mapping[str, str] = {
    "class_differs_from_product": "the class covers another part of the body than the product does",
    "no_class_for_product": "the product is of a kind that no class covers, such as a hat or a lamp",
    "fine_class_needs_same_source": "a finer class fits only whoever wears that kind; the general one fits everybody",
    "old_sleeve_stays": "the person's sleeves are longer than what the class replaces, and stay visible",
    "styling_needs_outer_layer": "`outerLayerStyle` works with outer layers only, and the product seems to be none",
    "sleeves_cannot_be_styled": "`longSleeveStyle` needs long sleeves, and the product seems to have none",
    "sleeve_up_needs_free_arms": "`SLEEVE_UP` does not work where the person wears long sleeves down",
    "tucked_needs_tucked_source": "`TUCKED` works only where what the person wears is tucked in already",
    "dress_cannot_be_tucked": "`tuckingStyle` says nothing about a dress",
    "box_covers_the_person": "a box covers face and hands too, unless `maskExclusions` says otherwise",
    "contour_keeps_old_shape": "`CONTOUR` follows the old item's outline, so a new one of another shape is cut to it",
    "item_must_be_in_photo": "the mask is found by words: something of that kind has to be in the photo",
}
"""What each warning of a request means."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that can be tried on.

    Args:
        group: Its general class; None where no class covers it.
        prompt: What stands in its place in a photo, in English, where no class covers it.
        sleeves: ``"long"``, ``"short"`` or ``"no"`` where its name says so.
        is_outer: Whether it is worn over something else.
        is_bulky: Whether it has a shape of its own that the outline of a thin garment would cut away.
        is_dress: Whether there is nothing about it to tuck in.
        words: English and German words, which may end a compound.
        romance: French and Spanish words; of several the first is the noun.
        japanese: Japanese words, found anywhere.
    """

    group: str | None
    words: str
    romance: str = ""
    japanese: str = ""
    prompt: str | None = None
    sleeves: str | None = None
    is_outer: bool = False
    is_bulky: bool = False
    is_dress: bool = False


def _thing(prompt: str, words: str, romance: str = "", japanese: str = "") -> Kind:
    return Kind(None, f"{prompt} {words}", romance, japanese, prompt=prompt)


KINDS = (
    Kind(
        "UPPER_BODY",
        "hoodie hoody kapuzenpullover kapuzenpulli kapuzenjacke",
        "capuche capucha",
        "パーカー パーカ フーディ",
        sleeves="long",
        is_outer=True,
        is_bulky=True,
    ),
    Kind(
        "UPPER_BODY",
        "jacket coat blazer parka anorak windbreaker trench outerwear jacke mantel",
        "veste manteau blouson chaqueta abrigo cazadora",
        "ジャケット コート ブルゾン ジャンパー アウター ダウン",
        sleeves="long",
        is_outer=True,
    ),
    Kind("UPPER_BODY", "cardigan strickjacke", "cardigan rebeca", "カーディガン", sleeves="long", is_outer=True),
    Kind("UPPER_BODY", "vest waistcoat weste", "gilet chaleco", "ベスト", sleeves="no", is_outer=True),
    Kind(
        "UPPER_BODY",
        "t-shirt tshirt tee polo poloshirt",
        "camiseta tee-shirt",
        "tシャツ ポロシャツ",
        sleeves="short",
    ),
    Kind("UPPER_BODY", "tank camisole singlet trägertop", "débardeur", "タンクトップ キャミソール", sleeves="no"),
    Kind(
        "UPPER_BODY",
        "sweater jumper pullover sweatshirt pulli",
        "pull jersey suéter sudadera",
        "セーター トレーナー スウェット",
        sleeves="long",
    ),
    Kind(
        "UPPER_BODY",
        "shirt blouse top tops tunic hemd bluse oberteil",
        "chemise chemisier haut camisa blusa",
        "シャツ ブラウス トップス カットソー ニット",
    ),
    Kind(
        "LOWER_BODY",
        "pants trousers jeans chinos slacks leggings joggers skirt shorts bottoms jean hose rock",
        "pantalon jupe short pantalón pantalones falda vaqueros",
        "パンツ ズボン ジーンズ スカート レギンス ボトムス 短パン",
    ),
    Kind(
        "FULL_BODY",
        "dress gown kleid",
        "robe vestido",
        "ワンピース ドレス",
        is_dress=True,
    ),
    Kind(
        "FULL_BODY",
        "jumpsuit romper overalls dungarees onesie suit outfit kimono anzug overall",
        "combinaison costume tailleur traje mono",
        "オールインワン スーツ 着物 浴衣 つなぎ セットアップ",
    ),
    Kind(
        "FOOTWEAR",
        "shoe boot sneaker sandal loafer heels pumps slipper trainers footwear schuh stiefel sandale",
        "chaussure botte basket sandale zapato bota zapatilla sandalia",
        "靴 シューズ ブーツ スニーカー サンダル パンプス ローファー",
    ),
    _thing("hat", "cap beanie headwear hut mütze", "chapeau casquette bonnet sombrero gorra", "帽子 キャップ ハット"),
    _thing("bag", "handbag backpack tote tasche rucksack", "sac bolso mochila", "バッグ かばん 鞄 リュック"),
    _thing("glasses", "sunglasses brille", "lunettes gafas", "メガネ 眼鏡 サングラス"),
    _thing("scarf", "schal", "écharpe foulard bufanda", "マフラー スカーフ"),
    _thing("necklace", "pendant halskette", "collier collar", "ネックレス"),
    _thing("watch", "wristwatch armbanduhr", "montre reloj", "腕時計"),
    _thing("belt", "gürtel", "ceinture cinturón", "ベルト"),
    _thing("sofa", "couch settee", "canapé sofá", "ソファ"),
    _thing("chair", "armchair stool stuhl sessel", "chaise fauteuil silla sillón", "椅子 チェア"),
    _thing("table", "desk tisch", "mesa", "テーブル 机"),
    _thing("lamp", "lampe leuchte", "lampe lámpara", "ランプ 照明"),
    _thing("rug", "carpet teppich", "tapis alfombra", "ラグ カーペット 絨毯"),
    _thing("curtain", "vorhang", "rideau cortina", "カーテン"),
    _thing("bed", "bett", "cama", "ベッド"),
)

# what comes after these words belongs to the thing, and is not the thing: a dress with a belt
_AFTER = re.compile(r"\b(?:with|for|mit|für|avec|pour|con|para)\b.*")
_NOT_A_COMPOUND = {"address"}
_SLEEVES = (
    ("no", re.compile(r"sleeveless|no[- ]sleeves?|ärmellos|sans manches|sin mangas|ノースリーブ|袖なし")),
    ("short", re.compile(r"short[- ]?sleeve|kurzarm|kurzärmlig|manches courtes|manga corta|半袖")),
    ("long", re.compile(r"long[- ]?sleeve|langarm|langärmlig|manches longues|manga larga|長袖")),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What words say of a thing: its kind, if they name one, and its sleeves, if they tell them."""

    kind: Kind | None
    sleeves: str | None = field(default=None)


def read(category: str, name: str, description: str) -> Reading:
    """What a product is, by its category, its name and its description, in this order.

    Example:
        >>> read("tops", "Blue long sleeve tee", "").sleeves
        'long'
    """
    by_category, by_name = _kind(category), _kind(name)
    kind = by_category or by_name or _kind(description)
    if by_name and kind and by_name.group == kind.group:
        kind = by_name  # of the same part of the body, and closer to what it is
    said = _sleeves(_folded(f"{category} {name} {description}"))
    return Reading(kind, said or (kind.sleeves if kind else None))


def worn_sleeves(description: str) -> str | None:
    """The sleeves that a person wears, by the description of their picture; None where it does not tell."""
    text = _folded(description)
    of_garments = (kind.sleeves for _, _, kind in _kinds(text) if kind.group == "UPPER_BODY")
    return _sleeves(text) or next(filter(None, of_garments), None)


def group_of(garment_class: str | None, reading: Reading) -> str | None:
    """The general class of a product: that of its own class, if it has one, else what its words say."""
    if garment_class in GROUPS:
        return GROUPS[garment_class]
    return reading.kind.group if reading.kind else None


def propose(garment_class: str | None, reading: Reading) -> Parameters | None:
    """The parameters for a request that has none; None where nothing says what the product is.

    The class is always a general one: a finer one would have to be what the person wears, which nobody knows.

    Args:
        garment_class: The class that the product's row has, if any.
        reading: What its words say.
    """
    kind, group = reading.kind, group_of(garment_class, reading)
    if group is None:
        if kind is None or kind.prompt is None:
            return None
        return {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": kind.prompt, "maskShape": "BOUNDING_BOX"}}
    mask: dict[str, Any] = {"garmentClass": group}
    parameters: Parameters = {"maskType": "GARMENT", "garmentBasedMask": mask}
    if kind and kind.group == group:
        if kind.is_bulky:
            mask["maskShape"] = "BOUNDING_BOX"  # else a hood is cut to the outline of what was there before
            parameters["maskExclusions"] = dict.fromkeys(EXCLUSIONS, "ON")  # what AWS advises with a box
        if kind.is_outer:
            mask["garmentStyling"] = {"outerLayerStyle": "OPEN"}  # else what is worn below is painted anew too
    return parameters


def warnings(
    parameters: Parameters, garment_class: str | None, product: Reading, worn: str | None, *, is_proposed: bool
) -> list[Notice]:
    """What speaks against a request that breaks no rule.

    Args:
        parameters: The request's, or those that were proposed for it.
        garment_class: The class that the product's row has, if any.
        product: What the product's words say.
        worn: The sleeves that the person wears; None where nobody knows.
        is_proposed: Whether the parameters are our own proposal.
    """
    if parameters["maskType"] == "PROMPT":
        return list(_of_prompt(parameters["promptBasedMask"], is_proposed))
    if parameters["maskType"] == "GARMENT":
        mask = parameters["garmentBasedMask"]
        group = group_of(garment_class, product)
        return [
            *_of_class(mask["garmentClass"], group, product, worn),
            *_of_styling(mask, product),
            *_of_shape(mask, parameters.get("maskExclusions", {})),
        ]
    return []


def _notice(code: str, field_: str, advice: str) -> Notice:
    meaning = WARNINGS[code].replace("`", "")
    return Notice(code, f"{meaning[0].upper()}{meaning[1:]}: {advice}.", f"parameters.{field_}")


def _of_prompt(mask: Mapping[str, Any], is_proposed: bool) -> Iterator[Notice]:
    if is_proposed:
        advice = "draw a mask (maskType IMAGE) if there is none"
        yield _notice("item_must_be_in_photo", "promptBasedMask.maskPrompt", advice)
    if mask.get("maskShape") == "CONTOUR":
        yield _notice("contour_keeps_old_shape", "promptBasedMask.maskShape", "use BOUNDING_BOX")


def _of_class(asked: str, group: str | None, product: Reading, worn: str | None) -> Iterator[Notice]:
    path, general = "garmentBasedMask.garmentClass", GROUPS[asked]
    if group and group != general:
        yield _notice("class_differs_from_product", path, f"use {group}, unless the picture shows a whole outfit")
    elif group is None and product.kind:
        advice = f'use maskType PROMPT with maskPrompt "{product.kind.prompt}", or draw a mask (maskType IMAGE)'
        yield _notice("no_class_for_product", path, advice)
    if asked == general:
        return
    replaced = SLEEVES_OF_CLASS.get(asked)
    if replaced and worn and LENGTH[worn] > LENGTH[replaced]:
        yield _notice("old_sleeve_stays", path, f"use {general}")
    elif replaced is None or worn != replaced:
        yield _notice("fine_class_needs_same_source", path, f"use {general} if you do not know what they wear")


def _of_shape(mask: Mapping[str, Any], exclusions: Mapping[str, str]) -> Iterator[Notice]:
    is_upper = GROUPS[mask["garmentClass"]] in ("UPPER_BODY", "FULL_BODY")
    left_open = any(exclusions.get(one, "DEFAULT") == "DEFAULT" for one in ("preserveHands", "preserveFace"))
    if mask.get("maskShape") == "BOUNDING_BOX" and is_upper and left_open:
        advice = "set preserveFace and preserveHands to ON, or to OFF where they are to be painted anew"
        yield _notice("box_covers_the_person", "maskExclusions", advice)


def _of_styling(mask: Mapping[str, Any], product: Reading) -> Iterator[Notice]:
    path, styling, kind = "garmentBasedMask.garmentStyling", mask.get("garmentStyling", {}), product.kind
    if "outerLayerStyle" in styling and kind and not kind.is_outer:
        yield _notice("styling_needs_outer_layer", f"{path}.outerLayerStyle", "leave it out")
    if "longSleeveStyle" in styling and product.sleeves in ("short", "no"):
        yield _notice("sleeves_cannot_be_styled", f"{path}.longSleeveStyle", "leave it out")
    if styling.get("longSleeveStyle") == "SLEEVE_UP":
        yield _notice("sleeve_up_needs_free_arms", f"{path}.longSleeveStyle", "use SLEEVE_DOWN there")
    is_dress = kind.is_dress if kind else mask["garmentClass"] in ("LONG_DRESS", "SHORT_DRESS")
    if "tuckingStyle" in styling and is_dress:
        yield _notice("dress_cannot_be_tucked", f"{path}.tuckingStyle", "leave it out")
    elif styling.get("tuckingStyle") == "TUCKED":
        yield _notice("tucked_needs_tucked_source", f"{path}.tuckingStyle", "use UNTUCKED otherwise")


# --- words ------------------------------------------------------------------------------------------------------------


def _folded(text: str) -> str:
    """A text in one spelling: full-width letters as narrow ones, in lower case, its accents in one form."""
    return unicodedata.normalize("NFKC", text).casefold()


def _sleeves(folded: str) -> str | None:
    return next((length for length, words in _SLEEVES if words.search(folded)), None)


def _table(words: str) -> dict[str, Kind]:
    return {_folded(word): kind for kind in KINDS for word in getattr(kind, words).split()}


_WORDS, _ROMANCE, _JAPANESE = _table("words"), _table("romance"), _table("japanese")
_COMPOUNDS = sorted((word for word in _WORDS if len(word) > 3), key=len, reverse=True)


def _singulars(token: str) -> Iterator[str]:
    yield token
    yield from (token.removesuffix(end) for end in ("s", "es", "n", "en", "e", "er") if token.endswith(end))


def _kinds(text: str) -> Iterator[tuple[tuple[int, int], bool, Kind]]:
    """All things that a folded text speaks of: where the word ends and how long it is, whether it is French or Spanish,
    and the thing."""
    for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)*", text):
        for token in chain([match[0]], match[0].split("-") if "-" in match[0] else ()):
            romance = next((_ROMANCE[one] for one in _singulars(token) if one in _ROMANCE), None)
            kind = _word(token) or romance
            if kind:
                yield (match.end(), len(token)), kind is romance, kind
                break
    for word, kind in _JAPANESE.items():
        yield from (((match.end(), len(word)), False, kind) for match in re.finditer(re.escape(word), text))


def _kind(text: str) -> Kind | None:
    """The thing that a text names: in English, German and Japanese the last one, in French and Spanish the first.

    Some words are both (a short, short sleeves): they count as French or Spanish only among their like.
    """
    found = sorted(_kinds(_AFTER.sub("", _folded(text).replace("_", " "))), key=lambda one: one[0])
    if not found:
        return None
    others = [one for one in found if not one[1]]
    return (others[-1] if others else found[0])[2]


def _word(token: str) -> Kind | None:
    for one in _singulars(token):
        if one in _WORDS:
            return _WORDS[one]
    if token in _NOT_A_COMPOUND:
        return None
    endings = (word for one in _singulars(token) for word in _COMPOUNDS if one.endswith(word))
    longest = max(endings, key=len, default=None)
    return _WORDS[longest] if longest else None
