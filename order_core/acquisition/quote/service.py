"""Quotes from the first line to the customer's desk: built up, dated, signed, sent and frozen, revised, expired."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.days import end_of, house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry import service as enquiry_service
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import dates, drafting, queries, rules, steps, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote, QuoteRevision
from order_core.acquisition.quote.steps import LOW_MARGIN, QUOTE
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.kernel import clock, sign
from order_core.kernel.actor import CLOCK, Actor
from order_core.kernel.case import note
from order_core.kernel.clock import Policy
from order_core.kernel.notice import tell
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book

SIGNED_AS = "low_margin_quote"
"""The sign-off rule that names who signs a low margin."""
VALIDITY = "VALID"
"""The clock of a quote's validity; its budget is each quote's own (2.3.1-b)."""


def draft(session: Session, enquiry: Enquiry, *, currency: str, by: Actor, at: datetime) -> Quote:
    """A new quote for an enquiry that is not dropped, valid for the usual time, without lines yet."""
    drafting.sales(by, "2.3.1-a")
    if enquiry.state == "dropped":
        raise Conflict("quote.enquiry_dropped", field="enquiry", clause="2.3.1-a", number=enquiry.number)
    if currency not in rules.CURRENCIES:
        raise Invalid("quote.currency", field="currency", clause="2.3.1-a", allowed=", ".join(rules.CURRENCIES))
    asked_by = next((row.contact_id for row in enquiry.requirements if row.contact_id), None)
    quote = Quote(
        enquiry_id=enquiry.id,
        customer_id=enquiry.customer_id,
        contact_id=asked_by,
        currency=currency,
        valid_until=house_day(at) + timedelta(days=int(book(session, at).threshold("quote_valid_days"))),
        owner_id=by.id,
    )
    data = {"enquiry": enquiry.number}
    QUOTE.open(session, quote, series="QT", by=by, at=at, clauses=("2.3.1-a",), data=data)
    return quote


def ask_signature(session: Session, quote: Quote, *, by: Actor, at: datetime) -> None:
    """Ask management's head to sign prices below the floor, as they are on the table.

    Raises:
        Forbidden: not a person of sales; Conflict: no line is below the floor.
    """
    drafting.sales(by, "2.3.1-a")
    if quote.state not in ("draft", "sent", "negotiating"):
        raise Conflict("quote.frozen", clause="2.3.1-a", number=quote.number, revision=quote.revision)
    needs_signature(session, quote, at)
    rule = book(session, at).signoff(SIGNED_AS)
    sign.ask(
        session, quote, LOW_MARGIN, steps.low_content(session, quote), required=rule.parties(), by=by, at=at,
        bar_submitter=not rule.submitter_signs,
    )  # fmt: skip
    note(session, quote, "margin_submitted", by=by, at=at, clauses=("2.3.1-a",))
    for party in rule.parties():
        department, params = party.removesuffix(sign.AS_HEAD), {"number": quote.number}
        tell(session, key="quote.low_margin", at=at, about=quote, department=department, params=params)


def needs_signature(session: Session, quote: Quote, at: datetime) -> None:
    """Raises ``Conflict`` where no line is below the floor: nobody signs for nothing."""
    if not steps.is_low(session, quote, at):
        raise Conflict("quote.margin_fine", field="unit_price", clause="2.3.1-a")


def sign_margin(
    session: Session, quote: Quote, verdict: str, *, by: Actor, at: datetime, opinion: str | None = None
) -> None:
    """Sign the low prices, or not; sales hears of it."""
    asked = steps.low_sign_off(session, quote)
    if asked is None:
        raise Conflict("quote.not_asked", clause="2.3.1-a", number=quote.number)
    digest = sign.digest_of(steps.low_content(session, quote))
    sign.give(session, asked, verdict, digest=digest, by=by, at=at, opinion=opinion)
    quote.changed_at = at
    _tell_owner(session, quote, f"quote.margin.{verdict}", at=at)


def approve(session: Session, quote: Quote, *, by: Actor, at: datetime) -> None:
    """Price built up from all three inputs, margin good or signed, date computed as of now."""
    with session.begin_nested():
        if quote.state == "draft":
            dates.refresh(session, quote, at=at)
        QUOTE.advance(session, quote, "approve", by=by, at=at, data={"revision": quote.revision})


def send(session: Session, quote: Quote, *, by: Actor, at: datetime) -> QuoteRevision:
    """Freeze the revision and start its validity; the enquiry is answered when all its key needs are.

    What a later revision changed of the terms is a round of its own: terms change nowhere else (2.3.2-b). A day
    that was computed before today is computed anew: no stale promise goes out (2.3.1-b).
    """
    before = queries.standing(session, quote)
    with session.begin_nested():
        if quote.state == "approved":
            dates.refresh(session, quote, at=at, older_than=house_day(at))
        content = drafting.content(session, quote)
        digest = sign.digest_of(content)
        QUOTE.advance(session, quote, "send", by=by, at=at, data={"revision": quote.revision, "digest": digest})
    frozen = QuoteRevision(
        quote_id=quote.id,
        revision=quote.revision,
        content=content,
        build_up=drafting.build_up(quote),
        digest=digest,
        frozen_at=at,
        frozen_by=by.id,
    )
    session.add(frozen)
    quote.sent_at = quote.sent_at or at
    session.flush()
    changes = terms.differences(before, queries.terms_of(content)) if before else []
    if changes:
        _revised(session, quote, changes, by=by, at=at)
    _start_validity(session, quote, at=at)
    _answer_enquiry(session, quote, by=by, at=at)
    return frozen


def _revised(session: Session, quote: Quote, changes: Sequence[terms.Change], *, by: Actor, at: datetime) -> None:
    """The round that a new revision is: what it changed, told to the departments like any other change."""
    row = NegotiationRound(
        quote_id=quote.id,
        revision=quote.revision,
        number=len(queries.rounds(session, quote)) + 1,
        kind="revision",
        on=house_day(at),
        ours=[by.id] if by.id else [],
        theirs="",
        changes=terms.dump(changes),
        next_step="",
        next_on=None,
        by_id=by.id,
        at=at,
    )
    session.add(row)
    session.flush()
    tell_changes(session, quote, {change.term for change in changes}, on=row.on, at=at)


@carries("notice", "2.3.2-c")
def tell_changes(session: Session, quote: Quote, changed: set[str], *, on: date, at: datetime) -> None:
    """The departments by table hear of changed terms; unread within T-02 it goes to the head of sales.

    The time runs from when it is written down, at the latest from the opening after ``on``, the day of the talk.
    """
    rulebook = book(session, at)
    due = house_calendar(session).add(min(at, end_of(on)), rulebook.policy("T-02").budget)
    for term in sorted(changed):
        for department in rulebook.told(term):
            tell(
                session,
                key=f"quote.changed.{term}",
                at=at,
                about=quote,
                department=department,
                params={"number": quote.number},
                acknowledge_by=due,
                escalate_to="SAL",
            )


def _start_validity(session: Session, quote: Quote, *, at: datetime) -> None:
    budget = end_of(quote.valid_until) - at
    validity = Policy(VALIDITY, "2.3.1-b", budget, working=False, escalate_to="SAL")
    clock.start(session, quote, validity, at=at, calendar=house_calendar(session), owner=quote.owner_id)


def stop_validity(session: Session, quote: Quote, *, at: datetime) -> None:
    """The customer has decided, or a new revision is being written."""
    clock.stop(session, quote, VALIDITY, at=at, calendar=house_calendar(session))


def _answer_enquiry(session: Session, quote: Quote, *, by: Actor, at: datetime) -> None:
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    if enquiry.state == "classified" and not enquiries.unanswered(session, enquiries.needs(session, enquiry)):
        enquiry_service.answer(session, enquiry, by=by, at=at)


def revise(session: Session, quote: Quote, *, valid_until: date, by: Actor, at: datetime) -> None:
    """Begin the next revision, from the terms as they stand; what was sent stays as it was."""
    if valid_until < house_day(at):
        raise Invalid("quote.valid_until", field="valid_until", clause="2.3.1-b")
    now = queries.standing(session, quote)
    held = queries.rounds(session, quote)
    with session.begin_nested():
        QUOTE.advance(session, quote, "revise", by=by, at=at, data={"revision": quote.revision + 1})
        quote.revision += 1
        quote.valid_until = valid_until
        drafting.take_over(session, quote, now, held, revision=quote.revision - 1, at=at)
    stop_validity(session, quote, at=at)
    session.flush()


@carries("clock", "2.3.1-b")
def lapse_due(session: Session, *, at: datetime) -> int:
    """Let every quote expire whose last day is over; returns how many. Once each, whenever and however often."""
    due = queries.overdue(session, at=at)
    for quote in due:
        data = {"valid_until": quote.valid_until.isoformat()}
        QUOTE.advance(session, quote, "lapse", by=CLOCK, at=at, data=data)
        stop_validity(session, quote, at=at)
        _tell_owner(session, quote, "quote.expired", at=at)
    return len(due)


def _tell_owner(session: Session, quote: Quote, key: str, *, at: datetime) -> None:
    params: dict[str, Any] = {"number": quote.number}
    if quote.owner_id is not None:
        tell(session, key=key, at=at, about=quote, person=quote.owner_id, params=params)
    else:
        tell(session, key=key, at=at, about=quote, department="SAL", params=params)
