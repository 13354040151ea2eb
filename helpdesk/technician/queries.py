"""What a technician's device needs to know of the day: everything for working without a network."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.dispatch.models import Technician, Visit
from helpdesk.parts.models import Part
from order_core.kernel.ledger import StockBalance
from order_core.kernel.stock import held_for

AHEAD = timedelta(days=2)


def visits_of(session: Session, technician_id: int, *, at: datetime) -> list[Visit]:
    """The technician's visits of today and the next two days (his own zone), in order of time."""
    technician = session.get_one(Technician, technician_id)
    midnight = at.astimezone(ZoneInfo(technician.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return list(
        session.scalars(
            select(Visit)
            .where(Visit.technician_id == technician_id, Visit.state != "cancelled")
            .where(Visit.starts_at >= midnight, Visit.starts_at < midnight + AHEAD + timedelta(days=1))
            .order_by(Visit.starts_at, Visit.id)
        )
    )


def van_stock(session: Session, van: str) -> list[tuple[Part, StockBalance]]:
    """What lies in a van: parts with their balance, in order of code."""
    rows = session.execute(
        select(Part, StockBalance)
        .join(StockBalance, StockBalance.item == Part.code)
        .where(StockBalance.location == van, StockBalance.on_hand > 0)
        .order_by(Part.code)
    )
    return [(part, balance) for part, balance in rows]


def reserved_parts(session: Session, visit: Visit) -> list[str]:
    """Codes of the parts held for a visit."""
    return [reservation.item for reservation in held_for(session, visit)]
