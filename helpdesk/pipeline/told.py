"""Whether customers were told of what they may see (1.3-a): steps marked so in the machines, against messages sent."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from helpdesk.channels.models import Call, Message
from order_core.acquisition.quote.models import Quote
from order_core.clauses import probe
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import ContactPerson
from order_core.rulebook.machines import machine

LOOKED_AT = timedelta(days=30)
"""Steps of this long are looked at."""
GRACE = timedelta(hours=1)
"""How long a message may take to be written before it counts as missing."""


def visible_steps(name: str) -> list[str]:
    """Steps of a machine that the customer is told of."""
    return [step.step for step in machine(name).transitions if step.customer_visible]


@probe("1.3-a")
def untold_steps(session: Session, at: datetime) -> int:
    """Steps of quotes, orders and tickets that their customer should have heard of, and no message to him since."""
    told = {"Quote": _of_the_quote(), "Order": _of_the_order(), "Issue": _of_the_ticket()}
    return sum(_untold(session, name, heard, at) for name, heard in told.items())


def _untold(session: Session, name: str, told: ColumnElement[bool], at: datetime) -> int:
    steps = (
        select(func.count(JournalEntry.id))
        .where(JournalEntry.kind == name, JournalEntry.step.in_(visible_steps(name)))
        .where(JournalEntry.at > at - LOOKED_AT, JournalEntry.at <= at - GRACE)
    )
    return session.scalar(steps.where(~told)) or 0


def _of_the_quote() -> ColumnElement[bool]:
    """A message about quotes to the contact person whom it is for, since the step; or nobody to send one to."""
    sent, nobody = aliased(Message), aliased(ContactPerson)
    told = exists(
        select(sent.id)
        .join(Quote, Quote.contact_id == sent.contact_id)
        .where(Quote.id == JournalEntry.case_id, sent.direction == "out", sent.purpose.startswith("quote."))
        .where(sent.created_at >= JournalEntry.at)
    )
    unreachable = exists(
        select(Quote.id)
        .join(nobody, nobody.id == Quote.contact_id, isouter=True)
        .where(Quote.id == JournalEntry.case_id, nobody.phone.is_(None))
    )
    return told | unreachable


def _of_the_order() -> ColumnElement[bool]:
    """A message about orders to one of the customer's contact persons, since the step."""
    sent = aliased(Message)
    return exists(
        select(sent.id)
        .join(ContactPerson, ContactPerson.id == sent.contact_id)
        .join(Order, Order.customer_id == ContactPerson.customer_id)
        .where(Order.id == JournalEntry.case_id, sent.direction == "out", sent.purpose.startswith("order."))
        .where(sent.created_at >= JournalEntry.at)
    )


def _of_the_ticket() -> ColumnElement[bool]:
    """A message or a call on the ticket; or nobody to send one to, or an issue that is no customer's."""
    sent, spoken, nobody = aliased(Message), aliased(Call), aliased(Issue)
    told = exists(
        select(sent.id)
        .where(sent.issue_id == JournalEntry.case_id, sent.direction == "out")
        .where(sent.created_at >= JournalEntry.at)
    )
    called = exists(
        select(spoken.id)
        .where(spoken.issue_id == JournalEntry.case_id, spoken.state == "ended", spoken.seconds > 0)
        .where(spoken.ended_at >= JournalEntry.at)
    )
    internal = exists(select(nobody.id).where(nobody.id == JournalEntry.case_id, nobody.phone.is_(None)))
    return told | called | internal
