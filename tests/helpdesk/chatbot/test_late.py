"""Replies that come late (B3), and answers to surveys that are more than a number (B2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.surveys import service as surveys_by_text
from order_core.aftersales import surveys
from order_core.aftersales.models import Survey
from order_core.issues.models import Issue, IssueLink
from order_core.kernel.actor import WORKER
from order_core.parties.models import ContactPerson
from tests.helpdesk.chatbot.conftest import Phone

LAU = "+85261230012"


@pytest.fixture
def lau(phone: Phone, session: Session) -> Phone:
    """Ms Lau, whose refrigerator was cured lately; nothing of hers is open."""
    phone.number = LAU
    return phone


@pytest.fixture
def closed(lau: Phone, session: Session) -> Issue:
    """Her closed ticket."""
    contact = session.scalars(select(ContactPerson).where(ContactPerson.phone == LAU)).one()
    return session.scalars(select(Issue).where(Issue.contact_id == contact.id, Issue.state == "closed")).one()


def newest(session: Session) -> Issue:
    return session.scalars(select(Issue).where(Issue.kind == "ticket").order_by(Issue.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("team", "days", "reopens"),
    [("repair", 3, True), ("repair", 14, True), ("repair", 15, False), ("orders", 7, True), ("orders", 8, False)],
)
@pytest.mark.clause("5.1.1-d")
def test_it_came_back(
    lau: Phone, session: Session, closed: Issue, at: datetime, team: str, days: int, reopens: bool
) -> None:
    """Within the queue's days the ticket opens again and a person looks; later a new one follows it."""
    closed.team, closed.closed_at = team, at - timedelta(days=days)
    session.flush()
    answers = lau.text("冰箱又不冷了")
    if reopens:
        assert answers == ["handover"]
        assert closed.state != "closed"
        assert newest(session).id == closed.id
        return
    assert answers == ["ticket.opened"]
    assert closed.state == "closed"
    links = select(IssueLink.other_id).where(IssueLink.issue_id == newest(session).id)
    assert session.scalars(links.where(IssueLink.relation == "follow_up")).all() == [closed.id]


@pytest.mark.parametrize("words", ["謝謝", "谢谢师傅", "Thanks a lot!", "👍"])
def test_thanks_do_not_reopen(lau: Phone, session: Session, closed: Issue, at: datetime, words: str) -> None:
    closed.closed_at = at - timedelta(days=1)
    session.flush()
    lau.text(words)
    assert closed.state == "closed"
    assert newest(session).id == closed.id


@pytest.fixture
def asked(lau: Phone, session: Session, closed: Issue, at: datetime) -> Survey:
    """She has been asked how it was."""
    closed.closed_at = at - timedelta(hours=1)
    survey = surveys.queue(session, closed, visit_number="V-TEST", by=WORKER, at=at)
    assert surveys_by_text.send(session, survey.id, at=at)
    return survey


@pytest.mark.parametrize(
    ("words", "score", "reopens"),
    [("5", 5, False), ("5, but it leaks again", 5, True), ("2", 2, False), ("五分，但又開始不冷了", 5, True)],
)
def test_a_score_and_what_is_said_beside_it(
    lau: Phone, session: Session, closed: Issue, asked: Survey, words: str, score: int, reopens: bool
) -> None:
    lau.text(words)
    assert asked.score == score
    assert (closed.state != "closed") is reopens


def test_a_lone_five_with_nothing_asked_is_no_ticket(lau: Phone, session: Session, closed: Issue) -> None:
    assert lau.text("5") == ["not_understood"]
    assert lau.text("5") == []
    assert newest(session).id == closed.id
