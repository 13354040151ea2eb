"""Terms opened, current and agreed: nothing but rounds moves them, and what was given way is opened − agreed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_core.acquisition.quote import terms
from order_core.acquisition.quote.terms import Change, Key, Standing, Value
from tests.order_core.acquisition import deals

DAY = date(2027, 1, 4)
OPENED: dict[Key, Value] = {
    ("price", 1): 98_000,
    ("delivery_date", 1): DAY.isoformat(),
    ("specification", 1): "standard",
    ("volume", 1): 30,
    ("payment", 0): "30 days",
    ("service", 0): "two years",
}
KEYS = sorted(OPENED)


def values(key: Key) -> st.SearchStrategy[Any]:
    return {
        "price": st.integers(1, 200_000),
        "volume": st.integers(1, 100),
        "delivery_date": st.integers(-30, 30).map(lambda days: (DAY + timedelta(days=days)).isoformat()),
    }.get(key[0], st.sampled_from(["standard", "30 days", "two years", "other"]))


@st.composite
def a_change(draw: st.DrawFn) -> Change:
    key = draw(st.sampled_from(KEYS))
    value = draw(st.none() | values(key))
    return Change(*key, value=value, agreed=draw(st.booleans()) or value is None)


rounds = st.lists(st.lists(a_change(), max_size=4), max_size=8)


@pytest.mark.clause("2.3.2-a", "2.3.2-b")
@deals.pure
@given(held=rounds)
def test_a_term_is_what_the_last_round_said_of_it_and_opens_as_it_was_offered(held: list[list[Change]]) -> None:
    standing = terms.fold(OPENED, held)
    said = [change for changes in held for change in changes]
    for key, term in standing.items():
        assert term.opened == OPENED[key]
        spoken = [c.value for c in said if c.key == key and c.value is not None]
        assert term.current == (spoken[-1] if spoken else OPENED[key])
        assert term.agreed in (None, term.current), "what is agreed is what is on the table"


@pytest.mark.clause("2.3.2-b")
@deals.pure
@given(held=rounds, more=st.lists(a_change(), max_size=4))
def test_only_a_round_moves_a_term(held: list[list[Change]], more: list[Change]) -> None:
    before, after = terms.fold(OPENED, held), terms.fold(OPENED, [*held, more])
    named = {change.key for change in more if change.value is not None}
    assert set(terms.moved(before, after)) <= named
    untouched = set(before) - {change.key for change in more}
    assert {key: before[key] for key in untouched} == {key: after[key] for key in untouched}


@pytest.mark.clause("2.3.2-a")
@deals.pure
@given(held=rounds)
def test_what_was_given_way_is_opened_less_agreed(held: list[list[Change]]) -> None:
    standing = terms.fold(OPENED, [*held, terms.everything_agreed(terms.fold(OPENED, held))])
    assert terms.open_terms(standing) == []
    given_way = terms.concession(standing)
    price, delivery = standing["price", 1], standing["delivery_date", 1]
    assert given_way["price", 1] + int(price.agreed or 0) == price.opened
    assert terms.day(delivery.agreed or "") + timedelta(days=given_way["delivery_date", 1]) == terms.day(
        delivery.opened
    )
    points = terms.given_way_bp(standing)
    assert points == (98_000 - int(price.agreed or 0)) * 10_000 // 98_000


@pytest.mark.clause("2.3.2-a")
def test_a_new_value_takes_an_agreement_back_unless_it_is_agreed_itself() -> None:
    agreed = [Change("price", 1, agreed=True)]
    assert terms.fold(OPENED, [agreed])["price", 1] == Standing(98_000, 98_000, 98_000)
    assert terms.fold(OPENED, [agreed, [Change("price", 1, 95_000)]])["price", 1].agreed is None
    both = [Change("price", 1, 95_000, agreed=True)]
    assert terms.fold(OPENED, [agreed, both])["price", 1] == Standing(98_000, 95_000, 95_000)
    again = terms.fold(OPENED, [agreed, [Change("price", 1, 98_000)]])
    assert again["price", 1].agreed == 98_000, "said again what was agreed"


@pytest.mark.clause("2.3.2-a")
def test_the_four_are_asked_for_line_by_line() -> None:
    two = {**OPENED, ("price", 2): 1, ("delivery_date", 2): DAY.isoformat()}
    assert terms.open_terms(terms.fold(two, [])) == [
        ("delivery_date", 1), ("delivery_date", 2), ("payment", 0), ("price", 1), ("price", 2), ("service", 0),
    ]  # fmt: skip
    assert terms.concession(terms.fold(two, [])) == {}
    assert terms.given_way_bp(terms.fold(two, [[Change("price", 1, agreed=True)]])) is None


@pytest.mark.clause("2.3.2-b")
@deals.pure
@given(held=rounds, offered=st.fixed_dictionaries({key: values(key) for key in KEYS}), fewer=st.booleans())
def test_a_new_revision_is_a_round_that_leads_to_what_it_offers(
    held: list[list[Change]], offered: dict[Key, Value], fewer: bool
) -> None:
    wanted = {key: value for key, value in offered.items() if not (fewer and key[1] == 1)} | {("price", 2): 7}
    changes = terms.differences(terms.fold(OPENED, held), wanted)
    after = terms.fold(OPENED, [*held, changes])
    assert {key: term.current for key, term in after.items()} == wanted
    assert terms.differences(after, wanted) == []


@deals.pure
@given(held=rounds)
def test_changes_come_back_as_they_were_kept(held: list[list[Change]]) -> None:
    for changes in held:
        assert terms.load(terms.dump(changes)) == changes
