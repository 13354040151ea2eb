"""A hand-over is acknowledged within its time or goes one rung higher: never a silent change (1.3-c)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.execution import endings
from order_core.execution.change import service as changes
from order_core.execution.change.acknowledge import acknowledge as acknowledged
from order_core.execution.design.models import Design
from order_core.execution.design.rules import REVIEWERS
from order_core.issues.models import Issue
from order_core.kernel.clock import Clock
from order_core.kernel.notice import Notice, acknowledge, escalate_unread
from order_core.performance import handovers
from order_core.performance.service import indicators
from order_core.rulebook.handover import hand_over
from tests.order_core import designs, orders
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


@pytest.mark.clause("1.3-c", "1.3-d")
def test_the_delay_of_a_pair_of_departments_is_counted_from_acknowledged_handovers(
    session: Session, house: House, at: datetime
) -> None:
    slow, quick, unread = (designs.asked(session, house, at) for _ in range(3))
    for change, hours in ((slow, 24), (quick, 0.5)):
        (notice,) = session.scalars(select(Notice).where(Notice.about_number == change.number))
        acknowledge(notice, person=house.people["RND"].id, at=at + timedelta(hours=hours))
    session.flush()
    found = handovers.acknowledged(session, at, at + 2 * DAY)
    (pair,) = handovers.by_pair(found)
    assert (pair.giver, pair.taker, pair.hours) == ("QUA", "RND", 4.25), "eight working hours, and half an hour"
    assert [record.number for record in pair.records] == [slow.number, quick.number]
    assert unread.number not in {record.number for record in found}
    (figure,) = (one for one in indicators(session, at=at + 2 * DAY) if one.code == "HO")
    assert (figure.value, figure.target, figure.count, figure.newest) == (4.25, 8.0, 2, at + DAY)


def taken(session: Session, case: Any, to: str, since: int) -> bool:
    """Whether a department has been given a case since a notice: to acknowledge it in time, or a clock runs."""
    about = (Notice.about_kind == case.__case_kind__, Notice.about_id == case.id, Notice.id > since)
    given = select(Notice.id).where(*about, Notice.to_department == to, Notice.due_at.is_not(None))
    running = select(Clock.id).where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id)
    running = running.where(Clock.party == to, Clock.stopped_at.is_(None))
    return session.scalar(given.limit(1)) is not None or session.scalar(running.limit(1)) is not None


@pytest.mark.clause("1.3-c")
def test_no_step_of_an_order_a_design_or_a_change_is_handed_over_silently(
    session: Session, house: House, at: datetime
) -> None:
    silent: list[tuple[str, str]] = []

    def step(name: str, case: Any, *to: str, take: Callable[[], Any]) -> None:
        since = session.scalar(select(func.max(Notice.id))) or 0
        take()
        session.flush()
        silent.extend((name, code) for code in to if not taken(session, case, code, since))

    sal, rnd = house.actor("SAL"), house.actor("RND")
    order = orders.drafted(session, house, at, orders.line(house, at, new_design=True))
    step("issue", order, "PRO", "QUA", "RND", take=lambda: orders.take(session, house, order, "issued", at))
    step("confirm", order, "PRO", take=lambda: orders.take(session, house, order, "confirmed", at))
    design = session.scalars(select(Design)).one()
    step("open", design, "RND", take=lambda: None)
    for stage, to in (("assigned", ["SAL"]), ("planned", ["PRO", "SAL"]), ("designing", [])):
        step(stage, design, *to, take=partial(designs.take, session, house, design, stage, at))
    step("submit", design, *REVIEWERS, take=lambda: designs.take(session, house, design, "in_review", at))
    step("release", design, "PRO", "SAL", take=lambda: designs.take(session, house, design, "released", at))
    step("start", order, take=lambda: orders.take(session, house, order, "executing", at))
    model = designs.catalogue_design(session, house, at)
    change = designs.asked(session, house, at)
    assert taken(session, change, "RND", since=0)
    change = designs.drawn_up(session, house, at, model)
    assert all(taken(session, change, code, since=0) for code in ("PRO", "SAL"))
    step("approve", change, "SAL", take=lambda: designs.approved(session, house, change, at))
    designs.revised(session, house, change, at)
    for notice in change.notices:
        acknowledged(session, change, "", by=house.actor(notice.department), at=at)
    step("supersede", change, "PRO", "SAL", take=lambda: changes.implement(session, change, by=rnd, at=at))
    ended = orders.until(session, house, "issued", at)
    endings.propose(session, ended, "refuse", "no", by=sal, at=at)
    endings.sign_ending(session, ended, "refuse", by=house.actor("MGT"), at=at)
    step("refuse", ended, *ended.confirmers, take=lambda: endings.refuse(session, ended, by=sal, at=at))
    assert silent == []


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
