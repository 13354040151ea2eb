"""Reads for the ticket list and the ticket page.

A list walks one index in the list's own order, from where the last page ended. What no index narrows is looked for
among the next ``SCAN`` rows of it: a page never costs more, and says how far it has looked.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, exists, func, literal, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from helpdesk.channels.models import Message
from helpdesk.search import queries as search
from helpdesk.search import rules as words
from helpdesk.tickets.rules import MINE, NOBODY, VIEWS, Filter
from order_core.db import BigInt, UTCDateTime
from order_core.errors import Invalid, NotFound
from order_core.issues.models import OPEN, Issue
from order_core.kernel.actor import Actor
from order_core.kernel.clock import Clock
from order_core.parties.models import Customer, Person

__all__ = ["KINDS", "PAGE", "VIEWS", "Filter", "Page", "Row", "by_number", "changes", "counts", "ids", "tickets"]

PAGE = 50
SCAN = 5_000
"""Rows of an index that one page looks at."""
MANY = 1_000
"""Counts end here: 999+."""
KINDS = ("ticket", "callback")
DONE = ("closed", "void")
SOON = timedelta(hours=1)
LEADS = ("assignee", "state", "appliance", "team", "urgency", "channel", "language")
"""Fields with an index, the one that narrows most first."""


@dataclass(frozen=True)
class Line:
    """What a list shows of an issue."""

    id: int
    number: str
    kind: str
    subject: str
    phone: str | None
    channel: str
    language: str
    state: str
    urgency: str
    safety: bool
    appliance: str | None
    symptom: str | None
    team: str | None
    touched_at: datetime
    opened_at: datetime
    version: int


@dataclass(frozen=True)
class Due:
    """The clock that runs out first; ``due_at`` None while it is paused."""

    policy: str
    due_at: datetime | None


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    issue: Line
    customer: str | None
    assignee: str | None
    clock: Due | None


@dataclass(frozen=True)
class Page:
    """One page, the cursor of the next or None, and whether rows were passed over that nothing narrowed."""

    rows: Sequence[Row]
    next: str | None
    looked: bool = False


def tickets(
    session: Session, wanted: Filter, *, reader: Actor, at: datetime, after: str = "", limit: int = PAGE,
    touched_after: datetime | None = None,
) -> Page:  # fmt: skip
    """Issues of a filter, the last touched first (overdue: the longest overdue first), from a cursor on."""
    walk = _walk(session, wanted, reader, at, after, touched_after)
    found = session.execute(
        select(walk.c.id, walk.c.key).where(*_rest(walk, wanted, reader, at)).limit(limit + 1)
    ).all()
    rows = _rows(session, [row.id for row in found[:limit]])
    if len(found) > limit:
        return Page(rows, _cursor(found[limit - 1].key, found[limit - 1].id))
    last = session.execute(select(walk.c.key, walk.c.id).offset(SCAN - 1).limit(1)).first()
    return Page(rows, _cursor(last.key, last.id) if last else None, looked=last is not None)


def ids(session: Session, wanted: Filter, *, reader: Actor, at: datetime, most: int) -> list[int]:
    """Ids of everything that a filter shows, at most so many: for bulk actions."""
    found: list[int] = []
    after = ""
    while len(found) < most:
        walk = _walk(session, wanted, reader, at, after, None)
        rows = session.execute(select(walk.c.id, walk.c.key).where(*_rest(walk, wanted, reader, at))).all()
        found += [row.id for row in rows]
        last = session.execute(select(walk.c.key, walk.c.id).offset(SCAN - 1).limit(1)).first()
        if last is None:
            break
        after = _cursor(last.key, last.id)
    return found[:most]


def counts(session: Session, views: Sequence[Filter], *, reader: Actor, at: datetime) -> list[int]:
    """How many each filter shows, up to ``MANY``: in one statement that stops counting there."""
    if not views:
        return []
    bounded = []
    for wanted in views:
        walk = _walk(session, wanted, reader, at, "", None)
        some = select(literal(1).label("one")).select_from(walk).where(*_rest(walk, wanted, reader, at)).limit(MANY)
        bounded.append(select(func.count()).select_from(some.subquery()).scalar_subquery())
    return list(session.execute(select(*(count.label(f"n{n}") for n, count in enumerate(bounded)))).one())


def changes(session: Session, since: datetime, limit: int = 200) -> list[tuple[int, str]]:
    """(id, number) of what was touched after a moment: one look at one index."""
    rows = session.execute(
        select(Issue.id, Issue.number).where(Issue.touched_at > since).order_by(Issue.touched_at.desc()).limit(limit)
    )
    return [(row.id, row.number) for row in rows]


def newest(session: Session) -> datetime | None:
    """When anything was touched last."""
    return session.scalar(select(Issue.touched_at).order_by(Issue.touched_at.desc(), Issue.id.desc()).limit(1))


def by_number(session: Session, number: str, kinds: Sequence[str] | None = KINDS) -> Issue:
    """The ticket or call-back (or the issue of other ``kinds``, None for any) with that number, or ``NotFound``."""
    wanted = select(Issue).where(Issue.number == number)
    issue = session.scalar(wanted if kinds is None else wanted.where(Issue.kind.in_(kinds)))
    if issue is None:
        raise NotFound("ticket.unknown", field="number", number=number)
    return issue


def running_clocks(session: Session, issue_ids: Sequence[int]) -> dict[int, Due]:
    """The clock of each issue that runs out first; a paused one where none runs."""
    rows = session.execute(
        select(Clock.case_id, Clock.policy, Clock.due_at)
        .where(Clock.case_kind == Issue.__case_kind__, Clock.case_id.in_(issue_ids), Clock.stopped_at.is_(None))
    ).all()  # fmt: skip
    first = sorted(rows, key=lambda row: (row.due_at is None, row.due_at), reverse=True) if rows else []
    return {row.case_id: Due(row.policy, row.due_at) for row in first}


def _walk(
    session: Session, wanted: Filter, reader: Actor, at: datetime, after: str, touched_after: datetime | None
) -> Subquery:
    """The next rows of the one index that the list follows."""
    key, source = _source(wanted, at)
    query = source.where(*_lead(session, wanted, reader))
    descending = not _by_due(wanted)
    if after:
        moment, issue_id = _read_cursor(after)
        here: Any = tuple_(key, Issue.id)
        there: Any = tuple_(literal(moment, UTCDateTime()), literal(issue_id, BigInt))
        query = query.where(here < there if descending else here > there)
    if touched_after is not None:
        query = query.where(Issue.touched_at > touched_after)
    order = (key.desc(), Issue.id.desc()) if descending else (key, Issue.id)
    return query.order_by(*order).limit(SCAN).subquery()


def _by_due(wanted: Filter) -> bool:
    return wanted.view == "overdue" or wanted.clock in ("over", "soon")


def _source(wanted: Filter, at: datetime) -> tuple[Any, Select[Any]]:
    columns = [getattr(Issue, name) for name in ("kind", "urgency", "language", "appliance", "channel", "team",
                                                 "assignee_id", "touched_at")]  # fmt: skip
    if not _by_due(wanted):
        return Issue.touched_at, select(Issue.id, Issue.touched_at.label("key"), Issue.state.label("state"), *columns)
    earlier = aliased(Clock)
    first = ~exists().where(
        earlier.case_kind == Clock.case_kind, earlier.case_id == Clock.case_id, earlier.stopped_at.is_(None),
        tuple_(earlier.due_at, earlier.id) < tuple_(Clock.due_at, Clock.id),
    )  # fmt: skip
    due = Clock.due_at < at if wanted.clock != "soon" else and_(Clock.due_at >= at, Clock.due_at < at + SOON)
    query = (
        select(Issue.id, Clock.due_at.label("key"), Issue.state.label("state"), *columns)
        .select_from(Clock)
        .join(Issue, Issue.id == Clock.case_id)
        .where(Clock.case_kind == Issue.__case_kind__, Clock.stopped_at.is_(None), due, first)
    )
    return Clock.due_at, query


def _lead(session: Session, wanted: Filter, reader: Actor) -> list[ColumnElement[bool]]:
    """What the index itself narrows by: open work has indexes of its own, done work one for each field."""
    conditions: list[Any] = []
    if wanted.q:
        conditions.append(Issue.id.in_(_said(session, wanted.q)))
    if wanted.view != "closed":
        conditions.append(text(f"issue.{OPEN}"))
    if wanted.view == "mine":
        conditions.append(Issue.assignee_id == reader.id)
    elif wanted.view == "unassigned":
        conditions.append(Issue.assignee_id.is_(None))
    for name in LEADS:
        value = getattr(wanted, name)
        if value and wanted.view == "closed" and name != "state":
            conditions.append(_equal(Issue, name, value, reader))
            break
        if value and name in ("assignee", "state"):
            conditions.append(_equal(Issue, name, value, reader))
            break
    conditions += _days(wanted)
    return conditions


def _days(wanted: Filter) -> list[Any]:
    def begins(day: str, after: int = 0) -> datetime:
        return datetime.combine(datetime.fromisoformat(day).date() + timedelta(days=after), time(0), UTC)

    found = []
    if wanted.since:
        found.append(Issue.touched_at >= begins(wanted.since))
    if wanted.until:
        found.append(Issue.touched_at < begins(wanted.until, 1))
    return found


def _rest(walk: Subquery, wanted: Filter, reader: Actor, at: datetime) -> list[ColumnElement[bool]]:
    """Everything that a row must be besides."""
    conditions: list[Any] = [walk.c.kind.in_(("callback",) if wanted.view == "callbacks" else KINDS)]
    if wanted.view == "closed":
        conditions.append(walk.c.state.in_(DONE))
    conditions += [_equal(walk.c, name, value, reader) for name in LEADS if (value := getattr(wanted, name))]
    if wanted.clock in ("running", "paused"):
        clocks = select(Clock.case_id).where(Clock.case_kind == Issue.__case_kind__, Clock.stopped_at.is_(None))
        due = Clock.due_at.is_(None) if wanted.clock == "paused" else Clock.due_at >= at
        conditions.append(walk.c.id.in_(clocks.where(due)))
    return conditions


def _equal(columns: Any, name: str, value: str, reader: Actor) -> Any:
    if name != "assignee":
        return getattr(columns, name) == value
    if value == NOBODY:
        return columns.assignee_id.is_(None)
    return columns.assignee_id == (reader.id if value == MINE else int(value) if value.isdecimal() else 0)


def _said(session: Session, q: str) -> list[int]:
    """Tickets that hold the words, or on which they were said."""
    found = search.ranked(session, words.question(q), ("ticket", "message"), most=500)
    messages = [one.ref_id for one in found.get("message", ())]
    of = session.scalars(select(Message.issue_id).where(Message.id.in_(messages), Message.issue_id.is_not(None)))
    return sorted({one.ref_id for one in found.get("ticket", ())} | {i for i in of if i})


_LINE = tuple(getattr(Issue, name) for name in Line.__dataclass_fields__)


def _rows(session: Session, issue_ids: Sequence[int]) -> list[Row]:
    if not issue_ids:
        return []
    rows = session.execute(
        select(*_LINE, Customer.name.label("customer"), Person.name.label("assignee"))
        .outerjoin(Customer, Customer.id == Issue.customer_id)
        .outerjoin(Person, Person.id == Issue.assignee_id)
        .where(Issue.id.in_(issue_ids))
    )
    clocks = running_clocks(session, issue_ids)
    found = {row[0]: Row(Line(*row[:-2]), row.customer, row.assignee, clocks.get(row[0])) for row in rows}
    return [found[i] for i in issue_ids if i in found]


def _cursor(moment: datetime, issue_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), issue_id]).encode()).decode()


def _read_cursor(written: str) -> tuple[datetime, int]:
    try:
        moment, issue_id = json.loads(base64.urlsafe_b64decode(written.encode()))
        return datetime.fromisoformat(moment).astimezone(UTC), int(issue_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid("list.cursor", field="after") from error
