"""What a product's words propose, and what speaks against a request that breaks no rule."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto import schemas
from vto.domain import planner
from vto.domain.contract import cross_field_violations
from vto.domain.parameters import GARMENT_CLASSES, Parameters
from vto.domain.planner import propose, warnings
from vto.domain.reading import Reading, read, worn_sleeves
from vto.domain.vocabulary import KINDS, Kind

LANGUAGES_OF_THE_TABLE = ("shared", "en", "de", "fr", "es", "ja")
GENERAL = {"UPPER_BODY", "LOWER_BODY", "FULL_BODY", "FOOTWEAR"}


NAMES = [
    line.split("\t")
    for line in Path(__file__).with_name("product_names.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def group(name: str, category: str = "", description: str = "") -> str | None:
    return planner.group_of(None, read(category, name, description))


def proposed(category: str, name: str, description: str = "") -> str:
    """A proposal in one word or two."""
    parameters = propose(None, read(category, name, description))
    if parameters is None:
        return "nothing"
    if parameters["maskType"] == "PROMPT":
        return str(parameters["promptBasedMask"]["maskPrompt"])
    mask = parameters["garmentBasedMask"]
    shape = " hood" if "maskShape" in mask else " outer" if "garmentStyling" in mask else ""
    return f"{mask['garmentClass']}{shape}"


@pytest.mark.parametrize(("category", "name", "wanted"), NAMES)
def test_a_name_says_what_is_proposed(category: str, name: str, wanted: str) -> None:
    assert proposed(category, name) == wanted


def test_the_catalogue_of_names_is_large_and_speaks_five_languages() -> None:
    assert len(NAMES) >= 150
    assert {wanted for _, _, wanted in NAMES} >= {*GENERAL, "UPPER_BODY outer", "UPPER_BODY hood", "nothing", "hat"}


@pytest.mark.parametrize("language", ["shared", "en", "de", "fr", "es", "ja"])
def test_every_word_of_the_table_is_read_as_what_it_stands_for(language: str) -> None:
    """A word of two languages may be either's thing; none is lost, and none becomes a thing of a third kind."""
    meanings: dict[str, list[Kind]] = {}
    for kind in KINDS:
        for one in LANGUAGES_OF_THE_TABLE:
            for word in getattr(kind, one).split():
                meanings.setdefault(word, []).append(kind)
    for kind in KINDS:
        for word in getattr(kind, language).split():
            found = read("", word, "").kind
            assert found in [*meanings[word], *(replace(one, is_bulky=True) for one in meanings[word])], word


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("A long dress. Goes with any shoes.", "FULL_BODY"),
        ("Goes with any shoes", "nothing"),
        ("Goes with shoes, belts and bags", "nothing"),
        ("This jacket keeps you warm on the way to your desk.", "UPPER_BODY outer"),
        ("Una camisa de lino para el verano", "UPPER_BODY"),
        ("Ein Kleid, das zu jeder Tasche passt", "FULL_BODY"),
        ("軽いジャケットです。靴にも合います。", "UPPER_BODY outer"),
        ("A warm sweatshirt with a hood.", "UPPER_BODY hood"),
        ("", "nothing"),
    ],
)
def test_where_neither_category_nor_name_tells_the_first_thing_that_the_description_is_about_does(
    description: str, wanted: str
) -> None:
    assert proposed("", "Meadow", description) == wanted


def test_a_hood_that_only_the_description_mentions_does_not_make_a_hooded_garment_of_a_named_one() -> None:
    assert proposed("", "Sweatshirt", "Matches our hooded jacket") == "UPPER_BODY"


@pytest.mark.parametrize("name", ["Scho\u0308ne Ma\u0308ntel", "ＤＥＮＩＭ jacket", "mÄNTEL", "Blouson", "JACKE"])
def test_any_spelling_of_a_word_is_that_word(name: str) -> None:
    assert proposed("", name) == "UPPER_BODY outer"


def test_the_category_counts_more_than_the_name_and_the_name_more_than_the_description() -> None:
    assert group("Jean", category="Shoes") == "FOOTWEAR"
    assert group("Meadow dress", description="goes with any shoes") == "FULL_BODY"
    assert group("Meadow", description="a long dress") == "FULL_BODY"


def test_within_the_same_part_of_the_body_the_name_says_more_than_the_category() -> None:
    kind = read("tops", "Moss hoodie", "").kind
    assert kind
    assert (kind.is_outer, kind.is_bulky) == (True, True)


@pytest.mark.parametrize(
    ("name", "sleeves"),
    [
        ("Long sleeve tee", "long"),
        ("Tee", "short"),
        ("Sleeveless blouse", "no"),
        ("Blouse", None),
        ("Langarmshirt", "long"),
        ("Chemise manches courtes", "short"),
        ("Vestido sin mangas", "no"),
        ("\u534a\u8896\u30b7\u30e3\u30c4", "short"),
        ("\u30ce\u30fc\u30b9\u30ea\u30fc\u30d6\u30c8\u30c3\u30d7\u30b9", "no"),
    ],
)
def test_words_tell_sleeves(name: str, sleeves: str | None) -> None:
    assert read("", name, "").sleeves == sleeves


@pytest.mark.parametrize(
    ("description", "sleeves"),
    [
        ("A person in a white T-shirt and grey trousers.", "short"),
        ("A woman in a long-sleeved dress.", "long"),
        ("A man in a hoodie", "long"),
        ("A bright room with a grey sofa", None),
        ("", None),
    ],
)
def test_a_stock_models_description_tells_what_it_wears(description: str, sleeves: str | None) -> None:
    assert worn_sleeves(description) == sleeves


# --- proposals --------------------------------------------------------------------------------------------------------

known = [word for kind in KINDS for one in LANGUAGES_OF_THE_TABLE for word in getattr(kind, one).split()]
words = st.lists(st.sampled_from(known), max_size=3).map(" ".join)


@given(name=words | st.text(max_size=40), category=words, garment_class=st.none() | st.sampled_from(GARMENT_CLASSES))
def test_every_proposal_keeps_the_contract_names_a_general_class_and_is_not_warned_of(
    name: str, category: str, garment_class: str | None
) -> None:
    reading = read(category, name, "")
    parameters = propose(garment_class, reading)
    if parameters is None:
        assert garment_class is None
        return
    assert schemas.violations("parameters", parameters) == []
    assert list(cross_field_violations(parameters)) == []
    assert parameters.get("garmentBasedMask", {}).get("garmentClass", "UPPER_BODY") in GENERAL
    said = {one.code for one in warnings(parameters, garment_class, reading, None, is_proposed=True)}
    assert said <= {"item_must_be_in_photo"}


def test_a_hooded_garment_gets_room_for_its_hood_and_an_outer_one_leaves_what_is_worn_below() -> None:
    assert propose(None, read("", "Hoodie", "")) == {
        "maskType": "GARMENT",
        "garmentBasedMask": {
            "garmentClass": "UPPER_BODY",
            "maskShape": "BOUNDING_BOX",
            "garmentStyling": {"outerLayerStyle": "OPEN"},
        },
        "maskExclusions": {"preserveBodyPose": "ON", "preserveHands": "ON", "preserveFace": "ON"},
    }


@pytest.mark.parametrize("garment_class", GARMENT_CLASSES)
def test_the_class_of_the_row_counts_more_than_words(garment_class: str) -> None:
    parameters = propose(garment_class, read("sofas", "Sofa", ""))
    assert parameters
    assert parameters["garmentBasedMask"] == {"garmentClass": planner.GROUPS[garment_class]}


# --- warnings ---------------------------------------------------------------------------------------------------------


def garment(garment_class: str, **styling: str) -> Parameters:
    mask: dict[str, Any] = {"garmentClass": garment_class, **({"garmentStyling": styling} if styling else {})}
    return {"maskType": "GARMENT", "garmentBasedMask": mask}


def boxed(**exclusions: str) -> Parameters:
    mask = {"garmentClass": "UPPER_BODY", "maskShape": "BOUNDING_BOX"}
    return {"maskType": "GARMENT", "garmentBasedMask": mask, "maskExclusions": exclusions}


def said(parameters: Parameters, name: str = "", worn: str | None = None) -> list[str]:
    found = warnings(parameters, None, read("", name, ""), worn, is_proposed=False)
    assert all(one.path.startswith("parameters.") and one.message.endswith(".") for one in found)
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("parameters", "name", "worn", "codes"),
    [
        (garment("UPPER_BODY"), "Tee", "long", []),
        (garment("SHORT_SLEEVE_SHIRT"), "Tee", "short", []),
        (garment("SHORT_SLEEVE_SHIRT"), "Tee", None, ["fine_class_needs_same_source"]),
        (garment("SHORT_SLEEVE_SHIRT"), "Long sleeve tee", "long", ["old_sleeve_stays"]),
        (garment("NO_SLEEVE_SHIRT"), "Tank", "short", ["old_sleeve_stays"]),
        (garment("LONG_SLEEVE_SHIRT"), "Tee", "short", ["fine_class_needs_same_source"]),
        (garment("BOOTS"), "Boots", None, ["fine_class_needs_same_source"]),
        (garment("LOWER_BODY"), "Tee", None, ["class_differs_from_product"]),
        (garment("UPPER_BODY"), "Straw hat", None, ["no_class_for_product"]),
        (garment("UPPER_BODY", outerLayerStyle="OPEN"), "Denim jacket", None, []),
        (garment("UPPER_BODY", outerLayerStyle="OPEN"), "Tee", None, ["styling_needs_outer_layer"]),
        (garment("UPPER_BODY", outerLayerStyle="OPEN"), "Number 7", None, []),
        (garment("UPPER_BODY", longSleeveStyle="SLEEVE_DOWN"), "Tee", None, ["sleeves_cannot_be_styled"]),
        (garment("UPPER_BODY", longSleeveStyle="SLEEVE_DOWN"), "Sweater", None, []),
        (garment("UPPER_BODY", longSleeveStyle="SLEEVE_UP"), "Sweater", None, ["sleeve_up_needs_free_arms"]),
        (garment("UPPER_BODY", tuckingStyle="TUCKED"), "Shirt", None, ["tucked_needs_tucked_source"]),
        (garment("UPPER_BODY", tuckingStyle="UNTUCKED"), "Shirt", None, []),
        (garment("FULL_BODY", tuckingStyle="UNTUCKED"), "Dress", None, ["dress_cannot_be_tucked"]),
        (garment("FULL_BODY", tuckingStyle="UNTUCKED"), "Outfit", None, []),
        (boxed(), "Tee", None, ["box_covers_the_person"]),
        (boxed(preserveFace="ON"), "Tee", None, ["box_covers_the_person"]),
        (boxed(preserveFace="ON", preserveHands="DEFAULT"), "Tee", None, ["box_covers_the_person"]),
        (boxed(preserveFace="ON", preserveHands="ON"), "Tee", None, []),
        (boxed(preserveFace="OFF", preserveHands="ON"), "Tee", None, []),
        ({"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "hat"}}, "Hat", None, []),
        (
            {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "hat", "maskShape": "CONTOUR"}},
            "Hat",
            None,
            ["contour_keeps_old_shape"],
        ),
        ({"maskType": "IMAGE", "imageBasedMask": {"maskImage": "s3://b/k"}}, "Hat", None, []),
    ],
)
def test_what_a_request_contradicts_is_warned_of(
    parameters: Parameters, name: str, worn: str | None, codes: list[str]
) -> None:
    assert said(parameters, name, worn) == codes


def test_every_warning_has_its_meaning_and_none_is_never_said() -> None:
    every = [
        *said(garment("SHORT_SLEEVE_SHIRT")),
        *said(garment("SHORT_SLEEVE_SHIRT"), worn="long"),
        *said(garment("LOWER_BODY"), "Tee"),
        *said(garment("UPPER_BODY"), "Hat"),
        *said(garment("UPPER_BODY", outerLayerStyle="OPEN", longSleeveStyle="SLEEVE_UP", tuckingStyle="TUCKED"), "Tee"),
        *said(garment("FULL_BODY", tuckingStyle="TUCKED"), "Dress"),
        *said(boxed()),
    ]
    prompt = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "hat", "maskShape": "CONTOUR"}}
    every += [one.code for one in warnings(prompt, None, Reading(None), None, is_proposed=True)]
    assert set(every) == set(planner.WARNINGS)


@given(category=st.text(max_size=60), name=st.text(max_size=60), description=st.text(max_size=200))
def test_no_text_whatsoever_crashes_the_reader(category: str, name: str, description: str) -> None:
    reading = read(category, name, description)
    assert reading.sleeves in (None, "long", "short", "no")
