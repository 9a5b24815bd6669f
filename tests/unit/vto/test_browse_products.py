"""The catalogue as shoppers look at it: pages, categories, searches, and cursors from elsewhere."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import World, shirt
from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.searching import MAX_SEARCH, Question, folded
from vto.errors import InvalidRequestError, NotFoundError
from vto.testing import FakeCatalogue, FakeClock
from vto.use_cases.browse_products import MOST_PAGES, PAGE, ROWS, BrowseProducts, CountCategories


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [view["product_id"] for view in answer["products"]]


def all_pages(browse: BrowseProducts, **query: str) -> list[list[str]]:
    """The ids on each page of a question, to the end."""
    pages, following = [], None
    while True:
        answer = browse({**query, **({"cursor": following} if following else {})})
        pages.append(ids(answer))
        following = answer["next"]
        if following is None:
            return pages


def refused(world: World, **query: str) -> list[str]:
    """What of a query is refused."""
    with pytest.raises(InvalidRequestError) as error:
        world.browse_products(query)
    assert all(one.problem and one.remedy for one in error.value.violations)
    return [one.path for one in error.value.violations]


def test_products_that_can_be_tried_on_are_shown_with_a_link_and_without_addresses(world: World) -> None:
    (view,) = world.browse_products({})["products"]
    assert view["product_id"] == "blue-shirt"
    assert (view["garment_class"], view["readiness"]) == ("UPPER_BODY", "ready")
    assert view["updated_at"] == "2026-11-21T12:00:00.000Z"
    assert view["picture_url"].startswith("https://link/prepared/products/blue-shirt/")
    assert "s3://" not in str(view)


def test_products_that_cannot_be_tried_on_are_not_listed(world: World) -> None:
    world.stock(shirt("bad", readiness=Readiness.REJECTED, prepared_s3_url=None), shirt("new", readiness=None))
    assert ids(world.browse_products({})) == ["blue-shirt"]


@pytest.mark.parametrize("limit", ["1", "3", "50"])
def test_pages_together_are_the_whole_catalogue_and_none_is_longer_than_asked_for(world: World, limit: str) -> None:
    world.stock(*(shirt(f"shirt-{number:02}") for number in range(11)), shirt("x", readiness=None))
    pages = all_pages(world.browse_products, limit=limit)
    assert [one for page in pages for one in page] == ["blue-shirt", *(f"shirt-{number:02}" for number in range(11))]
    assert max(map(len, pages)) <= int(limit)


def test_a_category_has_its_own_products_only_and_one_without_a_category_is_in_none(world: World) -> None:
    world.stock(shirt("shoe", category="shoes"), shirt("odd", category=""))
    assert ids(world.browse_products({"category": "shoes"})) == ["shoe"]
    assert ids(world.browse_products({"category": "Shoes"})) == []
    assert ids(world.browse_products({})) == ["blue-shirt", "odd", "shoe"]
    assert ids(world.browse_products({"search": "blue shirt cotton"})) == ["blue-shirt", "odd", "shoe"]


SAYING = {"name": "Crème T-Shirt", "category": "tops/summer", "description": "Light linen; made in Österreich"}


@pytest.mark.parametrize(
    "search",
    [
        "creme",
        "CRÈME",
        "t-shirt LINEN",
        "shirt summer osterreich",
        "  linen\t\ncreme ",
        "ÖSTERREICH",
        "\u0000linen\u200b",
    ],
)
def test_all_words_are_found_in_name_category_or_description_in_any_case_and_without_accents(
    world: World, search: str
) -> None:
    world.stock(shirt("creme", **SAYING))
    assert ids(world.browse_products({"search": search})) == ["creme"]


@pytest.mark.parametrize("search", ["creme wool", "crem e linen x", "shirt*", "%", "' OR 1=1", "カ"])
def test_a_product_that_lacks_one_of_the_words_is_not_found(world: World, search: str) -> None:
    world.stock(shirt("creme", **SAYING))
    assert ids(world.browse_products({"search": search})) == []


@pytest.mark.parametrize("search", ["", "   ", "\u0000\u0007"])
def test_a_search_for_nothing_is_none(world: World, search: str) -> None:
    assert ids(world.browse_products({"search": search})) == ["blue-shirt"]


@given(st.text(max_size=MAX_SEARCH))
def test_any_text_may_be_searched_for_and_finds_a_product_that_says_it(text: str) -> None:
    assert Question.of({"search": text}).matches(shirt(name=f"The {text} one"))
    assert folded(folded(text)) == folded(text)


def test_one_request_looks_at_so_many_rows_and_the_cursor_goes_on(world: World) -> None:
    world.stock(*(shirt(f"s-{number:05}", name="Sock") for number in range(2 * ROWS + 10)), shirt("zz", name="Needle"))
    pages = all_pages(world.browse_products, search="needle")
    assert pages == [[], [], ["zz"]]
    read: list[int] = []

    def counted(*given: Any, limit: int, **more: Any) -> Any:
        read.append(limit)
        return FakeCatalogue.products_behind(world.catalogue, *given, limit=limit, **more)

    world.catalogue.products_behind = counted  # type: ignore[method-assign]
    world.browse_products({"search": "needle"})
    assert (sum(read), max(read)) == (ROWS, PAGE)


def test_a_cursor_goes_on_where_it_was_though_products_came_and_went(world: World) -> None:
    world.stock(*(shirt(name) for name in ("c", "d", "e", "f")))
    first = world.browse_products({"limit": "2"})
    assert ids(first) == ["blue-shirt", "c"]
    world.manage_products.delete("c")
    world.stock(shirt("a"), shirt("da"))
    assert ids(world.browse_products({"limit": "9", "cursor": first["next"]})) == ["d", "da", "e", "f"]


def forged(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def test_the_cursor_of_one_question_is_refused_for_another_and_good_for_the_same_in_other_words(world: World) -> None:
    world.stock(*(shirt(f"shirt-{number}") for number in range(4)))
    cursor = world.browse_products({"search": "Blue shirt", "limit": "1"})["next"]
    for query in ({}, {"search": "blue"}, {"search": "blue shirt", "category": "upper_body"}, {"category": "shirt"}):
        assert refused(world, cursor=cursor, **query) == ["cursor"]
    assert ids(world.browse_products({"cursor": cursor, "search": "SHIRT  blue", "limit": "3"})) == [
        *("shirt-0", "shirt-1", "shirt-2"),
    ]


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "..", "%00", "ä", "bnVsbA==", "W10=", "é" * 5000, "A" * 100_000,
        forged(["a"]), forged(["", "b"]), forged([1, "b"]), forged({"product_id": "a"}), forged(["\ud800", "b"]),
        forged(["a" * 3000, "b"]), forged(["a", ["b"]]), forged([["a"], "b"]), "[" * 4000,
    ],
)  # fmt: skip
def test_a_forged_cursor_is_refused(world: World, cursor: str) -> None:
    assert refused(world, cursor=cursor) == ["cursor"]


@pytest.mark.parametrize("limit", ["0", "51", "-1", "1.5", "ten", "", " 1", "1e1", "٣", "9" * 5000])
def test_a_limit_that_is_none_is_refused(world: World, limit: str) -> None:
    assert refused(world, limit=limit) == ["limit"]


def test_all_that_is_wrong_with_a_query_is_said_at_once(world: World) -> None:
    query = {"category": "c" * 3000, "search": "s" * (MAX_SEARCH + 1), "limit": "all", "cursor": "x"}
    assert refused(world, **query) == ["category", "search", "limit", "cursor"]
    assert refused(world, category="") == ["category"]
    assert refused(world, category="\ud800") == ["category"]


def test_a_rejected_product_can_be_looked_up_with_the_reason(world: World) -> None:
    world.stock(shirt("bad", readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None))
    view = world.browse_products.one("bad")
    assert (view["readiness"], view["reason"], view["picture_url"]) == ("rejected", "is damaged", None)


def test_a_product_that_is_not_there_is_said_not_to_be(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.browse_products.one("no-such-product")


# --- categories ---


@dataclass
class Pages(FakeCatalogue):
    """A catalogue whose index has so many pages."""

    pages: list[list[str]] = field(default_factory=list)
    read: int = 0

    def categories_behind(self, mark: str | None) -> tuple[list[str], str | None]:
        self.read += 1
        at = int(mark or 0)
        return self.pages[at], str(at + 1) if at + 1 < len(self.pages) else None


def test_categories_are_counted_by_what_can_be_tried_on(world: World) -> None:
    rows: list[CatalogueItem] = [shirt("b", category="shoes"), shirt("c", category="shoes"), shirt("d", category="")]
    world.stock(*rows, replace(shirt("e"), readiness=None), shirt("f", category="hats", readiness=Readiness.REJECTED))
    assert CountCategories(world.catalogue, world.clock)() == {
        "categories": [{"category": "shoes", "products": 2}, {"category": "upper_body", "products": 1}],
        "is_complete": True,
    }


def test_a_count_of_one_page_is_made_anew_and_one_of_several_serves_for_a_minute() -> None:
    clock, small, large = FakeClock(), Pages(pages=[["a"]]), Pages(pages=[["a", "b"], ["a"]])
    count_small, count_large = CountCategories(small, clock), CountCategories(large, clock)
    for _ in range(3):
        assert count_small()["categories"] == [{"category": "a", "products": 1}]
        assert count_large()["categories"] == [{"category": "a", "products": 2}, {"category": "b", "products": 1}]
    assert (small.read, large.read) == (3, 2)
    clock.advance(60)
    count_large()
    assert large.read == 4


def test_a_count_reads_so_many_pages_and_says_that_there_are_more() -> None:
    endless = Pages(pages=[["a"]] * (MOST_PAGES + 1))
    answer = CountCategories(endless, FakeClock())()
    assert (endless.read, answer["is_complete"]) == (MOST_PAGES, False)
    assert answer["categories"] == [{"category": "a", "products": MOST_PAGES}]


def test_a_small_page_of_a_shop_whose_pictures_have_not_come_yet_is_not_looked_for_row_by_row(world: World) -> None:
    world.stock(*(shirt(f"s-{number:04}", readiness=None) for number in range(ROWS)), shirt("zz"))
    looks: list[int] = []

    def counted(*given: Any, limit: int, **more: Any) -> Any:
        looks.append(limit)
        return FakeCatalogue.products_behind(world.catalogue, *given, limit=limit, **more)

    world.catalogue.products_behind = counted  # type: ignore[method-assign]
    assert all_pages(world.browse_products, limit="1") == [["blue-shirt"], [], ["zz"]]
    assert max(looks) <= PAGE
    assert len(looks) <= 2 * (2 + ROWS / PAGE)


@pytest.mark.parametrize("letter", ["a", "ä", "服", "👗"])
def test_the_cursor_behind_the_longest_id_that_a_table_takes_goes_on(world: World, letter: str) -> None:
    longest = letter * (2048 // len(letter.encode()))
    world.stock(shirt(longest))
    world.catalogue.rows = {key: one for key, one in world.catalogue.rows.items() if one.item_id != "blue-shirt"}
    world.stock(shirt(f"{longest[:-1]}\U0010ffff"))
    pages = all_pages(world.browse_products, limit="1")
    assert sorted(one for page in pages for one in page) == sorted([longest, f"{longest[:-1]}\U0010ffff"])


def test_a_forged_cursor_with_an_id_that_no_category_can_have_is_refused_before_the_table_refuses_it(
    world: World,
) -> None:
    question = Question.of({"category": "shoes"})
    assert refused(world, category="shoes", cursor=question.cursor("a" * 1025)) == ["cursor"]
    assert ids(world.browse_products({"category": "shoes", "cursor": question.cursor("a" * 1024)})) == []
    assert ids(world.browse_products({"cursor": Question.of({}).cursor("z" * 2048)})) == []
