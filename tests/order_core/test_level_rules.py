"""A ticket's clocks from its journal against counting minutes: pauses, replies, DST, holidays announced late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.issues.level import rules
from order_core.issues.level.rules import Event, Life, Pause, Terms
from order_core.kernel.clock import reached_at
from order_core.workdays import WorkingCalendar
from tests.order_core.places import HORIZON, MINUTE, PLACES, Place

pytestmark = pytest.mark.once

TERMS = tuple(Terms(frozenset(pauses)) for pauses in ((), ("customer",), ("customer", "later"), rules.PAUSES))
HALF_DAY = ((time(9), time(12, 30)),)
Happening = tuple[int, str, dict[str, Any]]
"""A minute of the place, what happened, and for a pause its reason and the minute at which it ends by itself."""


@st.composite
def journals(draw: st.DrawFn) -> list[Happening]:
    """An opening, then anything in any order, several things a minute too."""
    moments = sorted(draw(st.lists(st.integers(1, HORIZON // 2), max_size=8)))
    found: list[Happening] = [(0, "open", {})]
    for moment in moments:
        what = draw(st.sampled_from((rules.PAUSED,) * 3 + (rules.RESUMED, rules.REPLIED, "contact", "verify", "fail")))
        data: dict[str, Any] = {}
        if what == rules.PAUSED:
            data["reason"] = draw(st.sampled_from(rules.PAUSES))
            if draw(st.booleans()):
                data["until"] = moment + draw(st.integers(1, 2000))
        found.append((moment, what, data))
    return found


def entries(place: Place, happened: Sequence[Happening]) -> list[Event]:
    """The journal that these happenings leave."""
    return [
        Event(seq, place.minute(at), what, "customer" if what == rules.REPLIED else "person",
              {**data, **({"until": place.minute(data["until"]).isoformat()} if "until" in data else {})})
        for seq, (at, what, data) in enumerate(happened, 1)
    ]  # fmt: skip


def ticks(place: Place, happened: Sequence[Happening], terms: Terms) -> list[bool]:
    """Whether the solution clock counts each minute, by living through them."""
    found, running, solved, held, until = [], False, False, "", None
    for number in range(HORIZON):
        if until is not None and number >= until and held:
            running, held, until = not solved, "", None
        for _, what, data in (h for h in happened if h[0] == number):
            if what == "verify":
                running, solved, held, until = False, True, "", None
            elif what in ("open", "fail"):
                running, solved, held, until = True, False, "", None
            elif solved:
                continue
            elif what == rules.PAUSED and data["reason"] in terms.pauses:
                running, held, until = False, data["reason"], data.get("until")
            elif what == rules.RESUMED or (what == rules.REPLIED and held in ("customer", "later")):
                running, held, until = True, "", None
        found.append(running and place.open[number])
    return found


def worked(life: Life, calendar: WorkingCalendar, at: datetime) -> timedelta:
    return sum((calendar.between(a, b) for a, b in rules.ran(life.spans, at)), timedelta(0))


@examples(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), journals(), st.sampled_from(TERMS), st.integers(0, HORIZON))
def test_the_solution_clock_counts_what_counting_minutes_counts(
    place: Place, happened: list[Happening], terms: Terms, cut: int
) -> None:
    life = rules.life(entries(place, happened), "solution", terms)
    assert worked(life, place.calendar, place.minute(cut)) == sum(ticks(place, happened, terms)[:cut]) * MINUTE


@examples(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), journals(), st.sampled_from(TERMS), st.integers(1, 900))
def test_it_is_due_in_the_minute_in_which_counting_comes_to_the_end(
    place: Place, happened: list[Happening], terms: Terms, budget: int
) -> None:
    life = rules.life(entries(place, happened), "solution", terms)
    due, used = reached_at(life.spans, budget * MINUTE, place.calendar), 0
    for number, counts in enumerate(ticks(place, happened, terms)):
        used += counts
        if counts and used == budget:
            assert due == place.minute(number + 1)
            return
    assert due is None or due > place.minute(HORIZON)


@examples(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), journals(), st.sampled_from(TERMS), st.data())
def test_entries_out_of_order_and_twice_change_nothing(
    place: Place, happened: list[Happening], terms: Terms, data: st.DataObject
) -> None:
    written = entries(place, happened)
    replayed = data.draw(st.permutations([*written, *data.draw(st.lists(st.sampled_from(written), max_size=4))]))
    for goal in rules.GOALS:
        assert rules.life(replayed, goal, terms) == rules.life(written, goal, terms)
    assert rules.pauses(replayed, terms) == rules.pauses(written, terms)


@examples(max_examples=200, deadline=None)
@given(
    st.sampled_from(PLACES),
    journals(),
    st.sampled_from(TERMS),
    st.lists(st.integers(0, HORIZON), min_size=3, max_size=3),
)
def test_from_a_to_c_is_from_a_to_b_and_from_b_to_c(
    place: Place, happened: list[Happening], terms: Terms, cuts: list[int]
) -> None:
    a, b, c = (place.minute(cut) for cut in sorted(cuts))
    life = rules.life(entries(place, happened), "solution", terms)

    def between(start: datetime, end: datetime) -> timedelta:
        stretches = ((max(x, start), y) for x, y in rules.ran(life.spans, end))
        return sum((place.calendar.between(x, y) for x, y in stretches), timedelta(0))

    assert between(a, c) == between(a, b) + between(b, c)


@examples(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES[:2]), journals(), st.integers(0, 4), st.sampled_from([(), HALF_DAY]))
def test_a_day_declared_late_is_as_if_it_had_always_been_so(
    place: Place, happened: list[Happening], offset: int, hours: tuple[tuple[time, time], ...]
) -> None:
    """The stretches do not change, so reckoning again under the new calendar is all there is to do."""
    day: date = (place.begins + timedelta(days=offset)).date()
    announced = replace(place, days={**place.days, day: hours})
    life = rules.life(entries(place, happened), "solution", TERMS[2])
    end = place.minute(HORIZON)
    assert worked(life, announced.calendar, end) == sum(ticks(announced, happened, TERMS[2])) * MINUTE


NOON = PLACES[0].begins


def journal(*written: tuple[int, str, str, dict[str, Any]]) -> list[Event]:
    return [
        Event(n, NOON + minute * MINUTE, what, actor, data) for n, (minute, what, actor, data) in enumerate(written)
    ]


WAITS: dict[str, Any] = {"reason": "customer"}


def test_solved_straight_from_a_pause_the_pause_does_not_count() -> None:
    life = rules.life(
        journal((0, "open", "worker", {}), (10, rules.PAUSED, "person", WAITS), (90, "verify", "person", {})),
        "solution",
        Terms(),
    )
    assert life == Life([(NOON, NOON + 10 * MINUTE)], NOON + 90 * MINUTE)


@pytest.mark.parametrize(("reason", "ends"), [("customer", True), ("later", True), ("part", False)])
def test_a_reply_ends_what_waits_for_the_customer_though_nobody_does(reason: str, ends: bool) -> None:
    paused = journal((0, "open", "worker", {}), (10, rules.PAUSED, "person", {"reason": reason}),
                     (30, rules.REPLIED, "customer", {}))  # fmt: skip
    life = rules.life(paused, "solution", TERMS[3])
    assert (life.spans[-1] == (NOON + 30 * MINUTE, None)) is ends


@pytest.mark.clause("5.1.2-c")
@pytest.mark.parametrize(("actor", "automatic", "stops"), [
    ("person", False, True), ("worker", False, False), ("worker", True, True), ("customer", True, False),
])  # fmt: skip
def test_a_first_response_is_a_persons_unless_the_contract_says_otherwise(
    actor: str, automatic: bool, stops: bool
) -> None:
    """B10: automatic acknowledgements and the bot do not stop the clock."""
    answered = journal((0, "open", "worker", {}), (5, "note:replied", actor, {}))
    life = rules.life(answered, "response", Terms(automatic_counts=automatic))
    assert life.stopped == (NOON + 5 * MINUTE if stops else None)


def test_a_pause_for_a_customer_who_has_answered_is_seen() -> None:
    written = journal(
        (0, "open", "worker", {}),
        (1, "note:replied", "person", {}),
        (2, rules.PAUSED, "person", WAITS),
        (9, rules.REPLIED, "customer", {}),
        (12, rules.PAUSED, "person", WAITS),
        (60, "note:replied", "person", {}),
        (61, rules.RESUMED, "person", {}),
    )
    assert rules.pauses(written, Terms()) == [
        Pause(2, NOON + 2 * MINUTE, NOON + 9 * MINUTE, "customer"),
        Pause(4, NOON + 12 * MINUTE, NOON + 61 * MINUTE, "customer", answered=True),
    ]
