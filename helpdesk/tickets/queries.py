"""Reads for the ticket list and the ticket page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from order_core.errors import Invalid, NotFound
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.clock import Clock
from order_core.parties.models import Customer, Person

PAGE = 50
DONE = ("closed", "void")
VIEWS = ("mine", "unassigned", "open", "overdue", "callbacks", "closed")
"""The list's ready-made views, in the order of the left pane."""
KINDS = ("ticket", "callback")


@dataclass(frozen=True)
class Filter:
    """What the list shows; empty strings do not narrow."""

    view: str = "open"
    state: str = ""
    urgency: str = ""
    q: str = ""
    after: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    issue: Issue
    customer: Customer | None
    assignee: Person | None
    clock: Clock | None


@dataclass(frozen=True)
class Page:
    """One page and the cursor of the next, or None."""

    rows: Sequence[Row]
    next: str | None


def tickets(session: Session, wanted: Filter, *, reader: Actor, at: datetime, limit: int = PAGE) -> Page:
    """Issues of a view, the latest change first, by keyset: page 100 costs what page 1 does."""
    query = _narrowed(_view(select(Issue), wanted.view, reader, at), wanted)
    if wanted.after:
        changed_at, issue_id = _read_cursor(wanted.after)
        query = query.where(
            or_(Issue.changed_at < changed_at, and_(Issue.changed_at == changed_at, Issue.id < issue_id))
        )
    found = session.scalars(query.order_by(Issue.changed_at.desc(), Issue.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    return Page(_rows(session, shown), _cursor(shown[-1]) if len(found) > limit else None)


def counts(session: Session, *, reader: Actor, at: datetime) -> dict[str, int]:
    """How many issues each view holds."""
    return {
        view: session.scalar(_view(select(func.count(Issue.id)), view, reader, at)) or 0
        for view in VIEWS
        if view != "closed"
    }


def by_number(session: Session, number: str, kinds: Sequence[str] | None = KINDS) -> Issue:
    """The ticket or call-back (or the issue of other ``kinds``, None for any) with that number, or ``NotFound``."""
    wanted = select(Issue).where(Issue.number == number)
    issue = session.scalar(wanted if kinds is None else wanted.where(Issue.kind.in_(kinds)))
    if issue is None:
        raise NotFound("ticket.unknown", field="number", number=number)
    return issue


def running_clocks(session: Session, issues: Sequence[Issue]) -> dict[int, Clock]:
    """The clock of each issue that runs out first."""
    rows = session.scalars(
        select(Clock)
        .where(Clock.case_kind == Issue.__case_kind__, Clock.case_id.in_([issue.id for issue in issues]))
        .where(Clock.stopped_at.is_(None))
        .order_by(Clock.due_at.desc())
    )
    return {clock.case_id: clock for clock in rows}


def _view(query: Select[Any], view: str, reader: Actor, at: datetime) -> Select[Any]:
    query = query.where(Issue.kind.in_(("callback",) if view == "callbacks" else KINDS))
    if view == "closed":
        return query.where(Issue.state.in_(DONE))
    query = query.where(Issue.state.not_in(DONE))
    if view == "mine":
        return query.where(Issue.assignee_id == reader.id)
    if view == "unassigned":
        return query.where(Issue.assignee_id.is_(None))
    if view == "overdue":
        overdue = select(Clock.case_id).where(
            Clock.case_kind == Issue.__case_kind__, Clock.stopped_at.is_(None), Clock.due_at < at
        )
        return query.where(Issue.id.in_(overdue))
    return query


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.state:
        query = query.where(Issue.state == wanted.state)
    if wanted.urgency:
        query = query.where(Issue.urgency == wanted.urgency)
    if wanted.q:
        like = f"%{wanted.q.replace('%', '').replace('_', '')}%"
        query = query.outerjoin(Customer, Customer.id == Issue.customer_id).where(
            or_(
                Issue.number.ilike(like),
                Issue.subject.ilike(like),
                Issue.phone.ilike(like),
                Customer.name.ilike(like),
            )
        )
    return query


def _rows(session: Session, issues: Sequence[Issue]) -> list[Row]:
    customers = _by_id(session, Customer, [issue.customer_id for issue in issues])
    people = _by_id(session, Person, [issue.assignee_id for issue in issues])
    clocks = running_clocks(session, issues)
    return [
        Row(
            issue,
            customers.get(issue.customer_id or 0),
            people.get(issue.assignee_id or 0),
            clocks.get(issue.id),
        )
        for issue in issues
    ]


def _by_id(session: Session, cls: Any, ids: Sequence[int | None]) -> dict[int, Any]:
    wanted = {i for i in ids if i is not None}
    return {row.id: row for row in session.scalars(select(cls).where(cls.id.in_(wanted)))} if wanted else {}


def _cursor(issue: Issue) -> str:
    return base64.urlsafe_b64encode(json.dumps([issue.changed_at.isoformat(), issue.id]).encode()).decode()


def _read_cursor(text: str) -> tuple[datetime, int]:
    try:
        changed_at, issue_id = json.loads(base64.urlsafe_b64decode(text.encode()))
        return datetime.fromisoformat(changed_at), int(issue_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid("list.cursor", field="after") from error
