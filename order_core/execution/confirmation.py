"""Confirming an order: departments are asked, sign for their part, ask back; sales answers (3.1.2)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import confirmers, papers
from order_core.execution.conditions import CONFIRM, ORDER, complete, open_queries
from order_core.execution.design import planning
from order_core.execution.design import service as design
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.execution.records import OrderQuery
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import Notice, acknowledge, tell
from order_core.kernel.sign import SignOff
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book

CONFIRM_CLOCK = "T-03"
QUERY_CLOCK = "T-04"
SALES, MAKER = "SAL", "PRO"
TO_CONFIRM = "order.to_confirm"


@carries("sign", "3.1.2-a", "3.1.2-b")
def send_round(session: Session, order: Order, *, by: Actor, at: datetime, anew: Collection[str] = ()) -> SignOff:
    """Ask every department that the content requires; whose part stays as it was, his signature is carried over.

    Args:
        anew: departments that sign again whether their part changed or not.

    A department that has to sign gets a request and a clock of its own; the others are told of the new revision.
    """
    said, day = papers.content(order), papers.house_day(at)
    asked_back = set(session.scalars(select(OrderQuery.department).where(OrderQuery.order_id == order.id)))
    facts = confirmers.facts(said, papers.differences(session, order), day)
    wanted = book(session, at).signoff("order_confirmation").parties(facts)
    required = sorted({*wanted, *asked_back})
    known = sign.for_purpose(session, order, CONFIRM)
    former = dict(known.parts) if known else {}
    parts = {party: part for party, part in confirmers.parts(said, required).items() if party not in anew}
    sign_off = sign.ask(session, order, CONFIRM, papers.signed(order), required=required, parts=parts, by=by, at=at)
    for department in set(order.confirmers) - set(required):
        _stop(session, order, department, at=at)
    still_open = sign.open_parties(sign_off)
    for department in required:
        untouched = department in former and former[department] == sign_off.parts.get(department)
        _ask(session, order, department, at=at, signs=department in still_open, untouched=untouched)
    order.confirmers = required
    sign_off.due_at = max((c.due_at for c in _running(session, order) if c.due_at), default=None)
    session.flush()
    return sign_off


def _ask(session: Session, order: Order, department: str, *, at: datetime, signs: bool, untouched: bool) -> None:
    """One department: told, or asked with its clock; one that is asked already and whose part is as it was, left."""
    running = clock.running(session, order, CONFIRM_CLOCK, department)
    params = {"number": order.number, "revision": order.revision}
    if not signs or (untouched and running is not None):
        tell(session, key="order.revised", at=at, about=order, department=department, params=params, everyone=True)
        return
    _stop(session, order, department, at=at)
    started = clock.start(
        session,
        order,
        book(session, at).policy(CONFIRM_CLOCK),
        at=at,
        calendar=house_calendar(session),
        party=department,
        owner=None,
    )
    tell(
        session, key=TO_CONFIRM, at=at, about=order, department=department, params=params, everyone=True,
        acknowledge_by=started.due_at,
    )  # fmt: skip


def _stop(session: Session, order: Order, department: str, *, at: datetime) -> None:
    clock.stop(session, order, CONFIRM_CLOCK, at=at, calendar=house_calendar(session), party=department)


def _running(session: Session, order: Order) -> list[clock.Clock]:
    """The clocks under which departments have still to sign."""
    mine = (clock.Clock.case_kind == order.__case_kind__, clock.Clock.case_id == order.id)
    wanted = select(clock.Clock).where(*mine, clock.Clock.policy == CONFIRM_CLOCK, clock.Clock.stopped_at.is_(None))
    return list(session.scalars(wanted))


def stop_all(session: Session, order: Order, *, at: datetime) -> None:
    """Nobody has to sign or answer any more: the order has ended."""
    for running in _running(session, order):
        clock.record(session, running, "stop", at=at, calendar=house_calendar(session))
    for query in open_queries(session, order):
        clock.stop(session, query, QUERY_CLOCK, at=at, calendar=house_calendar(session), party=query.department)


@carries("sign", "3.1.2-c")
def confirm(
    session: Session, order: Order, *, by: Actor, at: datetime, opinion: str | None = None, verdict: str = "approve"
) -> bool:
    """Sign for one's department; the last signature confirms the order. True when it is confirmed now.

    The verdict ``query`` asks back instead, with the opinion as its text.
    """
    if verdict == "query":
        ask_back(session, order, opinion or "", by=by, at=at)
        return False
    if verdict != "approve":
        raise Invalid("sign.verdict", field="verdict", clause="3.1.2-c", allowed="approve, query")
    sign_off = _in_round(session, order)
    if any(query.department == by.department for query in open_queries(session, order)):
        raise Conflict("order.own_query_open", clause="3.1.2-b", number=order.number)
    digest = sign.digest_of(papers.signed(order))
    given = sign.give(session, sign_off, verdict, digest=digest, by=by, at=at, opinion=opinion)
    _stop(session, order, given.party, at=at)
    _acknowledge(session, order, given.party, by=by, at=at)
    if order.state != "issued" or not sign.complete(sign_off):
        return False
    promised = order.promised_on.isoformat() if order.promised_on else None
    data = {"digest": sign_off.digest, "revision": order.revision, "on": promised}
    ORDER.advance(session, order, "confirm", by=by, at=at, data=data)
    order.confirmed_at = order.confirmed_at or at
    for department in sorted({SALES, *sign_off.required}):
        params = {"number": order.number, "on": promised or ""}
        if department == MAKER:
            hand_over(session, order, to=MAKER, key="order.confirmed", at=at, params=params)
            continue
        tell(session, key="order.confirmed", at=at, about=order, department=department, params=params, everyone=True)
    design.open_tasks(session, order, by=by, at=at)
    return True


def _in_round(session: Session, order: Order) -> SignOff:
    """The request for signatures of an order that is going round."""
    sign_off = sign.for_purpose(session, order, CONFIRM)
    if sign_off is None:
        raise Conflict("order.not_issued", clause="3.1.2-a", number=order.number)
    if order.state != "queried":
        ORDER.machine.transition(order.state, "confirm")
    return sign_off


def _acknowledge(session: Session, order: Order, department: str, *, by: Actor, at: datetime) -> None:
    """Who signs has read the request."""
    about = (Notice.about_kind == order.__case_kind__, Notice.about_id == order.id, Notice.key == TO_CONFIRM)
    wanted = select(Notice).where(*about, Notice.to_department == department, Notice.acknowledged_at.is_(None))
    for request in session.scalars(wanted):
        acknowledge(request, person=by.id or 0, at=at)


@carries("clock", "3.1.2-b")
def ask_back(session: Session, order: Order, text: str, *, by: Actor, at: datetime) -> OrderQuery:
    """A department doubts something: sales has its own clock to answer; nothing stops but the confirmation.

    Raises:
        Invalid: nothing asked; Forbidden: not a department that was asked to sign.
    """
    sign_off = _in_round(session, order)
    if not text.strip():
        raise Invalid("order.query_text", field="text", clause="3.1.2-b")
    digest = sign.digest_of(papers.signed(order))
    given = sign.give(session, sign_off, "query", digest=digest, by=by, at=at)
    asked = session.scalar(select(func.count()).where(OrderQuery.order_id == order.id)) or 0
    query = OrderQuery(
        number=f"{order.number}-Q{asked + 1}",
        order_id=order.id,
        department=given.party,
        asked_by=by.id,
        asked_at=at,
        revision=order.revision,
        text=text.strip(),
    )
    session.add(query)
    session.flush()
    data = {"query": query.number, "department": query.department}
    if order.state == "issued":
        ORDER.advance(session, order, "query", by=by, at=at, data=data)
    else:
        note(session, order, "asked_back", by=by, at=at, data=data, clauses=("3.1.2-b",))
    calendar = house_calendar(session)
    started = clock.start(
        session,
        query,
        book(session, at).policy(QUERY_CLOCK),
        at=at,
        calendar=calendar,
        owner=order.issued_by,
        party=query.department,
    )
    params = {"number": order.number, "department": query.department}
    tell(session, key="order.queried", at=at, about=order, department=SALES, params=params, everyone=True,
         acknowledge_by=started.due_at)  # fmt: skip
    return query


def answer(
    session: Session,
    order: Order,
    query: OrderQuery,
    text: str,
    *,
    by: Actor,
    at: datetime,
    wanted: Edit | None = None,
    explanations: Mapping[str, str] | None = None,
) -> bool:
    """Sales answers; a changed content is a new revision that goes round. True when no question is left.

    Raises:
        Forbidden: not sales; Conflict: answered already; Invalid: no answer, or the changed order is incomplete.
    """
    if not ORDER.plays(order, SALES, by):
        raise Forbidden("case.not_an_actor", clause="3.1.2-b", step="answer", actors=SALES, machine="Order")
    if order.state != "queried":
        ORDER.machine.transition(order.state, "answer")
    if query.order_id != order.id or query.answered_at is not None:
        raise Conflict("order.query_answered", field="query", clause="3.1.2-b", number=query.number)
    if not text.strip():
        raise Invalid("order.answer", field="answer", clause="3.1.2-b")
    query.answer, query.answered_by, query.answered_at = text.strip(), by.id, at
    clock.stop(session, query, QUERY_CLOCK, at=at, calendar=house_calendar(session), party=query.department)
    if wanted is not None and _revised(session, order, wanted, explanations or {}, by=by, at=at):
        query.answered_in = order.revision
    session.flush()
    data = {"query": query.number, "department": query.department, "revision": order.revision}
    last = not open_queries(session, order)
    if last:
        ORDER.advance(session, order, "answer", by=by, at=at, data=data)
    else:
        note(session, order, "answered", by=by, at=at, data=data, clauses=("3.1.2-b",))
    if query.asked_by is not None:
        params = {"number": order.number}
        tell(session, key="order.answered", at=at, about=order, person=query.asked_by, params=params)
    return last


def _revised(
    session: Session, order: Order, wanted: Edit, explanations: Mapping[str, str], *, by: Actor, at: datetime
) -> bool:
    """The order says something else from now on: a new revision, complete and explained, sent round."""
    order.revision += 1
    if not papers.rewrite(session, order, wanted, at=at):
        order.revision -= 1
        return False
    if order.confirmed_at is None:
        order.committed_on = order.promised_on
    papers.explain(session, order, explanations, by=by, at=at)
    complete(session, order, at=at)
    papers.keep(session, order, "answer", by=by, at=at)
    planning.retime(session, order, by=by, at=at)
    send_round(session, order, by=by, at=at)
    return True
