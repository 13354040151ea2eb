"""Clock: a deadline that runs on working time, warns, breaches and escalates; pauses are summed from events.

What a clock says at a moment is a pure function of its events and that moment (BEHAVIOURS B8); the due date
on the row is a cache for searching. Firing twice changes nothing: a reminder is a unique row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from order_core.db import Base, Id
from order_core.kernel.notice import tell
from order_core.workdays import ALWAYS, WorkingCalendar

EventKind = Literal["start", "pause", "resume", "stop"]


@dataclass(frozen=True)
class Policy:
    """A deadline of the regulation.

    Attributes:
        code: T-01 … T-31; clause: what it enforces.
        budget: how long it may take, in working time when ``working`` else in elapsed time.
        warn_at: fraction of the budget at which ``warn_to`` is reminded.
        escalate_to: who is told of a breach.
        ladder: further rungs after the breach: (multiple of the budget, whom).

    Whom: ``owner`` (the clock's person), ``party`` (head of the department that the clock runs against), or a
    department's code (its head). Where the clock has no owner or party, ``escalate_to``'s head is told.
    """

    code: str
    clause: str
    budget: timedelta
    working: bool = True
    warn_at: float = 0.75
    escalate_to: str = "AFS"
    warn_to: str = "owner"
    ladder: tuple[tuple[float, str], ...] = ()


class Clock(Base):
    """One running deadline of a case; ``owner_id`` is reminded.

    ``party``: the department it runs against, where several have the same deadline on one case.
    ``rungs``: [kind, seconds of the budget's time, whom] of every reminder, as the policy said at the start.
    ``contract``: the agreement in whose hours it runs, where they are not the house's.
    """

    __tablename__ = "clock"
    __table_args__ = (
        Index("ix_clock_case", "case_kind", "case_id"),
        Index(
            "ix_clock_running",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
        Index(
            "ix_clock_due",
            "due_at",
            "case_id",
            sqlite_where=text("stopped_at IS NULL AND due_at IS NOT NULL"),
            postgresql_where=text("stopped_at IS NULL AND due_at IS NOT NULL"),
        ),
        Index(
            "ix_clock_paused",
            "case_id",
            sqlite_where=text("stopped_at IS NULL AND due_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND due_at IS NULL"),
        ),
        Index(
            "ix_clock_party",
            "party",
            "policy",
            "due_at",
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    policy: Mapped[str] = mapped_column(String(8))
    case_kind: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[int]
    case_number: Mapped[str] = mapped_column(String(24))
    budget_seconds: Mapped[int]
    warn_seconds: Mapped[int]
    working: Mapped[bool]
    escalate_to: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    next_at: Mapped[datetime | None] = mapped_column(default=None)
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)
    party: Mapped[str | None] = mapped_column(String(8), default=None)
    rungs: Mapped[list[Any]] = mapped_column(default_factory=list, server_default="[]")
    contract: Mapped[str | None] = mapped_column(String(24), default=None)
    events: Mapped[list["ClockEvent"]] = relationship(
        default_factory=list, order_by="ClockEvent.at, ClockEvent.id", lazy="selectin"
    )
    reminders: Mapped[list["ClockReminder"]] = relationship(default_factory=list, lazy="selectin")


class ClockEvent(Base):
    """Started, paused, resumed or stopped, at event time."""

    __tablename__ = "clock_event"

    id: Mapped[Id] = mapped_column(init=False)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True, init=False)
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(32), default=None)


class ClockReminder(Base):
    """A reminder that was given: one of each kind a clock."""

    __tablename__ = "clock_reminder"
    __table_args__ = (UniqueConstraint("clock_id", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), init=False)
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]


Span = tuple[datetime, datetime | None]


def running_spans(events: Sequence[tuple[str, datetime]]) -> list[Span]:
    """The stretches in which the clock ran, from (kind, event time) in any order; the last may be open."""
    spans: list[Span] = []
    since: datetime | None = None
    for kind, at in sorted(events, key=lambda event: event[1]):
        if kind in ("start", "resume") and since is None:
            since = at
        elif kind in ("pause", "stop") and since is not None:
            spans.append((since, at))
            since = None
        if kind == "stop":
            return spans
    if since is not None:
        spans.append((since, None))
    return spans


def reached_at(spans: Sequence[Span], amount: timedelta, calendar: WorkingCalendar) -> datetime | None:
    """When the clock has run for ``amount``; None when it stops or pauses before (so far)."""
    left = amount
    for starts, ends in spans:
        if ends is None:
            return calendar.add(starts, left)
        ran = calendar.between(starts, ends)
        if ran >= left:
            return calendar.add(starts, left)
        left -= ran
    return None


def start(
    session: Session,
    case: Any,
    policy: Policy,
    *,
    at: datetime,
    calendar: WorkingCalendar,
    owner: int | None = None,
    party: str | None = None,
) -> Clock:
    """Start a policy's clock for a case (and party); one that runs already is left as it is."""
    clock = running(session, case, policy.code, party)
    if clock is not None:
        return clock
    clock = begin(session, case, policy, owner=owner, party=party)
    record(session, clock, "start", at=at, calendar=calendar)
    return clock


def begin(session: Session, case: Any, policy: Policy, *, owner: int | None = None, party: str | None = None) -> Clock:
    """A policy's clock for a case, without any event yet: ``record`` or ``restate`` gives it its first."""
    seconds = int(policy.budget.total_seconds())
    clock = Clock(
        policy=policy.code,
        case_kind=case.__case_kind__,
        case_id=case.id,
        case_number=case.number,
        budget_seconds=seconds,
        warn_seconds=int(seconds * policy.warn_at),
        working=policy.working,
        escalate_to=policy.escalate_to,
        owner_id=owner,
        party=party,
        rungs=_rungs(policy, seconds),
    )
    session.add(clock)
    return clock


def set_terms(clock: Clock, policy: Policy) -> None:
    """Put a clock under another policy of the same code; what was reminded of stays so."""
    seconds = int(policy.budget.total_seconds())
    rungs = _rungs(policy, seconds)
    if (clock.budget_seconds, clock.working, clock.rungs) == (seconds, policy.working, rungs):
        return
    clock.budget_seconds, clock.warn_seconds = seconds, int(seconds * policy.warn_at)
    clock.working, clock.escalate_to, clock.rungs = policy.working, policy.escalate_to, rungs


def restate(
    session: Session, clock: Clock, spans: Sequence[Span], *, stopped: datetime | None, calendar: WorkingCalendar
) -> None:
    """Make a clock's events say that it ran in exactly these stretches, and recompute what the row caches.

    For clocks whose events follow from a journal: what is there already and still true is left as it is.
    """
    wanted = _events(spans, stopped)
    same = 0
    for event, (kind, at) in zip(clock.events, wanted, strict=False):
        if (event.kind, event.at) != (kind, at):
            break
        same += 1
    for event in clock.events[same:]:
        session.delete(event)
    del clock.events[same:]
    clock.events.extend(ClockEvent(kind=kind, at=at) for kind, at in wanted[same:])
    clock.stopped_at = stopped
    recompute(clock, calendar)
    session.flush()


def _events(spans: Sequence[Span], stopped: datetime | None) -> list[tuple[EventKind, datetime]]:
    """Stretches as events; stopped for good at the end of the last, or later, out of a pause."""
    found: list[tuple[EventKind, datetime]] = []
    for number, (starts, ends) in enumerate(spans):
        found.append(("resume" if number else "start", starts))
        if ends is not None:
            found.append(("pause", ends))
    if stopped is not None:
        if found and found[-1] == ("pause", stopped):
            found.pop()
        found.append(("stop", stopped))
    return found


def _rungs(policy: Policy, seconds: int) -> list[Any]:
    """Every reminder of a policy, the earliest first."""
    higher = [[f"rung-{n}", int(seconds * times), whom] for n, (times, whom) in enumerate(policy.ladder, 1)]
    warn = ["warn", int(seconds * policy.warn_at), policy.warn_to]
    return [warn, ["breach", seconds, policy.escalate_to], *higher]


def running(session: Session, case: Any, policy: str, party: str | None = None) -> Clock | None:
    """The clock of a policy (against a party) that has not been stopped."""
    return session.scalars(
        select(Clock)
        .where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id)
        .where(Clock.policy == policy, Clock.stopped_at.is_(None), Clock.party.is_not_distinct_from(party))
    ).first()


def running_against(session: Session, party: str, policy: str, *, limit: int) -> list[Clock]:
    """The running clocks of a policy against a department, on any case, the first to run out first."""
    wanted = select(Clock).where(Clock.party == party, Clock.policy == policy, Clock.stopped_at.is_(None))
    return list(session.scalars(wanted.order_by(Clock.due_at).limit(limit)))


def record(
    session: Session,
    clock: Clock,
    kind: EventKind,
    *,
    at: datetime,
    calendar: WorkingCalendar,
    reason: str | None = None,
) -> None:
    """Add an event and recompute what the row caches."""
    clock.events.append(ClockEvent(kind=kind, at=at, reason=reason))
    if kind == "stop":
        clock.stopped_at = at
    recompute(clock, calendar)
    session.flush()


def stop(
    session: Session, case: Any, policy: str, *, at: datetime, calendar: WorkingCalendar, party: str | None = None
) -> None:
    """Stop the running clock of a policy (against a party), if there is one."""
    clock = running(session, case, policy, party)
    if clock is not None:
        record(session, clock, "stop", at=at, calendar=calendar)


def recompute(clock: Clock, calendar: WorkingCalendar) -> None:
    """Due date and next reminder from the events: also after a change of calendar.

    A stopped clock still owes what it had reached before: nobody escapes a breach by acting before it is looked for.
    """
    spans, used = _spans(clock), calendar if clock.working else ALWAYS
    given = {reminder.kind for reminder in clock.reminders}
    clock.due_at = reached_at(spans, timedelta(seconds=clock.budget_seconds), used)
    pending = [
        reached_at(spans, timedelta(seconds=seconds), used) for kind, seconds, _ in ladder(clock) if kind not in given
    ]
    clock.next_at = min((moment for moment in pending if moment), default=None)


def _spans(clock: Clock) -> list[Span]:
    return running_spans([(event.kind, event.at) for event in clock.events])


def ladder(clock: Clock) -> list[tuple[str, int, str]]:
    """(kind, seconds, whom) of each reminder; clocks started before rungs were kept have the two usual ones."""
    rungs = clock.rungs or [["warn", clock.warn_seconds, "owner"], ["breach", clock.budget_seconds, clock.escalate_to]]
    return [(str(kind), int(seconds), str(whom)) for kind, seconds, whom in rungs]


Calendars = WorkingCalendar | Callable[[Clock], WorkingCalendar]
"""One calendar for all clocks, or whose each clock counts."""


def fire_due(session: Session, *, at: datetime, calendar: Calendars, limit: int = 200) -> int:
    """Give every reminder that is due; returns how many. Once each, whenever and however often it is called."""
    rows = session.scalars(
        select(Clock).where(Clock.next_at <= at).order_by(Clock.next_at).limit(limit).with_for_update(skip_locked=True)
    ).all()
    return sum(
        _fire(session, clock, at=at, calendar=calendar if isinstance(calendar, WorkingCalendar) else calendar(clock))
        for clock in rows
    )


def _fire(session: Session, clock: Clock, *, at: datetime, calendar: WorkingCalendar) -> int:
    spans, used = _spans(clock), calendar if clock.working else ALWAYS
    given = {reminder.kind for reminder in clock.reminders}
    fired = 0
    for kind, seconds, whom in ladder(clock):
        moment = reached_at(spans, timedelta(seconds=seconds), used)
        if moment is None or moment > at or kind in given:
            continue
        clock.reminders.append(ClockReminder(kind=kind, at=moment))
        _tell(session, clock, kind, whom, at=at)
        fired += 1
    recompute(clock, calendar)
    session.flush()
    return fired


def _tell(session: Session, clock: Clock, kind: str, whom: str, *, at: datetime) -> None:
    params = {"policy": clock.policy, "number": clock.case_number}
    key = "clock.warn" if kind == "warn" else "clock.breach"
    if whom == "owner" and clock.owner_id is not None:
        tell(session, key=key, at=at, person=clock.owner_id, params=params)
    else:
        head_of = {"owner": clock.escalate_to, "party": clock.party or clock.escalate_to}.get(whom, whom)
        tell(session, key=key, at=at, department=head_of, params=params)
