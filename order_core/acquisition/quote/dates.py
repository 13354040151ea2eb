"""The days that a quote offers, as computed for what is on the table at a moment (2.3.1-b)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote import promise, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote, QuoteLine
from order_core.acquisition.quote.terms import DELIVERY, VOLUME, Change, Key, Standing
from order_core.clauses import carries
from order_core.errors import Invalid

MOVING = (DELIVERY, VOLUME)
"""A new value of these sets the day that stands against the computed one."""


def compute(session: Session, line: QuoteLine, *, at: datetime) -> None:
    """The day the line can be promised for, and how it came about, as of this moment."""
    today = house_day(at)
    found, assumed = promise.computed(session, line.model_code, line.quantity, today)
    line.computed_on, line.computed_at, line.trace = found.on, at, promise.legs(found, today, assumed=assumed)


def refresh(session: Session, quote: Quote, *, at: datetime, older_than: date | None = None) -> None:
    """The computed days that are offered, as of now; with a day: only those computed before it (2.3.1-b)."""
    for line in quote.lines:
        old = older_than is None or line.computed_at is None or house_day(line.computed_at) < older_than
        if line.typed_on is None and old:
            compute(session, line, at=at)


@carries("check", "2.3.1-b")
def beside(
    session: Session, quote: Quote, before: Mapping[Key, Standing], changes: Sequence[Change], *, at: datetime
) -> list[Change]:
    """The changes of a round, each that moves day or volume with the day computed for what then stands beside it.

    Raises:
        Invalid: the day that then stands is earlier than the computed one, and no reason is given.
    """
    after, kept = terms.fold({key: term.current for key, term in before.items()}, [changes]), list(changes)
    for line in quote.lines:
        moving = [n for n, c in enumerate(kept) if c.line == line.position and c.term in MOVING and c.value is not None]
        if not moving:
            continue
        units = int(after[VOLUME, line.position].current)
        day = promise.computed(session, line.model_code, units, house_day(at))[0].on
        n = min(moving, key=lambda n: MOVING.index(kept[n].term))
        reason = next((kept[m].reason.strip() for m in moving if kept[m].reason.strip()), "")
        if terms.day(after[DELIVERY, line.position].current) < day and not reason:
            raise Invalid(
                "quote.round_reason", field=f"changes.{n + 1}.reason", clause="2.3.1-b",
                line=line.position, units=units, computed=day.isoformat(),
            )  # fmt: skip
        kept[n] = replace(kept[n], computed=day.isoformat(), reason=reason)
    return kept


def talked_of(rounds: Iterable[NegotiationRound], revision: int, position: int) -> tuple[int, str]:
    """(round, its reason) that set the day of a line last while a revision was talked about; (0, "") for none."""
    found = (0, "")
    for row in rounds:
        for change in terms.load(row.changes):
            moves = change.line == position and change.term in MOVING and change.value is not None
            if row.revision == revision and row.kind == "talk" and moves:
                found = (row.number, change.reason)
    return found
