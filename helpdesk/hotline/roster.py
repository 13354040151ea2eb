"""Who is on duty when, and where nobody is: a gap in the coming week is an alarm to the head (clause 5.1.1-b)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.hotline.hours import calendar
from helpdesk.hotline.models import Shift
from helpdesk.hotline.rules import ALARM_DAYS, Span, covered, gaps
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid, NotFound
from order_core.kernel.actor import Actor
from order_core.kernel.notice import Notice, tell
from order_core.parties.models import Person

QUEUE = "service"
LONGEST = timedelta(hours=16)
GAP_NOTICE = "hotline.gap"


@dataclass(frozen=True)
class Cover:
    """How well opening hours are staffed from a moment on."""

    opening: list[Span]
    gaps: list[Span]

    @property
    def share(self) -> float:
        """0 … 1."""
        return covered(self.opening, self.gaps)


def opening(session: Session, since: datetime, until: datetime) -> list[Span]:
    """The hours in which the hotline is promised, by the house's calendar."""
    found = []
    for starts, ends in calendar(session).open_from(since):
        if starts >= until:
            break
        found.append(Span(starts, min(ends, until)))
    return found


def shifts(session: Session, since: datetime, until: datetime, queue: str = QUEUE) -> list[tuple[Shift, Person]]:
    """Who is on duty between two moments, by begin."""
    rows = session.execute(
        select(Shift, Person)
        .join(Person, Person.id == Shift.person_id)
        .where(Shift.queue == queue, Shift.ends_at > since, Shift.starts_at < until)
        .order_by(Shift.starts_at, Shift.id)
    )
    return [(shift, person) for shift, person in rows]


@carries("plan", "5.1.1-b")
def cover(session: Session, *, at: datetime, days: int = ALARM_DAYS, queue: str = QUEUE) -> Cover:
    """The opening hours of the coming days and what of them nobody covers."""
    until = at + timedelta(days=days)
    wanted = opening(session, at, until)
    on_duty = [Span(s.starts_at, s.ends_at) for s, person in shifts(session, at, until, queue) if person.active]
    return Cover(wanted, gaps(wanted, on_duty))


@carries("clock", "5.1.1-b")
def watch(session: Session, *, at: datetime) -> Notice | None:
    """Tell the head of the first gap in the coming week, once a gap; a roster never kept is a gap as well."""
    found = cover(session, at=at).gaps
    if not found:
        return None
    first = found[0]
    params = {"starts": _stamp(session, first.starts_at), "ends": _stamp(session, first.ends_at), "count": len(found)}
    told = select(Notice).where(Notice.key == GAP_NOTICE, Notice.created_at > at - timedelta(days=1))
    for notice in session.scalars(told):
        if notice.params["ends"] == params["ends"]:
            return None
    return tell(session, key=GAP_NOTICE, at=at, department="AFS", params=params)


def _stamp(session: Session, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(calendar(session).zone)).strftime("%Y-%m-%d %H:%M")


def add(
    session: Session, person: Person, starts_at: datetime, ends_at: datetime, *, by: Actor, at: datetime,
    queue: str = QUEUE,
) -> Shift:  # fmt: skip
    """Put somebody on duty.

    Raises:
        Invalid: it ends before it begins, lasts too long, is over, or the person cannot take calls.
        Conflict: he is on duty then already.
    """
    if not starts_at < ends_at <= starts_at + LONGEST or ends_at <= at:
        raise Invalid("shift.times", field="ends_at", clause="5.1.1-b", hours=int(LONGEST.total_seconds() // 3600))
    if not person.active or not {"agent", "afs_head", "dispatcher"} & set(person.roles):
        raise Invalid("shift.person", field="person", clause="5.1.1-b", name=person.name)
    clash = select(Shift.id).where(Shift.person_id == person.id, Shift.starts_at < ends_at, Shift.ends_at > starts_at)
    if session.scalar(clash.limit(1)) is not None:
        raise Conflict("shift.twice", field="person", clause="5.1.1-b", name=person.name)
    made = Shift(queue=queue, person_id=person.id, starts_at=starts_at, ends_at=ends_at)
    session.add(made)
    session.flush()
    return made


def remove(session: Session, shift_id: int, *, at: datetime) -> None:
    """Take somebody off duty.

    Raises:
        NotFound: no such shift; Conflict: it has begun.
    """
    shift = session.get(Shift, shift_id)
    if shift is None:
        raise NotFound("shift.unknown", number=str(shift_id))
    if shift.starts_at <= at:
        raise Conflict("shift.begun", field="shift", clause="5.1.1-b")
    session.delete(shift)
    session.flush()
