"""What orders give the departments to do: sign, answer, explain, issue, start, decide."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.board import customer_names, models
from helpdesk.pipeline.work import Work, provides
from order_core.execution import papers, queries
from order_core.execution.confirmation import CONFIRM_CLOCK, QUERY_CLOCK
from order_core.execution.models import Order
from order_core.execution.records import OrderEnding, OrderQuery
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.clock import Clock
from order_core.rulebook.clocks import house_calendar

MOST = 100
"""Rows of a kind: nobody reads further."""
SIGNING = timedelta(minutes=30)
ANSWERING = timedelta(hours=1)
MAKING = timedelta(days=14)
"""What an order usually takes from its start to the customer, until the plan computes it (3.3.1-a)."""
CLOSING_TIME = time(18)


@provides
def to_sign(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Orders that the department has not signed yet."""
    running = clock.running_against(session, by.department or "", CONFIRM_CLOCK, limit=MOST)
    due = {row.case_id: row.due_at for row in running if row.case_kind == Order.__case_kind__}
    orders = _by_id(session, due)
    return [_work("sign", order, said, due[order.id], SIGNING) for order, said in _said(session, orders)]


@provides
def to_answer(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Questions that wait for sales."""
    if by.department != "SAL":
        return []
    open_ones = select(OrderQuery).where(OrderQuery.answered_at.is_(None)).order_by(OrderQuery.asked_at).limit(MOST)
    asked = session.scalars(open_ones).all()
    mine = (Clock.case_kind == OrderQuery.__case_kind__, Clock.case_id.in_([query.id for query in asked]))
    running = select(Clock).where(*mine, Clock.policy == QUERY_CLOCK, Clock.stopped_at.is_(None))
    due = {row.case_id: row.due_at for row in session.scalars(running)}
    orders = {order.id: (order, said) for order, said in _said(session, _by_id(session, {q.order_id for q in asked}))}
    return [_work("answer", *orders[q.order_id], due.get(q.id), ANSWERING) for q in asked]


@provides
def to_issue(session: Session, by: Actor, at: datetime) -> list[Work]:
    """Drafts of sales: to be explained where they differ from the agreement, then issued in time to be made."""
    if by.department != "SAL":
        return []
    drafts = queries.stage(session, "new", today=papers.house_day(at), at=at, limit=MOST)
    return [
        _work("explain" if order.unexplained else "issue", order, said, _evening(order.promised_on), MAKING)
        for order, said in _said(session, drafts)
    ]


@provides
def to_start(session: Session, by: Actor, at: datetime) -> list[Work]:
    """Confirmed orders that production has still to start."""
    if by.department != "PRO":
        return []
    confirmed = queries.stage(session, "confirmed", today=papers.house_day(at), at=at, limit=MOST)
    return [
        _work("start", order, said, _evening(order.promised_on), MAKING) for order, said in _said(session, confirmed)
    ]


@provides
def to_decide(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Orders that are to be refused or cancelled, and wait for this signature."""
    wanted = select(OrderEnding, Order).join(Order, Order.id == OrderEnding.order_id)
    open_ones = session.execute(wanted.where(Order.state.in_(queries.UNFINISHED)).limit(MOST)).all()
    waiting = {order.id: ending for ending, order in open_ones if _unsigned(session, order, ending, by)}
    return [
        _work("decide", order, said, None, SIGNING)
        for order, said in _said(session, [order for _, order in open_ones if order.id in waiting])
    ]


def _unsigned(session: Session, order: Order, ending: OrderEnding, by: Actor) -> bool:
    """Whether his department, or he as its head, is one of those whom the rulebook has asked and who wait."""
    sign_off = sign.for_purpose(session, order, ending.kind)
    mine = {by.department, f"{by.department}{sign.AS_HEAD}" if by.head else by.department}
    return sign_off is not None and not mine.isdisjoint(sign.open_parties(sign_off))


def _by_id(session: Session, ids: Collection[int]) -> list[Order]:
    return list(session.scalars(select(Order).where(Order.id.in_(ids)))) if ids else []


def _said(session: Session, orders: Sequence[Order]) -> list[tuple[Order, str]]:
    """Orders with the words that tell one from another: customer and models."""
    names = customer_names(session, orders)
    return [(order, f"{names.get(order.customer_id, '')} · {models(order)}") for order in orders]


def _work(kind: str, order: Order, about: str, due_at: datetime | None, takes: timedelta) -> Work:
    return Work(kind, order.number, f"/orders/{order.number}", about, due_at, takes)


def _evening(day: date | None) -> datetime | None:
    """When the house closes on that day."""
    return datetime.combine(day, CLOSING_TIME, ZoneInfo(house_calendar().zone)) if day else None
