"""What enquiries and quotes give sales and management to do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.work import Work, provides
from order_core.acquisition.days import end_of
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import steps
from order_core.acquisition.quote.models import Quote
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.sign import SignOff
from order_core.parties.models import Customer

MOST = 100
"""Rows of a kind: nobody reads further."""
ENQUIRY_WORK = {"captured": "enquiry_understand", "understood": "enquiry_rank", "classified": "enquiry_answer"}
QUOTE_WORK = {"draft": "quote_finish", "approved": "quote_send", "sent": "quote_follow", "negotiating": "quote_follow"}
FOLLOWING = timedelta(days=3)
"""How long before an offer is over somebody should ask how it stands."""


def _called(session: Session, rows: Sequence[Any]) -> dict[int, str]:
    ids = {row.customer_id for row in rows}
    return {c.id: c.name for c in session.scalars(select(Customer).where(Customer.id.in_(ids)))}


@provides
def enquiries_to_go_on(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Enquiries that wait for sales to understand, rank or answer them."""
    if by.department != "SAL":
        return []
    wanted = select(Enquiry).where(Enquiry.state.in_(ENQUIRY_WORK)).order_by(Enquiry.id).limit(MOST)
    rows = session.scalars(wanted).all()
    names = _called(session, rows)
    return [
        Work(
            kind=ENQUIRY_WORK[row.state],
            number=row.number,
            href=f"/orders/enquiries/{row.number}",
            about=names[row.customer_id],
            due_at=None,
            whose=row.owner_id,
        )
        for row in rows
    ]


@provides
def quotes_to_go_on(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Quotes that sales has to finish, send or follow before they are over."""
    if by.department != "SAL":
        return []
    wanted = select(Quote).where(Quote.state.in_(QUOTE_WORK)).order_by(Quote.valid_until, Quote.id).limit(MOST)
    rows = session.scalars(wanted).all()
    names = _called(session, rows)
    return [
        Work(
            kind=QUOTE_WORK[row.state],
            number=row.number,
            href=f"/orders/quotes/{row.number}",
            about=names[row.customer_id],
            due_at=end_of(row.valid_until),
            takes=FOLLOWING,
            whose=row.owner_id,
        )
        for row in rows
    ]


@provides
def margins_to_sign(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Low prices that wait for management's head."""
    if not (by.department == "MGT" and by.head):
        return []
    rows = session.execute(
        select(Quote, SignOff)
        .join(SignOff, SignOff.subject_id == Quote.id)
        .where(SignOff.subject_kind == Quote.__case_kind__, SignOff.purpose == steps.LOW_MARGIN)
        .where(Quote.state.in_(("draft", "sent", "negotiating")))
        .order_by(Quote.valid_until, Quote.id)
        .limit(MOST)
    ).all()
    waiting = [quote for quote, asked in rows if sign.open_parties(asked)]
    names = _called(session, waiting)
    return [
        Work(
            kind="quote_sign",
            number=quote.number,
            href=f"/orders/quotes/{quote.number}",
            about=names[quote.customer_id],
            due_at=end_of(quote.valid_until),
        )
        for quote in waiting
    ]
