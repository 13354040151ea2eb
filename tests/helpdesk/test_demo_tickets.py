"""Tickets in bulk are such as the services would have made: journals that hold, clocks as reckoned, all findable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.demo import tickets as bulk
from helpdesk.search import queries, rules
from order_core.issues import service as issues
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.kernel.actor import WORKER
from order_core.kernel.case import state_faults
from order_core.kernel.clock import Clock
from tests.helpdesk.search.conftest import house

__all__ = ["house"]


def facts(session: Session) -> dict[tuple[int, str], Any]:
    session.expire_all()
    return {
        (row.case_id, row.policy): (row.due_at, row.next_at, row.stopped_at, row.owner_id, row.rungs,
                                    [(e.kind, e.at) for e in row.events])
        for row in session.scalars(select(Clock))
    }  # fmt: skip


def test_twice_is_once_and_everything_is_as_the_services_make_it(session: Session, house: Any, at: datetime) -> None:
    def work(what: Any) -> Any:
        return what(session)

    said: list[int] = []
    assert bulk.load(work, 25, at=at, say=said.append) == 25
    assert bulk.load(work, 120, at=at, say=said.append) == 95
    assert bulk.load(work, 120, at=at, say=said.append) == 0
    assert said == [25, 120]
    assert session.scalar(select(func.count(Issue.id))) == 120
    assert (session.scalar(select(func.count(Message.id)).where(Message.issue_id.is_not(None))) or 0) >= 120 * 2.5
    assert state_faults(session) == []
    before = facts(session)
    for issue in session.scalars(select(Issue)).all():
        level.reckon(session, issue, at=at)
    assert facts(session) == before
    assert clock.fire_due(session, at=at, calendar=level.calendars(session)) == 0
    hits = queries.find(session, rules.question("冰箱"), ("ticket",))
    subjects = session.scalars(select(Issue.subject).where(Issue.subject.contains("冰箱"))).all()
    assert len(hits) == len(subjects) > 0
    fresh = issues.open_ticket(session, subject="x", channel="sms", phone=None, language="en", by=WORKER, at=at)
    assert fresh.id > 120
