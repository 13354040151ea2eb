"""Rounds planned a period ahead, opened by the clock, done, signed, or missed; nobody has to remember them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict
from order_core.kernel import clock
from order_core.kernel.actor import CLOCK, Actor
from order_core.kernel.case import Condition, Procedure, Step
from order_core.kernel.notice import tell
from order_core.parties.models import Person
from order_core.rounds import rules
from order_core.rounds.models import Round
from order_core.rounds.rules import Every, Period
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book
from order_core.rulebook.machines import machine


@dataclass(frozen=True)
class Duty:
    """A recurring duty: what, whose, how often and by which clause.

    Attributes:
        zone: where its days begin.
        subject: whose turn it is where a kind has several.
        role: the people of the department who do it and are told of an opening; "" or nobody with it: all of it.
        deadline: the clock (T-01 …) that runs from the opening, or "".
    """

    kind: str
    department: str
    every: Every
    clause: str
    zone: str
    subject: str = ""
    role: str = ""
    deadline: str = ""


DUTIES: list[Duty] = []
"""Every duty that the scheduler keeps going; the rooms put theirs in with ``register``."""
CHECKLISTS: dict[str, Condition] = {}
"""Kind → what must be there before a round of it is done; the rooms put theirs in with ``checklist``."""
SIGNED: dict[str, Condition] = {}
"""Kind → what must be signed before a round of it is applied."""


def register(duty: Duty) -> Duty:
    """Let the scheduler keep a duty going."""
    DUTIES.append(duty)
    return duty


def checklist(kind: str) -> Callable[[Condition], Condition]:
    """Register the checklist of a kind of round."""

    def register(condition: Condition) -> Condition:
        CHECKLISTS[kind] = condition
        return condition

    return register


def _round_due(step: Step) -> None:
    if step.case.opens_at > step.at:
        raise Conflict("round.not_due", clause=step.case.clause, number=step.case.number)


def _checklist_accepted(step: Step) -> None:
    condition = CHECKLISTS.get(step.case.kind)
    if condition is not None:
        condition(step)


def _report_signed(step: Step) -> None:
    condition = SIGNED.get(step.case.kind)
    if condition is not None:
        condition(step)


def _window_over(step: Step) -> None:
    if step.case.closes_at > step.at:
        raise Conflict("round.window_open", clause=step.case.clause, number=step.case.number)


def _owner(turn: Round, by: Actor) -> bool:
    return by.kind == "person" and (by.is_same_person(turn.owner_id) or by.department == turn.department)


def _approver(turn: Round, by: Actor) -> bool:
    return by.kind == "person" and by.head and by.department in (turn.department, "MGT", "HR")


ROUND = Procedure(
    machine("Round"),
    conditions={
        "round_due": _round_due,
        "checklist_accepted": _checklist_accepted,
        "report_signed": _report_signed,
        "window_over": _window_over,
    },
    relations={"owner": _owner, "approver": _approver},
)


def plan(session: Session, duty: Duty, period: Period, *, at: datetime) -> Round:
    """The round of a duty and period, planned when it was not there."""
    found = session.scalars(
        select(Round).where(Round.kind == duty.kind, Round.subject == duty.subject, Round.period == period.key)
    ).first()
    if found is not None:
        return found
    turn = Round(
        kind=duty.kind,
        department=duty.department,
        every=duty.every,
        period=period.key,
        opens_at=_midnight(period.first, duty.zone),
        closes_at=_midnight(period.last + timedelta(days=1), duty.zone),
        clause=duty.clause,
        subject=duty.subject,
    )
    ROUND.open(session, turn, series="R", by=CLOCK, at=at, clauses=(duty.clause,))
    return turn


def keep_going(session: Session, duty: Duty, *, at: datetime) -> list[Round]:
    """See to it that a duty's present and next round are planned, open what is due, miss what is over.

    Run twice, or after days of standstill, it does the same: periods that passed unseen are planned and missed,
    back to the last one that was there. Returns the rounds that moved.
    """
    today = rules.period_of(at.astimezone(ZoneInfo(duty.zone)).date(), duty.every)
    for period in (*_unseen(session, duty, today), today, rules.next_period(today, duty.every)):
        plan(session, duty, period, at=at)
    moved = [_open(session, duty, turn, at=at) for turn in _in_state(session, duty, "planned", Round.opens_at, at)]
    moved += [_miss(session, duty, turn, at=at) for turn in _in_state(session, duty, "open", Round.closes_at, at)]
    return moved


def keep_all_going(session: Session, *, at: datetime) -> list[Round]:
    """Every registered duty, in turn."""
    return [turn for duty in DUTIES for turn in keep_going(session, duty, at=at)]


def _unseen(session: Session, duty: Duty, today: Period) -> list[Period]:
    """Periods between the last round that was planned and the present one."""
    last = session.scalars(
        select(Round)
        .where(Round.kind == duty.kind, Round.subject == duty.subject)
        .order_by(Round.opens_at.desc())
        .limit(1)
    ).first()
    if last is None:
        return []
    period = rules.next_period(_period(last, duty), duty.every)
    missed = []
    while period.first < today.first:
        missed.append(period)
        period = rules.next_period(period, duty.every)
    return missed


def _period(turn: Round, duty: Duty) -> Period:
    return rules.period_of(turn.opens_at.astimezone(ZoneInfo(duty.zone)).date(), cast(Every, turn.every))


def _in_state(session: Session, duty: Duty, state: str, moment: Any, at: datetime) -> list[Round]:
    return list(
        session.scalars(
            select(Round)
            .where(Round.kind == duty.kind, Round.subject == duty.subject, Round.state == state, moment <= at)
            .order_by(Round.opens_at)
        )
    )


@carries("clock", "2.1.1-a")
def _open(session: Session, duty: Duty, turn: Round, *, at: datetime) -> Round:
    ROUND.advance(session, turn, "open", by=CLOCK, at=at)
    if duty.deadline:
        clock.start(session, turn, book(session, at).policy(duty.deadline), at=at, calendar=house_calendar(session))
    people = _who_do_it(session, duty)
    for person in people:
        tell(session, key="round.opened", at=at, about=turn, person=person, params=_named(turn))
    if not people:
        tell(session, key="round.opened", at=at, about=turn, department=turn.department, everyone=True,
             params=_named(turn))  # fmt: skip
    return turn


def _who_do_it(session: Session, duty: Duty) -> list[int]:
    if not duty.role:
        return []
    of_it = select(Person).where(Person.active, Person.department_code == duty.department).order_by(Person.id)
    return [person.id for person in session.scalars(of_it) if duty.role in person.roles]


def _miss(session: Session, duty: Duty, turn: Round, *, at: datetime) -> Round:
    """Its window is over: the head and management are told (4.1.1-b)."""
    ROUND.advance(session, turn, "miss", by=CLOCK, at=at)
    if duty.deadline:
        clock.stop(session, turn, duty.deadline, at=at, calendar=house_calendar(session))
    for department in sorted({turn.department, "MGT"}):
        tell(session, key="round.missed", at=at, about=turn, department=department, params=_named(turn))
    return turn


def _named(turn: Round) -> dict[str, str]:
    return {"number": turn.number, "kind": turn.kind, "period": turn.period}


def do(session: Session, turn: Round, outcome: dict[str, Any], *, by: Actor, at: datetime) -> None:
    """Its checklist is accepted; what was found is kept with it."""
    ROUND.advance(session, turn, "do", by=by, at=at, data=outcome)
    turn.outcome = outcome


def sign(session: Session, turn: Round, *, by: Actor, at: datetime) -> None:
    """The head signs it off."""
    ROUND.advance(session, turn, "sign", by=by, at=at)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone))
