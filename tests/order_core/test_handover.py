"""A hand-over is acknowledged within its time or goes one rung higher: never a silent change (1.3-c)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.issues.models import Issue
from order_core.kernel.notice import Notice, acknowledge, escalate_unread
from order_core.rulebook.handover import hand_over
from tests.order_core.conftest import House

DAY = timedelta(days=1)


def told(session: Session) -> list[tuple[str, str | None]]:
    return [(n.key, n.to_department) for n in session.scalars(select(Notice).order_by(Notice.id))]


@pytest.mark.clause("1.3-c")
def test_a_handover_runs_for_a_working_day_and_then_goes_higher_once(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    """Monday noon: eight working hours end on Tuesday at noon."""
    notice = hand_over(session, ticket, to="RND", key="change.asked", at=at)
    assert (notice.due_at, notice.escalate_to, notice.everyone) == (at + DAY, "MGT", True)
    assert notice.params == {"number": ticket.number}
    assert escalate_unread(session, at=at + DAY - timedelta(seconds=1)) == 0
    assert [escalate_unread(session, at=at + DAY) for _ in range(2)] == [1, 0]
    assert told(session)[-1] == ("unread", "MGT")


@pytest.mark.clause("1.3-c")
def test_acknowledged_in_time_nobody_higher_hears_of_it(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    notice = hand_over(session, ticket, to="RND", key="change.asked", at=at)
    acknowledge(notice, person=house.people["RND"].id, at=at + timedelta(hours=1))
    session.flush()
    assert escalate_unread(session, at=at + 9 * DAY) == 0


@pytest.mark.parametrize(
    ("code", "hours", "higher"),
    [("T-02", 24, "SAL"), ("T-05", 5, "RND"), ("T-27", 24, "LOG"), ("T-10", 2, "LOG")],
)
def test_where_the_regulation_has_a_deadline_of_its_own_it_counts(
    session: Session, house: House, ticket: Issue, at: datetime, code: str, hours: int, higher: str
) -> None:
    """The midday break of half past twelve is no working time."""
    notice = hand_over(session, ticket, to="LOG", key="change.asked", at=at, within=code)
    assert (notice.due_at, notice.escalate_to) == (at + timedelta(hours=hours), higher)
