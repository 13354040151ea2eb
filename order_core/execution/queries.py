"""Reads of orders: what a customer may hear, the board by stage and slack, the list, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from order_core.clauses import carries, probe
from order_core.execution import rules
from order_core.execution.change.models import ChangeRequest
from order_core.execution.models import Order, OrderLine
from order_core.kernel.clock import Clock
from order_core.kernel.journal import NOTE_PREFIX, JournalEntry
from order_core.kernel.sign import SignOff
from order_core.kernel.signals import Figure, Measure

UNFINISHED = rules.OPEN
RECENT = timedelta(days=30)
"""How long a finished order stays on the board."""


def orders_of(session: Session, customer_id: int) -> list[Order]:
    """A customer's orders, unfinished ones first, then the newest."""
    rows = session.scalars(select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()))
    return sorted(rows, key=lambda order: order.state not in UNFINISHED)


def slack_of(order: Order, today: date) -> int | None:
    """Days that an order has to spare; None once it is delivered or ended."""
    if order.state not in rules.UNDELIVERED:
        return None
    return rules.slack(order.promised_on, order.projected_on, today)


def stage(session: Session, name: str, *, today: date, at: datetime, limit: int) -> list[Order]:
    """Orders of a stage, the least slack first; delivered and finished ones, the latest change first.

    Each state is read in the order of an index, so that what is shown costs the same however much there is.
    """
    found: list[Order] = []
    for state in rules.STAGES[name]:
        for query in _by_slack(state, today) if state in rules.UNDELIVERED else [_latest(name, state, at)]:
            found += session.scalars(query.limit(limit))
    if name in ("delivered", "done"):
        return sorted(found, key=lambda order: order.changed_at, reverse=True)[:limit]
    return sorted(found, key=lambda order: _urgency(order, today))[:limit]


def _urgency(order: Order, today: date) -> tuple[bool, int, int]:
    spare = slack_of(order, today)
    return spare is None, spare or 0, order.id


def _by_slack(state: str, today: date) -> list[Select[Any]]:
    """Queries whose first rows together hold the state's orders of least slack.

    Not projected yet: by what is promised. Projected: by the slack that is kept; a projection that has passed says
    nothing any more, and then again the promise counts. (``coalesce`` keeps databases from looking the projected
    ones up by their date and sorting them all: in order of slack, the first few are found at once.)
    """
    rows = select(Order).where(Order.state == state)
    promise = (Order.promised_on, Order.id)
    still_to_come = func.coalesce(Order.projected_on, today) >= today
    return [
        rows.where(Order.projected_on.is_(None)).order_by(*promise),
        rows.where(Order.slack_days.is_not(None), still_to_come).order_by(Order.slack_days, Order.id),
        rows.where(Order.projected_on < today).order_by(*promise),
    ]


def _latest(name: str, state: str, at: datetime) -> Select[Any]:
    rows = select(Order).where(Order.state == state)
    if name == "done":
        rows = rows.where(Order.changed_at > at - RECENT)
    return rows.order_by(Order.changed_at.desc(), Order.id.desc())


def counts(session: Session, *, at: datetime) -> dict[str, int]:
    """Stage → how many orders are in it; of the finished ones, those of the last days."""
    by_state = _count_states(session, Order.state.in_(rules.OPEN))
    done = and_(Order.state.in_(rules.STAGES["done"]), Order.changed_at > at - RECENT)
    by_state |= _count_states(session, done)
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in rules.STAGES.items()}


def _count_states(session: Session, which: ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(select(Order.state, func.count()).where(which).group_by(Order.state))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Wanted:
    """What a list of orders is narrowed by; what is empty does not narrow.

    ``department``: one that has still to sign; ``promised_from``, ``promised_to``: days, both included.
    """

    stage: str = ""
    state: str = ""
    department: str = ""
    late: bool = False
    customers: Sequence[int] | None = None
    model: str = ""
    promised_from: date | None = None
    promised_to: date | None = None


def narrowed(query: Select[Any], wanted: Wanted, *, today: date) -> Select[Any]:
    """A query of orders, narrowed."""
    held: list[ColumnElement[bool]] = []
    if wanted.stage:
        held.append(Order.state.in_(rules.STAGES.get(wanted.stage, ())))
    if wanted.state:
        held.append(Order.state == wanted.state)
    if wanted.department:
        waiting = (Clock.case_kind == Order.__case_kind__, Clock.policy == "T-03", Clock.stopped_at.is_(None))
        held.append(Order.id.in_(select(Clock.case_id).where(*waiting, Clock.party == wanted.department)))
    if wanted.late:
        held.append(late(today))
    if wanted.customers is not None:
        held.append(Order.customer_id.in_(wanted.customers))
    if wanted.model:
        held.append(Order.id.in_(select(OrderLine.order_id).where(OrderLine.model_code == wanted.model)))
    if wanted.promised_from:
        held.append(Order.promised_on >= wanted.promised_from)
    if wanted.promised_to:
        held.append(Order.promised_on <= wanted.promised_to)
    return query.where(*held)


def late(today: date) -> ColumnElement[bool]:
    """Not delivered yet, and expected after the promise or past it."""
    return and_(Order.state.in_(rules.UNDELIVERED), or_(Order.slack_days < 0, Order.promised_on < today))


def design_changes(session: Session, *, limit: int = 100) -> Sequence[ChangeRequest]:
    """Change requests, the newest first."""
    return session.scalars(select(ChangeRequest).order_by(ChangeRequest.id.desc()).limit(limit)).all()


@carries("measure", "3.1.1-b")
def refused_incomplete(session: Session, start: datetime, end: datetime) -> Figure:
    """Attempts to issue an order that was not complete, in [start, end): the journal's refusals under 3.1.1-b."""
    rows = session.execute(
        select(JournalEntry.at, JournalEntry.clauses)
        .where(JournalEntry.kind == Order.__case_kind__, JournalEntry.step == f"{NOTE_PREFIX}refused")
        .where(JournalEntry.at >= start, JournalEntry.at < end)
    ).all()
    moments = [at for at, clauses in rows if "3.1.1-b" in clauses]
    return Figure(float(len(moments)), len(moments), max(moments, default=None))


INCOMPLETE_ORDERS = Measure(
    code="M-311",
    clause="3.1.1-b",
    unit="count",
    formula=refused_incomplete,
    up_is_good=False,
    target=0.0,
    warning=5.0,
    alarm=10.0,
    owner="SAL",
)
"""Orders refused for incompleteness."""


@probe("3.1.1-b")
def incomplete(session: Session, _at: datetime) -> int:
    """Lines of issued orders that lack specification, quantity, date or place."""
    lacking = or_(
        OrderLine.specification == "", OrderLine.quantity < 1, OrderLine.due_on.is_(None), OrderLine.site_id.is_(None)
    )
    rows = select(func.count()).select_from(OrderLine).join(Order, Order.id == OrderLine.order_id)
    return session.scalar(rows.where(lacking, Order.state.not_in(("draft", "cancelled")))) or 0


@probe("3.1.1-a")
def unexplained(session: Session, _at: datetime) -> int:
    """Orders that went round with a difference nobody explained."""
    rows = select(func.count()).select_from(Order)
    return session.scalar(rows.where(Order.unexplained > 0, Order.state.not_in(("draft", "cancelled")))) or 0


@probe("3.1.2-a")
def not_sent_round(session: Session, _at: datetime) -> int:
    """Issued orders that no department was asked to confirm."""
    asked = select(SignOff.subject_id).where(SignOff.subject_kind == Order.__case_kind__, SignOff.purpose == "confirm")
    rows = select(func.count()).select_from(Order)
    return session.scalar(rows.where(Order.state.in_(rules.STAGES["confirming"]), Order.id.not_in(asked))) or 0
