"""When a clock has run for so long, on plain values: from its events in any order, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.kernel.clock import EventKind, reached_at, running_spans
from order_core.workdays import ALWAYS
from tests.order_core.places import HORIZON, MINUTE, PLACES, Event, Place, counted, lives

pytestmark = pytest.mark.once

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@examples(max_examples=300, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    events=lives(),
    budget=st.integers(1, 300).map(lambda quarters: 4 * quarters),
    data=st.data(),
)
def test_the_order_in_which_events_are_read_does_not_matter(
    place: Place, events: list[Event], budget: int, data: st.DataObject
) -> None:
    shuffled = [(kind, place.minute(number)) for number, kind in data.draw(st.permutations(events))]
    due = counted(place, events, budget).get("breach")
    reached = reached_at(running_spans(shuffled), budget * MINUTE, place.calendar)
    assert reached == due or (due is None and reached is not None and reached > place.minute(HORIZON))


def spans_of(*events: tuple[EventKind, int]) -> list[tuple[int, int | None]]:
    """Running stretches in minutes since noon."""
    found = running_spans([(kind, NOON + minute * MINUTE) for kind, minute in events])
    return [(_minutes(starts), None if ends is None else _minutes(ends)) for starts, ends in found]


def _minutes(moment: datetime) -> int:
    return (moment - NOON) // MINUTE


def test_pauses_are_cut_out_and_the_end_is_the_end() -> None:
    assert spans_of() == []
    assert spans_of(("start", 0)) == [(0, None)]
    assert spans_of(("start", 0), ("pause", 5), ("resume", 9)) == [(0, 5), (9, None)]
    assert spans_of(("start", 0), ("pause", 5), ("pause", 6), ("resume", 9), ("resume", 10)) == [(0, 5), (9, None)]
    assert spans_of(("start", 0), ("pause", 5), ("stop", 9), ("resume", 10)) == [(0, 5)]
    assert spans_of(("start", 0), ("stop", 9), ("resume", 10), ("pause", 11)) == [(0, 9)]


@pytest.mark.parametrize("last", ["pause", "stop"])
@pytest.mark.parametrize(("ran", "reached"), [(59, None), (60, 60), (61, 60)])
def test_time_that_runs_out_in_the_minute_of_a_pause_has_run_out(
    last: EventKind, ran: int, reached: int | None
) -> None:
    """To the minute: what was reached when the pause began is not put off until it ends."""
    events: list[tuple[str, datetime]] = [("start", NOON), (last, NOON + ran * MINUTE), ("resume", NOON + 500 * MINUTE)]
    expected = None if reached is None else NOON + reached * MINUTE
    if last == "pause" and reached is None:
        expected = NOON + 501 * MINUTE
    assert reached_at(running_spans(events), 60 * MINUTE, ALWAYS) == expected
