"""The figures of design changes, each computed from its records over a period."""

from datetime import datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.execution.change import rules
from order_core.execution.change.models import ChangeNotice, ChangeRequest
from order_core.execution.change.rules import Toll
from order_core.execution.models import Order
from order_core.kernel.signals import Figure, Measure
from order_core.rulebook.calendar import house_calendar


def approved(session: Session, start: datetime, end: datetime) -> list[Toll]:
    """What each change approved in the period cost."""
    rows = session.execute(
        select(Order.number, ChangeRequest.cause, ChangeRequest.impact_days, ChangeRequest.impact_cost)
        .outerjoin(Order, Order.id == ChangeRequest.order_id)
        .where(ChangeRequest.approved_at >= start, ChangeRequest.approved_at < end)
        .order_by(ChangeRequest.id)
    )
    return [Toll(order, cause or "other", days or 0, cost or 0) for order, cause, days, cost in rows]


def _newest(session: Session, start: datetime, end: datetime) -> datetime | None:
    return session.scalar(
        select(func.max(ChangeRequest.approved_at)).where(
            ChangeRequest.approved_at >= start, ChangeRequest.approved_at < end
        )
    )


@carries("measure", "3.2.3-b")
def days(session: Session, start: datetime, end: datetime) -> Figure:
    """Σ working days by which changes approved in the period move deliveries."""
    found = approved(session, start, end)
    return Figure(float(rules.tolls(found)[0]), len(found), _newest(session, start, end))


@carries("measure", "3.2.3-b")
def cost(session: Session, start: datetime, end: datetime) -> Figure:
    """Σ money (smallest unit) of changes approved in the period."""
    found = approved(session, start, end)
    return Figure(float(rules.tolls(found)[1]), len(found), _newest(session, start, end))


@carries("measure", "3.2.3-a")
def changes_per_order(session: Session, start: datetime, end: datetime) -> Figure:
    """Changes approved in the period ÷ orders opened in it."""
    found = approved(session, start, end)
    orders = session.scalar(select(func.count(Order.id)).where(Order.opened_at >= start, Order.opened_at < end))
    return Figure(rules.per_order(found, int(orders or 0)), len(found), _newest(session, start, end))


@carries("measure", "3.2.3-c")
def acknowledgement_delay(session: Session, start: datetime, end: datetime) -> Figure:
    """Median working hours from told to acknowledged, of departments told in the period."""
    rows = session.execute(
        select(ChangeNotice.told_at, ChangeNotice.acknowledged_at).where(
            ChangeNotice.told_at >= start, ChangeNotice.told_at < end
        )
    ).all()
    known = [(told, at) for told, at in rows if at is not None]
    hours = [house_calendar(session).between(told, at).total_seconds() / 3600 for told, at in known]
    return Figure(float(median(hours)) if hours else None, len(hours), max((at for _, at in known), default=None))


MEASURES: tuple[Measure, ...] = (
    Measure(
        code="EC-DAYS", clause="3.2.3-b", unit="days", formula=days, owner="RND",
        up_is_good=False, target=0, warning=10, alarm=30,
    ),
    Measure(
        code="EC-COST", clause="3.2.3-b", unit="money", formula=cost, owner="RND",
        up_is_good=False, target=0, warning=10_000_000, alarm=50_000_000,
    ),
    Measure(
        code="EC-ORDER", clause="3.2.3-a", unit="changes", formula=changes_per_order, owner="RND",
        up_is_good=False, target=0.1, warning=0.2, alarm=0.5,
    ),
    Measure(
        code="EC-ACK", clause="3.2.3-c", unit="hours", formula=acknowledgement_delay, owner="RND",
        up_is_good=False, target=4, warning=4, alarm=8,
    ),
)  # fmt: skip
