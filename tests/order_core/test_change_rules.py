"""To what a change applies, what it costs and moves, and who signs it, for any values."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_core.execution.change import rules
from order_core.execution.change.rules import Effectivity, Moved, Toll
from order_core.rulebook.inforce import SHIPPED

days = st.dates(date(2026, 1, 1), date(2028, 12, 31))
numbers = st.integers(1, 250_000)


@pytest.mark.clause("3.2.3-a")
@given(start=days, end=st.none() | days, on=days)
def test_by_date_it_applies_from_the_first_day_to_the_last(start: date, end: date | None, on: date) -> None:
    stated = Effectivity("date", start.isoformat(), end.isoformat() if end else None)
    assert rules.effective(stated, on=on) == (start <= on and (end is None or on <= end))
    assert not rules.effective(stated, order="O26-00001", serial="RF520-1"), "the day is not known"


@pytest.mark.clause("3.2.3-a")
@given(start=numbers, end=st.none() | numbers, asked=numbers)
def test_by_order_numbers_count_as_numbers_however_long_they_grow(start: int, end: int | None, asked: int) -> None:
    def name(n: int) -> str:
        return f"O26-{n:05d}"

    stated = Effectivity("order", name(start), name(end) if end else None)
    assert rules.effective(stated, order=name(asked)) == (start <= asked and (end is None or asked <= end))
    assert not rules.effective(stated, on=date(2030, 1, 1))


@pytest.mark.clause("3.2.3-a")
@given(start=numbers, asked=numbers, lot=st.integers(1, 20), other=st.integers(1, 20))
def test_by_serial_the_type_comes_before_the_number(start: int, asked: int, lot: int, other: int) -> None:
    stated = Effectivity("serial", f"RF520-{lot}-{start}")
    assert rules.effective(stated, serial=f"RF520-{other}-{asked}") == ((other, asked) >= (lot, start))


@given(a=st.text(max_size=12), b=st.text(max_size=12))
def test_natural_order_is_an_order(a: str, b: str) -> None:
    one, two = rules.natural(a), rules.natural(b)
    assert (one < two) + (two < one) + (one == two) == 1
    assert (one == two) == (a == b)


@pytest.mark.clause("3.2.3-a")
@pytest.mark.parametrize(
    ("stated", "broken"),
    [
        (Effectivity("moon", "1"), "effective_by"),
        (Effectivity("date", " "), "effective_from"),
        (Effectivity("date", "soon"), "effective_from"),
        (Effectivity("date", "2026-12-01", "2026-13-01"), "effective_from"),
        (Effectivity("date", "2026-12-01", "2026-11-01"), "effective_to"),
        (Effectivity("serial", "RF520-10", "RF520-9"), "effective_to"),
        (Effectivity("serial", "RF520-9", "RF520-10"), None),
        (Effectivity("order", "O26-00010"), None),
    ],
)
def test_an_effectivity_that_says_nothing_is_refused_by_its_field(stated: Effectivity, broken: str | None) -> None:
    fault = rules.effectivity_fault(stated)
    assert (fault[0] if fault else None) == broken


@pytest.mark.clause("3.2.3-b")
@given(costs=st.dictionaries(st.sampled_from(rules.COSTS), st.integers(0, 10**9)))
def test_the_cost_is_the_sum_of_its_parts_and_management_is_asked_of_what_is_dear(costs: dict[str, int]) -> None:
    total = rules.total(costs)
    assert total == sum(costs.values())
    facts = rules.facts(cost=total, management_from=10**6, old_item="DH-210", from_quality=False)
    assert facts == {"purchased"} | ({"costly"} if total >= 10**6 else set())
    parties = SHIPPED.signoff("change_approval").parties(facts)
    assert set(parties) == {"RND", "PRO", "SAL", "PUR"} | ({"MGT:head"} if total >= 10**6 else set())


@pytest.mark.clause("3.2.3-b")
@given(later=st.lists(st.integers(0, 40)))
def test_the_delay_of_a_change_is_that_of_the_order_it_moves_most(later: list[int]) -> None:
    day = date(2026, 11, 23)
    moved = [Moved(f"O26-{n:05d}", day, day + timedelta(days=d), d) for n, d in enumerate(later)]
    assert rules.delay(moved) == max(later, default=0)


@pytest.mark.clause("3.2.3-a", "3.2.3-b")
def test_figures_of_changes() -> None:
    changes = [Toll("O26-00001", "quality", 5, 900), Toll("O26-00001", "customer", 0, 50), Toll(None, "quality", 2, 0)]
    assert rules.tolls(changes) == (7, 950)
    assert rules.by_cause(changes) == {"quality": 2, "customer": 1}
    assert rules.per_order(changes, 6) == 0.5
    assert rules.per_order([], 0) is None
