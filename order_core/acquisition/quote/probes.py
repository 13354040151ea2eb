"""What one sees today of whether clauses 2.2 and 2.3 hold: how many records break them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.enquiry.rules import ASPECTS
from order_core.acquisition.quote import queries, rules, steps, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote, QuoteLine
from order_core.clauses import probe
from order_core.kernel import sign
from order_core.kernel.notice import Notice

OFFERED = ("sent", "negotiating", "won")
LOOKED_AT = 200
"""How many of the newest quotes are looked at one by one."""
GRACE = timedelta(days=1)
"""How long after its last day an offer may still stand: the job that ends it runs every hour."""


def _newest(session: Session, *states: str) -> Iterator[Quote]:
    wanted = select(Quote).where(Quote.state.in_(states)).order_by(Quote.id.desc()).limit(LOOKED_AT)
    return iter(session.scalars(wanted))


@probe("2.2.1-a")
def told_by_nobody(session: Session, _at: datetime) -> int:
    """Requirements without a word of the customer's."""
    return session.scalar(select(func.count(Requirement.id)).where(func.trim(Requirement.words) == "")) or 0


@probe("2.2.1-b", "2.2.2-a")
def passed_too_early(session: Session, _at: datetime) -> int:
    """Requirements beyond capture with an aspect nobody asked about, or beyond classification without a class."""
    rows = session.scalars(
        select(Requirement)
        .join(Enquiry, Enquiry.id == Requirement.enquiry_id)
        .where(Enquiry.state.in_(("understood", "classified", "answered")), Requirement.merged_into_id.is_(None))
        .order_by(Requirement.id.desc())
        .limit(LOOKED_AT)
    )
    return sum(
        not set(ASPECTS) <= set(row.aspects) or (row.enquiry.state != "understood" and row.class_code is None)
        for row in rows
    )


@probe("2.2.2-b")
def key_needs_unanswered(session: Session, _at: datetime) -> int:
    """Quotes with the customer whose enquiry has a key need that nothing answers."""
    return sum(
        bool(enquiries.unanswered(session, enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id))))
        for quote in _newest(session, *OFFERED)
    )


@probe("2.3.1-a")
def low_and_unsigned(session: Session, at: datetime) -> int:
    """Approved or sent quotes with an input missing, or below the floor without the signature under these prices."""
    return sum(_unsigned(session, quote, at) for quote in _newest(session, "approved", "sent", "won"))


def _unsigned(session: Session, quote: Quote, at: datetime) -> bool:
    if any(rules.missing(line.given()) for line in quote.lines):
        return True
    asked = steps.low_sign_off(session, quote)
    return steps.is_low(session, quote, at) and not sign.complete(asked)


@probe("2.3.1-b")
def past_their_day(session: Session, at: datetime) -> int:
    """Offers that should have expired, and lines offered without a computed date."""
    over = select(func.count(Quote.id)).where(
        Quote.state.in_(queries.RUNNING), Quote.valid_until < house_day(at - GRACE)
    )
    undated = (
        select(func.count(QuoteLine.id))
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .where(Quote.state.in_(OFFERED), QuoteLine.computed_on.is_(None))
    )
    return (session.scalar(over) or 0) + (session.scalar(undated) or 0)


@probe("2.3.2-a")
def won_and_open(session: Session, _at: datetime) -> int:
    """Won quotes with one of the four terms not agreed."""
    return sum(bool(terms.open_terms(queries.standing(session, quote))) for quote in _newest(session, "won"))


@probe("2.3.2-b")
def rounds_of_nobody(session: Session, _at: datetime) -> int:
    """Talks written down without a next step."""
    talks = select(func.count(NegotiationRound.id)).where(NegotiationRound.kind == "talk")
    return session.scalar(talks.where(func.trim(NegotiationRound.next_step) == "")) or 0


@probe("2.3.2-c")
def unread_changes(session: Session, at: datetime) -> int:
    """Notices of changed terms that are unread past their time and have gone to nobody higher."""
    return (
        session.scalar(
            select(func.count(Notice.id)).where(
                Notice.key.startswith("quote.changed."),
                Notice.due_at < at - timedelta(minutes=10),
                Notice.acknowledged_at.is_(None),
                Notice.escalated_at.is_(None),
            )
        )
        or 0
    )
