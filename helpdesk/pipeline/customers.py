"""Telling a customer, in his language, of each step of a case of his that is declared visible to him (1.3-a)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from order_core.clauses import carries
from order_core.execution.models import Order
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import ContactPerson, Site

PURPOSES = {
    "confirm": "order.confirmed",
    "amend": "order.moved",
    "deliver": "order.delivered",
    "refuse": "order.refused",
    "cancel": "order.cancelled",
}
"""Step of the Order machine → wording."""
NEWS = timedelta(days=2)
"""What is older is no news: after a long standstill nobody is told of it any more."""


Teller = Callable[[Session, JournalEntry, datetime], Message | None]
"""(the step's journal entry) → the message that tells of it, or none."""
TELLERS: dict[str, Teller] = {}
"""Kind of case → who tells its customer; the rooms put theirs in with ``tells``."""


def tells(kind: str) -> Callable[[Teller], Teller]:
    """Register who tells the customer of a kind of case."""

    def register(teller: Teller) -> Teller:
        TELLERS[kind] = teller
        return teller

    return register


@carries("notice", "1.3-a")
def tell(session: Session, payload: dict[str, Any], *, at: datetime) -> Message | None:
    """Send the message of a step, or none: nobody to tell it, no news any more.

    ``payload``: see ``Procedure.customer_topic``. Whether the customer wants messages is asked when it leaves.
    """
    entry, teller = _entry(session, payload), TELLERS.get(payload["kind"])
    if entry is None or teller is None or entry.at < at - NEWS:
        return None
    return teller(session, entry, at)


@tells(Order.__case_kind__)
@carries("notice", "3.1.2-c", "3.2.3-c", "6.2.1")
def of_an_order(session: Session, entry: JournalEntry, at: datetime) -> Message | None:
    """The message of an order's step, or none: no wording, no number, or a change that moves no date."""
    purpose, data = PURPOSES.get(entry.step), entry.data or {}
    if purpose is None or (entry.step == "amend" and data.get("from") == data.get("to")):
        return None
    order = session.get_one(Order, entry.case_id)
    contact = _contact(session, order)
    if contact is None or contact.phone is None:
        return None
    return channels.send(
        session,
        contact=contact,
        to=contact.phone,
        purpose=purpose,
        params={"order": order.number, "on": _day(order, data), "zone": _zone(session, order)},
        language=contact.language,
        at=at,
    )


def _entry(session: Session, payload: dict[str, Any]) -> JournalEntry | None:
    return session.scalars(
        select(JournalEntry).where(
            JournalEntry.kind == payload["kind"],
            JournalEntry.case_id == payload["id"],
            JournalEntry.seq == payload["entry"],
        )
    ).first()


def _contact(session: Session, order: Order) -> ContactPerson | None:
    """The customer's first contact person who can be reached."""
    wanted = select(ContactPerson).where(ContactPerson.customer_id == order.customer_id)
    return session.scalars(wanted.where(ContactPerson.phone.is_not(None)).order_by(ContactPerson.id)).first()


def _day(order: Order, data: dict[str, Any]) -> date | None:
    """The date that the step promised, as it was then."""
    text = data.get("on") or data.get("to")
    return date.fromisoformat(text) if text else order.promised_on


def _zone(session: Session, order: Order) -> str:
    place = next((line.site_id for line in order.lines if line.site_id is not None), None)
    site = session.get(Site, place) if place is not None else None
    return site.zone if site else "UTC"
