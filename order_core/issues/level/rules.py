"""The clocks of a ticket on plain values: its journal in, the stretches in which each clock ran out (B8, B10).

Nothing here is a stored date that is moved about. Whatever changes (urgency, contract, calendar), both clocks are
reckoned again from the first entry; entries that come twice or out of order change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Goal = Literal["response", "solution"]
GOALS: tuple[Goal, ...] = ("response", "solution")
CUSTOMER, PART, LATER = "customer", "part", "later"
PAUSES = (CUSTOMER, PART, LATER)
"""Waiting for the customer's word; for a part; until a later date that the customer has asked for."""
THE_CUSTOMERS_OWN = frozenset({CUSTOMER, LATER})
"""Pauses that his next word ends, whoever forgets to: a part does not come of it."""
PAUSED, RESUMED, REPLIED = "note:paused", "note:resumed", "note:customer_replied"
ANSWERS = frozenset({"contact", "note:replied", "note:called"})
AUTOMATIC = frozenset({"note:replied", "note:called", "note:auto_replied"})
RESOLVED = frozenset({"verify", "close", "void"})
AGAIN = frozenset({"fail", "reopen"})

Span = tuple[datetime, datetime | None]
"""A stretch in which a clock ran; None: to this moment."""


@dataclass(frozen=True)
class Event:
    """An entry of a ticket's journal as far as its clocks know it."""

    seq: int
    at: datetime
    what: str
    actor: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """Which pauses count, and whether what a machine has said counts as a first response."""

    pauses: frozenset[str] = frozenset({CUSTOMER, LATER})
    automatic_counts: bool = False


@dataclass(frozen=True)
class Life:
    """Of a clock: the stretches in which it ran, the last open while it runs; and when it was stopped for good."""

    spans: list[Span] = field(default_factory=list)
    stopped: datetime | None = None


@dataclass(frozen=True)
class Pause:
    """A pause that somebody entered. ``ends``: None while it lasts; ``answered``: the customer had spoken last."""

    seq: int
    begins: datetime
    ends: datetime | None
    reason: str
    answered: bool = False


def in_order(events: Iterable[Event]) -> list[Event]:
    """Each entry once, by event time; entries of one instant in the order in which they were written."""
    return sorted({event.seq: event for event in events}.values(), key=lambda event: (event.at, event.seq))


def life(events: Iterable[Event], goal: Goal, terms: Terms) -> Life:
    """What the clock of ``goal`` has done, from a journal's entries in any order."""
    return _responding(in_order(events), terms) if goal == "response" else _solving(in_order(events), terms)


def _responding(events: Sequence[Event], terms: Terms) -> Life:
    """From the first word to the first answer: nobody pauses before he has answered."""
    if not events:
        return Life()
    opened = events[0].at
    for event in events[1:]:
        if is_answer(event, terms) or event.what in ("close", "void"):
            return Life([(opened, event.at)], event.at)
    return Life([(opened, None)])


def is_answer(event: Event, terms: Terms) -> bool:
    """Whether the customer heard from us: from a person, unless the terms let a machine's word count (B10)."""
    if event.actor == "person":
        return event.what in ANSWERS
    return terms.automatic_counts and event.what in AUTOMATIC and event.actor != "customer"


def is_word_of_customer(event: Event) -> bool:
    """Whether the customer has spoken after the opening."""
    return event.what == REPLIED or (event.actor == "customer" and event.what not in ("open", "close"))


@dataclass
class _Run:
    """Folding: since when the clock runs, and what holds it."""

    found: list[Span] = field(default_factory=list)
    since: datetime | None = None
    held: str | None = None
    until: datetime | None = None
    done: datetime | None = None

    def stop(self, at: datetime) -> None:
        if self.since is not None:
            self.found.append((self.since, at))
        self.since = None

    def go(self, at: datetime) -> None:
        self.held = self.until = None
        if self.since is None and not self.done:
            self.since = at

    def pass_to(self, at: datetime | None) -> None:
        """A pause with a date ends on that date by itself."""
        if self.held and self.until and (at is None or self.until <= at):
            self.go(self.until)


def _solving(events: Sequence[Event], terms: Terms) -> Life:
    run = _Run()
    for event in events:
        run.pass_to(event.at)
        _happens(run, event, terms)
    run.pass_to(None)
    if run.since is not None:
        run.found.append((run.since, None))
    return Life(run.found, run.done)


def _happens(run: _Run, event: Event, terms: Terms) -> None:
    if event.what == "open":
        run.go(event.at)
    elif event.what in RESOLVED:
        run.stop(event.at)
        run.done, run.held, run.until = run.done or event.at, None, None
    elif event.what in AGAIN:
        run.done = None
        run.go(event.at)
    elif run.done:
        return
    elif event.what == PAUSED and event.data.get("reason") in terms.pauses:
        run.stop(event.at)
        run.held, run.until = str(event.data["reason"]), until_of(event)
    elif event.what == RESUMED or (is_word_of_customer(event) and run.held in THE_CUSTOMERS_OWN):
        run.go(event.at)


def until_of(event: Event) -> datetime | None:
    """The date on which a pause ends by itself, if it has one after its beginning."""
    written = event.data.get("until")
    until = datetime.fromisoformat(written) if written else None
    return until if until is not None and until > event.at else None


def pauses(events: Iterable[Event], terms: Terms) -> list[Pause]:
    """Every pause that was entered, and whether the customer had spoken last when it was (pause abuse).

    A pause that waits for a customer who has answered already waits for us.
    """
    found: list[Pause] = []
    spoken_last = False
    held: tuple[Event, datetime | None, bool] | None = None

    def end(at: datetime | None) -> None:
        nonlocal held
        if held is not None:
            event, until, answered = held
            ends = min((m for m in (until, at) if m), default=None)
            found.append(Pause(event.seq, event.at, ends, str(event.data["reason"]), answered))
        held = None

    for event in in_order(events):
        if held and held[1] and held[1] <= event.at:
            end(None)
        reason = str(held[0].data["reason"]) if held else ""
        if event.what in RESOLVED | AGAIN | {RESUMED}:
            end(event.at)
        elif event.what == PAUSED and event.data.get("reason") in terms.pauses:
            end(event.at)
            held = (event, until_of(event), spoken_last and event.data["reason"] == CUSTOMER)
        elif is_word_of_customer(event):
            if reason in THE_CUSTOMERS_OWN:
                end(event.at)
            spoken_last = True
        if is_answer(event, terms):
            spoken_last = False
    end(None)
    return found


def held_by(events: Iterable[Event], terms: Terms, at: datetime) -> Pause | None:
    """The pause that lasts at a moment."""
    lasting = (p for p in pauses((e for e in events if e.at <= at), terms) if p.ends is None or p.ends > at)
    return next(lasting, None)


def ran(found: Iterable[Span], at: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches cut at a moment: what had run by then."""
    return [(starts, min(ends or at, at)) for starts, ends in found if starts < at]


def minutes(length: timedelta) -> int:
    """Whole minutes of a length."""
    return int(length.total_seconds() // 60)
