"""Both clocks of a ticket, reckoned from its journal after everything that may change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.issues.level import rules
from order_core.issues.level.models import ServiceContract
from order_core.issues.level.rules import Event, Goal, Life, Terms
from order_core.issues.models import Issue
from order_core.kernel import clock, journal
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.kernel.clock import Clock, Policy
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book
from order_core.workdays import WorkingCalendar

CODES: dict[Goal, str] = {"response": "T-19", "solution": "SOLVE"}
CLAUSE = "5.1.2-c"
LATEST_PAUSE = timedelta(days=180)


@dataclass(frozen=True)
class Promise:
    """What is owed to a ticket: its terms, a policy a goal, and in whose hours."""

    terms: Terms
    policies: Mapping[Goal, Policy]
    calendar: WorkingCalendar
    contract: str | None = None


def contract_of(session: Session, issue: Issue) -> ServiceContract | None:
    """The customer's contract that was in force when the ticket was opened; the newest of several."""
    if issue.customer_id is None:
        return None
    day = issue.opened_at.date()
    return session.scalars(
        select(ServiceContract)
        .where(ServiceContract.customer_id == issue.customer_id)
        .where(ServiceContract.valid_from <= day, ServiceContract.valid_until >= day)
        .order_by(ServiceContract.id.desc())
        .limit(1)
    ).first()


@carries("clock", "5.1.2-c", "5.2.1-a")
def promised(session: Session, issue: Issue) -> Promise:
    """What is owed: the contract's targets, else the rulebook's deadlines as they were in force at the opening."""
    contract = contract_of(session, issue)
    rulebook = book(session, issue.opened_at)
    usual = {goal: rulebook.policy(code, issue.urgency) for goal, code in CODES.items()}
    if contract is None:
        return Promise(Terms(), usual, house_calendar(session))
    targets = contract.targets.get(issue.urgency, {})
    working = not targets.get("elapsed", False)
    bought = {
        goal: replace(policy, budget=timedelta(minutes=targets[goal]), working=working) if goal in targets else policy
        for goal, policy in usual.items()
    }
    terms = Terms(frozenset(contract.pauses), contract.automatic_counts)
    return Promise(terms, bought, calendar_of(session, contract), contract.number)


def calendar_of(session: Session, contract: ServiceContract | None) -> WorkingCalendar:
    """The hours of a contract; the house's where it names none."""
    if contract is None or contract.hours is None:
        return house_calendar(session)
    week = {
        int(day): tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours)
        for day, hours in contract.hours["week"].items()
    }
    return WorkingCalendar(contract.hours["zone"], week, contract.hours.get("country"))


def calendars(session: Session) -> Callable[[Clock], WorkingCalendar]:
    """Whose hours a clock counts: its contract's, else the house's; each contract is looked up once."""
    known: dict[str | None, WorkingCalendar] = {}

    def of(running: Clock) -> WorkingCalendar:
        if running.contract not in known:
            wanted = select(ServiceContract).where(ServiceContract.number == running.contract)
            known[running.contract] = calendar_of(session, session.scalar(wanted) if running.contract else None)
        return known[running.contract]

    return of


def events_of(session: Session, issue: Issue) -> list[Event]:
    """The journal of a ticket as its clocks read it."""
    entry = journal.JournalEntry
    rows = session.execute(
        select(entry.seq, entry.at, entry.step, entry.actor_kind, entry.data)
        .where(entry.kind == issue.__case_kind__, entry.case_id == issue.id)
        .order_by(entry.seq)
    )
    return [Event(row.seq, row.at, row.step, row.actor_kind, row.data or {}) for row in rows]


def reckon(session: Session, issue: Issue, *, at: datetime, why: str | None = None, by: Actor = WORKER) -> None:
    """Reckon both clocks of a ticket from its journal; other issues have none of these.

    ``why`` (urgency, contract, calendar): what changed the terms. Then the old result goes into the trail, and a
    breach that was given stays given: nothing un-breaches silently.
    """
    if issue.kind != "ticket":
        return
    promise, events = promised(session, issue), events_of(session, issue)
    known = _clocks(session, issue)
    for goal in rules.GOALS:
        found = rules.life(events, goal, promise.terms)
        running = known.get(CODES[goal])
        before = _result(running)
        running = _restate(session, issue, promise, goal, running, found)
        if why and before is not None and before != (after := _result(running)):
            note(session, issue, "clock_restated", by=by, at=at, clauses=(CLAUSE,),
                 data={"policy": running.policy, "why": why, "old": before, "new": after})  # fmt: skip


def _clocks(session: Session, issue: Issue) -> dict[str, Clock]:
    rows = session.scalars(
        select(Clock)
        .where(Clock.case_kind == issue.__case_kind__, Clock.case_id == issue.id, Clock.policy.in_(CODES.values()))
        .order_by(Clock.id)
    )
    return {row.policy: row for row in rows}


def _restate(session: Session, issue: Issue, promise: Promise, goal: Goal, running: Clock | None, found: Life) -> Clock:
    policy = promise.policies[goal]
    if running is None:
        running = clock.begin(session, issue, policy, owner=issue.assignee_id)
    clock.set_terms(running, policy)
    running.contract, running.owner_id = promise.contract, issue.assignee_id
    clock.restate(session, running, found.spans, stopped=found.stopped, calendar=promise.calendar)
    return running


def _result(running: Clock | None) -> dict[str, Any] | None:
    """What a clock says, for the trail."""
    if running is None:
        return None
    breached = next((reminder.at for reminder in running.reminders if reminder.kind == "breach"), None)
    return {
        "due": running.due_at.isoformat() if running.due_at else None,
        "budget": running.budget_seconds // 60,
        "breached": breached.isoformat() if breached else None,
    }


@carries("clock", "5.2.1-a")
def pause(
    session: Session, issue: Issue, reason: str, *, by: Actor, at: datetime, until: datetime | None = None
) -> None:
    """Stop the solution clock while we wait; a later date that the customer asked for ends by itself.

    Raises:
        Invalid: no such reason, one that the customer's contract does not count, or a date that is past or too far.
        Conflict: nothing runs that could be paused.
    """
    if reason not in rules.PAUSES:
        raise Invalid("pause.reason", field="reason", clause=CLAUSE, allowed=", ".join(rules.PAUSES))
    promise = promised(session, issue)
    if reason not in promise.terms.pauses:
        raise Invalid("pause.not_agreed", field="reason", clause=CLAUSE)
    if (reason == rules.LATER and until is None) or (until and not at < until <= at + LATEST_PAUSE):
        raise Invalid("pause.until", field="until", clause=CLAUSE, days=LATEST_PAUSE.days)
    if issue.kind != "ticket" or issue.state in ("verifying", "closed", "void"):
        raise Conflict("pause.nothing_runs", clause=CLAUSE, number=issue.number)
    data = {"reason": reason, **({"until": until.isoformat()} if until else {})}
    note(session, issue, "paused", by=by, at=at, data=data, clauses=(CLAUSE,))
    reckon(session, issue, at=at)


def resume(session: Session, issue: Issue, *, by: Actor, at: datetime) -> None:
    """Let the clock run on. Raises ``Conflict`` where nothing is paused."""
    if held(session, issue, at=at) is None:
        raise Conflict("pause.not_paused", clause=CLAUSE, number=issue.number)
    note(session, issue, "resumed", by=by, at=at, clauses=(CLAUSE,))
    reckon(session, issue, at=at)


def customer_replied(session: Session, issue: Issue, *, by: Actor, at: datetime, message: int | None = None) -> None:
    """The customer has spoken: his pause ends, whether or not anybody changes anything (B8)."""
    note(session, issue, "customer_replied", by=by, at=at, data={"message": message} if message else None,
         clauses=(CLAUSE,))  # fmt: skip
    reckon(session, issue, at=at)


def held(session: Session, issue: Issue, *, at: datetime) -> rules.Pause | None:
    """The pause that lasts now."""
    return rules.held_by(events_of(session, issue), promised(session, issue).terms, at)


def change_urgency(session: Session, issue: Issue, urgency: str, *, by: Actor, at: datetime) -> bool:
    """Give another urgency; both clocks are reckoned from the start. False when it is the same.

    Raises:
        Invalid: no such urgency, or danger played down.
    """
    from order_core.issues.rules import URGENCIES

    if urgency not in URGENCIES or (issue.safety and urgency != "emergency"):
        raise Invalid("issue.urgency", field="urgency", clause="5.1.2-a", allowed=", ".join(URGENCIES))
    if urgency == issue.urgency:
        return False
    note(session, issue, "urgency_changed", by=by, at=at, clauses=("5.1.2-a",),
         data={"from": issue.urgency, "to": urgency})  # fmt: skip
    issue.urgency = urgency
    session.flush()
    reckon(session, issue, at=at, why="urgency", by=by)
    return True


def reckon_customer(session: Session, customer_id: int, *, by: Actor, at: datetime, why: str = "contract") -> int:
    """A contract was made, changed or ended: the customer's open tickets are reckoned anew; returns how many."""
    open_tickets = session.scalars(
        select(Issue)
        .where(Issue.customer_id == customer_id, Issue.kind == "ticket")
        .where(Issue.state.not_in(("closed", "void")))
    ).all()
    for issue in open_tickets:
        reckon(session, issue, at=at, why=why, by=by)
    return len(open_tickets)
