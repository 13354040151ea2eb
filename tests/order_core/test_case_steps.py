"""One step at a time: a stale version is refused, a lost update too, and a refused step leaves no trace."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from order_core.errors import Conflict, Refusal, StaleVersion
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.service import ISSUE
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import history, state_faults
from order_core.kernel.numbers import next_number
from tests.order_core.conftest import House


def test_every_step_counts_the_version_up(session: Session, house: House, ticket: Issue, at: datetime) -> None:
    hua, versions = house.actor("AFS"), [ticket.version]
    for step, data in (
        ("classify", {"category": "fault"}),
        ("assign", {"assignee_id": hua.id}),
        ("return", {"reason": "not mine"}),
    ):
        issues.step(session, ticket, step, data, by=hua, at=at)
        versions.append(ticket.version)
    assert versions == sorted(set(versions))


def test_a_step_on_what_has_changed_since_is_refused(session: Session, ticket: Issue, at: datetime) -> None:
    seen = ticket.version
    fields = {"category": "fault", "urgency": "normal"}
    ISSUE.advance(session, ticket, "classify", by=WORKER, at=at, data=fields, expected_version=seen)
    with pytest.raises(StaleVersion) as refused:
        ISSUE.advance(session, ticket, "void", by=WORKER, at=at, data={"reason": "x"}, expected_version=seen)
    assert isinstance(refused.value, Conflict)
    assert (refused.value.code, refused.value.status) == ("case.stale", 409)
    assert (ticket.state, len(history(session, ticket))) == ("classified", 2)


def test_a_lost_update_is_refused_by_the_database(
    session: Session, other: Session, ticket: Issue, at: datetime
) -> None:
    """Two people took their step from the same screen; the second one's session still remembers the old state."""
    theirs = other.get_one(Issue, ticket.id)
    other.commit()
    ISSUE.advance(session, ticket, "classify", by=WORKER, at=at, data={"category": "fault"})
    session.commit()
    with pytest.raises(StaleDataError):
        ISSUE.advance(other, theirs, "void", by=WORKER, at=at, data={"reason": "x"})
    other.rollback()
    session.expire_all()
    assert [entry.step for entry in history(session, ticket)] == ["open", "classify"]
    assert state_faults(session) == []


@pytest.mark.clause("1.3-b")
@pytest.mark.parametrize(
    ("step", "data", "by", "version", "code"),
    [
        ("close", {}, WORKER, None, "case.illegal_step"),
        ("classify", {"category": "fault"}, Actor(kind="clock"), None, "case.not_an_actor"),
        ("classify", {"category": "weather"}, WORKER, None, "issue.category"),
        ("void", {"reason": "twice", "duplicate_of": "T26-99999"}, WORKER, None, "issue.duplicate_of"),
        ("classify", {"category": "fault"}, WORKER, 99, "case.stale"),
    ],
)
def test_a_refused_step_leaves_nothing_half_done(
    session: Session,
    ticket: Issue,
    at: datetime,
    step: str,
    data: dict[str, Any],
    by: Actor,
    version: int | None,
    code: str,
) -> None:
    before, later = _face(session, ticket), at + timedelta(days=1)
    with pytest.raises(Refusal) as refused:
        ISSUE.advance(session, ticket, step, by=by, at=later, data=data, expected_version=version)
    assert refused.value.code == code
    assert not session.new
    assert not session.dirty
    session.commit()
    session.expire_all()
    assert _face(session, ticket) == before


def _face(session: Session, ticket: Issue) -> tuple[Any, ...]:
    return ticket.state, ticket.version, ticket.changed_at, len(history(session, ticket))


def test_a_step_whose_transaction_fails_later_never_happened(session: Session, ticket: Issue, at: datetime) -> None:
    before = _face(session, ticket)
    ISSUE.advance(session, ticket, "classify", by=WORKER, at=at, data={"category": "fault"})
    session.rollback()
    assert _face(session, ticket) == before
    assert state_faults(session) == []


@pytest.mark.clause("1.3-b")
def test_nobody_sets_a_state_by_hand(ticket: Issue) -> None:
    with pytest.raises(AttributeError):
        ticket.state = "closed"
    assert ticket.state == "open"


def test_numbers_count_up_without_gaps_in_each_series_and_year(session: Session, at: datetime) -> None:
    assert [next_number(session, "T", at) for _ in range(2)] == ["T26-00001", "T26-00002"]
    assert next_number(session, "Q", at) == "Q26-00001"
    session.commit()
    assert next_number(session, "T", at) == "T26-00003"
    session.rollback()
    assert next_number(session, "T", at) == "T26-00003", "a number that was taken back is given again"
    assert next_number(session, "T", at + timedelta(days=60)) == "T27-00001"


def test_an_instant_without_a_zone_is_no_instant(session: Session, ticket: Issue, at: datetime) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        ISSUE.advance(session, ticket, "classify", by=WORKER, at=at.replace(tzinfo=None), data={"category": "fault"})
