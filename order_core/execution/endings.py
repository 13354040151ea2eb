"""An order that ends before its time: refused by us, or cancelled with the customer; signed for either way (6.2.1)."""

from datetime import datetime

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import confirmation
from order_core.execution.conditions import ENDINGS, ORDER, ending_content, find_ending
from order_core.execution.models import Order
from order_core.execution.records import OrderEnding
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.kernel.sign import SignOff
from order_core.parties.models import ContactPerson
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book

SALES = "SAL"


def propose(session: Session, order: Order, kind: str, reason: str, *, by: Actor, at: datetime) -> SignOff:
    """Sales asks for signatures to refuse or cancel the order; asking again with another reason starts anew.

    Args:
        kind: ``refuse`` or ``cancel``; the machine must declare it from the present state.

    Raises:
        Forbidden: not sales; Invalid: no reason; IllegalStep: not from this state.
    """
    ORDER.machine.transition(order.state, kind)
    if not ORDER.plays(order, SALES, by):
        raise Forbidden("case.not_an_actor", clause="6.2.1", step=kind, actors=SALES, machine="Order")
    if not reason.strip():
        raise Invalid("issue.reason", field="reason", clause="6.2.1")
    ending = find_ending(session, order, kind)
    if ending is None:
        ending = OrderEnding(order_id=order.id, kind=kind, reason="", asked_by=by.id, asked_at=at)
        session.add(ending)
    ending.reason, ending.asked_by, ending.asked_at = reason.strip(), by.id, at
    note(session, order, f"{kind}_asked", by=by, at=at, clauses=("6.2.1",))
    required = book(session, at).signoff(ENDINGS[kind]).parties()
    for department in sorted({party.removesuffix(sign.AS_HEAD) for party in required} - {sign.CUSTOMER}):
        hand_over(session, order, to=department, key=f"order.{kind}_asked", at=at)
    return sign.ask(session, order, kind, ending_content(order, ending), required=required, by=by, at=at)


@carries("sign", "6.2.1")
def sign_ending(
    session: Session, order: Order, kind: str, *, by: Actor, at: datetime, opinion: str | None = None
) -> None:
    """Agree to the ending, as one whom the rulebook asks, or as the customer.

    Raises:
        Conflict: nobody asked; Forbidden: not one of those who decide, or another customer's contact person.
    """
    ending = find_ending(session, order, kind)
    sign_off = sign.for_purpose(session, order, kind)
    if ending is None or sign_off is None:
        raise Conflict("order.ending_not_asked", clause="6.2.1")
    ORDER.machine.transition(order.state, kind)
    if by.kind == "customer":
        contact = session.get(ContactPerson, by.id)
        if contact is None or contact.customer_id != order.customer_id:
            raise Forbidden("sign.not_required", clause="6.2.1", department=sign.CUSTOMER)
    digest = sign.digest_of(ending_content(order, ending))
    sign.give(session, sign_off, "approve", digest=digest, by=by, at=at, opinion=opinion)
    if sign.complete(sign_off) and ending.asked_by is not None:
        params = {"number": order.number}
        tell(session, key=f"order.{kind}_signed", at=at, about=order, person=ending.asked_by, params=params)


def refuse(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """Refuse it, as signed; the customer is told."""
    _end(session, order, "refuse", by=by, at=at)


def cancel(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """Cancel it, as signed with the customer; he is told."""
    _end(session, order, "cancel", by=by, at=at)


def _end(session: Session, order: Order, kind: str, *, by: Actor, at: datetime) -> None:
    ORDER.advance(session, order, kind, by=by, at=at)
    confirmation.stop_all(session, order, at=at)
    for department in order.confirmers:
        hand_over(session, order, to=department, key="order.ended", at=at)
