"""Negotiation: round by round, append-only; won with all four terms agreed, lost for a reason (2.3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import AgreedLine, Agreement
from order_core.acquisition.days import house_day
from order_core.acquisition.quote import dates, queries, rules, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote
from order_core.acquisition.quote.service import stop_validity, tell_changes
from order_core.acquisition.quote.steps import QUOTE
from order_core.acquisition.quote.terms import Change, Key, Standing
from order_core.clauses import carries
from order_core.errors import Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.notice import tell
from order_core.parties.models import Person
from order_core.rulebook.handover import hand_over

LONGEST_TERM = 400


@dataclass(frozen=True)
class Meeting:
    """Who met when, and what comes next. ``ours``: people of ours (ids); ``theirs``: who spoke for the customer."""

    on: date
    ours: tuple[int, ...]
    theirs: str
    next_step: str
    next_on: date | None = None


def hold_round(
    session: Session, quote: Quote, meeting: Meeting, changes: Sequence[Change], *, by: Actor, at: datetime
) -> NegotiationRound:
    """Write down a round; departments hear of changed terms by table, within T-02.

    A new day or volume is kept with the day computed for it; an earlier day than that needs a reason (2.3.1-b).

    Raises:
        Forbidden, IllegalStep: not sales, or nothing is being offered; Invalid: date, people, a term or its value.
    """
    step = "add_round" if quote.state == "negotiating" else "open_round"
    before = queries.standing(session, quote)
    number = len(queries.rounds(session, quote)) + 1
    data = {"round": number, "terms": sorted({change.term for change in changes})}
    with session.begin_nested():
        QUOTE.advance(session, quote, step, by=by, at=at, data=data)
        _check_meeting(session, meeting, at)
        _check_changes(before, changes, at)
        dated = dates.beside(session, quote, before, changes, at=at)
        row = _write(session, quote, meeting, dated, number, "talk", by=by, at=at)
    moved = terms.moved(before, queries.standing(session, quote))
    tell_changes(session, quote, {term for term, _ in moved}, on=meeting.on, at=at)
    return row


def _check_meeting(session: Session, meeting: Meeting, at: datetime) -> None:
    if meeting.on > house_day(at):
        raise Invalid("quote.held_on", field="held_on", clause="2.3.2-b")
    if not meeting.ours or session.scalars(select(Person.id).where(Person.id.in_(meeting.ours))).all() == []:
        raise Invalid("quote.ours", field="ours", clause="2.3.2-b")
    if not meeting.theirs.strip() or len(meeting.theirs) > 200:
        raise Invalid("quote.theirs", field="theirs", clause="2.3.2-b", most=200)
    if not meeting.next_step.strip():
        raise Invalid("quote.next_step", field="next_step", clause="2.3.2-b")


def _check_changes(before: Mapping[Key, Standing], changes: Sequence[Change], at: datetime) -> None:
    """Each term is one of the quote's and named once, each value of its kind; the field says which change it is."""
    for row, change in enumerate(changes, 1):
        if change.key not in before or change.gone:
            raise Invalid("quote.change_term", field=f"changes.{row}.term", clause="2.3.2-a")
        if change.key in {earlier.key for earlier in changes[: row - 1]}:
            raise Invalid("quote.change_twice", field=f"changes.{row}.term", clause="2.3.2-b")
        if change.value is None and not change.agreed:
            raise Invalid("quote.change_value", field=f"changes.{row}.value", clause="2.3.2-b")
        if change.value is not None and not _fits(change, house_day(at)):
            raise Invalid(f"quote.value.{change.term}", field=f"changes.{row}.value", clause="2.3.2-a")


def _fits(change: Change, today: date) -> bool:
    value = change.value
    if change.term == terms.PRICE:
        return isinstance(value, int) and 0 < value <= rules.MOST_MONEY
    if change.term == terms.VOLUME:
        return isinstance(value, int) and 1 <= value <= rules.MOST_UNITS
    if change.term == terms.DELIVERY:
        try:
            return terms.day(value or "") >= today
        except ValueError:
            return False
    most = 200 if change.term == terms.SPECIFICATION else LONGEST_TERM
    return isinstance(value, str) and 0 < len(value.strip()) <= most


def _write(
    session: Session, quote: Quote, meeting: Meeting, changes: Sequence[Change], number: int, kind: str, *,
    by: Actor, at: datetime,
) -> NegotiationRound:  # fmt: skip
    row = NegotiationRound(
        quote_id=quote.id,
        revision=quote.revision,
        number=number,
        kind=kind,
        on=meeting.on,
        ours=sorted(meeting.ours),
        theirs=meeting.theirs.strip(),
        changes=terms.dump(changes),
        next_step=meeting.next_step.strip(),
        next_on=meeting.next_on,
        by_id=by.id,
        at=at,
    )
    session.add(row)
    session.flush()
    return row


def win(session: Session, quote: Quote, accepted: Meeting | None, *, by: Actor, at: datetime) -> None:
    """The four terms are agreed; those who will confirm the order hear that it comes. Or nothing, when one is not.

    Args:
        accepted: the meeting at which the customer accepted everything as it stood, a last round.
    """
    with session.begin_nested():
        number = len(queries.rounds(session, quote))
        if accepted is not None:
            _check_meeting(session, accepted, at)
            number += 1
            everything = terms.everything_agreed(queries.standing(session, quote))
            _write(session, quote, accepted, everything, number, "acceptance", by=by, at=at)
        QUOTE.advance(session, quote, "win", by=by, at=at, data={"round": number})
    stop_validity(session, quote, at=at)
    found = agreed(session, quote.number)
    for department in agreement.to_confirm(session, found, at=at) if found else ():
        hand_over(session, quote, to=department, key="quote.won", at=at)


@carries("notice", "2.3.2-a")
def lose(session: Session, quote: Quote, reason: str, words: str, *, by: Actor, at: datetime) -> None:
    """The customer decided otherwise; sales and its market research hear why."""
    QUOTE.advance(session, quote, "lose", by=by, at=at, data={"reason": reason})
    quote.lost_reason, quote.lost_note = reason, words.strip() or None
    stop_validity(session, quote, at=at)
    params = {"number": quote.number}
    tell(session, key=f"quote.lost.{reason}", at=at, about=quote, department="SAL", everyone=True, params=params)


@agreement.source
def agreed(session: Session, number: str) -> Agreement | None:
    """A won quote as what an order is issued from (3.1.1-a)."""
    quote = session.scalars(select(Quote).where(Quote.number == number, Quote.state == "won")).first()
    if quote is None:
        return None
    now = queries.standing(session, quote)
    lines = tuple(
        AgreedLine(
            model_code=line.model_code,
            specification=str(now[terms.SPECIFICATION, line.position].current),
            quantity=int(now[terms.VOLUME, line.position].current),
            unit_price=int(now[terms.PRICE, line.position].current),
            due_on=terms.day(now[terms.DELIVERY, line.position].current),
        )
        for line in quote.lines
    )
    return Agreement(
        number=quote.number,
        customer_id=quote.customer_id,
        currency=quote.currency,
        payment_terms=str(now[terms.PAYMENT, 0].current),
        service_terms=str(now[terms.SERVICE, 0].current),
        lines=lines,
        once=True,
    )
