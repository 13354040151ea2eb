"""Parts for a visit: the likely one, reserved from the van; what was used, booked to the customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpdesk.parts.models import ANY, Part, PartFit
from order_core.aftersales.models import InstalledProduct
from order_core.errors import Invalid
from order_core.issues.models import Issue
from order_core.kernel import stock
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.ledger import StockReservation

CUSTOMER_LOCATION = "CUSTOMER"
"""External location: parts built into customers' units."""


def add_part(
    session: Session,
    code: str,
    *,
    names: Mapping[str, str],
    fits: Sequence[Mapping[str, Any]] = (),
    price: int = 0,
    currency: str = "HKD",
) -> Part:
    """Add a part with what it cures: ``fits`` rows of appliance, symptom, model_code (optional), share."""
    part = session.get(Part, code)
    if part is not None:
        return part
    part = Part(code=code, names=dict(names), price=price, currency=currency)
    session.add(part)
    session.flush()
    session.add_all(PartFit(part_code=code, **fit) for fit in fits)
    session.flush()
    return part


def likely_parts(session: Session, issue: Issue) -> list[str]:
    """Codes of the parts that cured this symptom before, the likeliest first (model before appliance)."""
    product = session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    model = product.model_code if product else ANY
    rows = session.scalars(
        select(PartFit)
        .where(PartFit.appliance == issue.appliance, PartFit.symptom == issue.symptom)
        .where(or_(PartFit.model_code == model, PartFit.model_code == ANY))
    )
    ranked = sorted(rows, key=lambda fit: (fit.model_code == ANY, -fit.share, fit.part_code))
    return list(dict.fromkeys(fit.part_code for fit in ranked))


def reserve_likely(session: Session, issue: Issue, visit: Any, *, van: str, at: datetime) -> StockReservation | None:
    """Reserve the likeliest part that lies in the van for a visit; None when none does."""
    for code in likely_parts(session, issue):
        reservation = stock.reserve(session, code, 1, location=van, case=visit, at=at)
        if reservation is not None:
            return reservation
    return None


def release_for(session: Session, visit: Any) -> None:
    """Give back whatever is still held for a visit."""
    for reservation in stock.held_for(session, visit):
        stock.release(session, reservation)


def use(
    session: Session,
    visit: Any,
    used: Sequence[Mapping[str, Any]],
    *,
    van: str,
    by: Actor,
    at: datetime,
) -> list[dict[str, Any]]:
    """Book the parts built in, ``[{"code", "quantity"}]``: from the reservation, else from the van's free stock.

    Raises:
        Invalid: an unknown part or a quantity below one.
        Conflict: the van does not hold that many (clause 5.2.3-a).
    """
    booked = []
    for line in used:
        code, quantity = str(line.get("code", "")), line.get("quantity", 1)
        if session.get(Part, code) is None:
            raise Invalid("part.unknown", field="parts", clause="5.2.2-b", part=code)
        if type(quantity) is not int or quantity < 1:
            raise Invalid("part.quantity", field="parts", clause="5.2.2-b", part=code)
        _take(session, visit, code, quantity, van=van, by=by, at=at)
        booked.append({"code": code, "quantity": quantity})
    if booked:
        note(session, visit, "parts_used", by=by, at=at, data={"parts": booked}, clauses=("5.2.2-b",))
    return booked


def _take(session: Session, visit: Any, code: str, quantity: int, *, van: str, by: Actor, at: datetime) -> None:
    for reservation in stock.held_for(session, visit):
        if reservation.item == code and reservation.location == van and reservation.quantity <= quantity:
            stock.consume(session, reservation, target=CUSTOMER_LOCATION, reason="repair", by=by, at=at, cause=visit)
            quantity -= reservation.quantity
    if quantity > 0:
        stock.move(
            session,
            code,
            quantity,
            source=van,
            target=CUSTOMER_LOCATION,
            reason="repair",
            by=by,
            at=at,
            cause=visit,
        )
