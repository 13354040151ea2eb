"""Whole turns of the bot on the database: what is stored, booked and journalled, and what is left to a person."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Interaction, Message
from helpdesk.channels.rules import Inbound
from helpdesk.chatbot import service
from helpdesk.chatbot.models import Conversation
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch.models import Visit
from order_core.issues.models import Issue
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import Person

LIN = "+85261230001"
Say = Callable[..., list[str | None]]


@pytest.fixture
def say(app: Any, company: Any, session: Session, at: datetime) -> Say:
    """Text as Lin; the purposes of what the bot answers."""

    def say(body: str, later: timedelta = timedelta(0)) -> list[str | None]:
        sid, moment = f"SM{secrets.token_hex(16)}", at + later
        last = session.scalars(select(Message.id).order_by(Message.id.desc())).first() or 0
        channels.receive(session, "console", Inbound("AC1", sid, LIN, "+85230000000", body, [], {}), at=moment)
        text = session.scalars(select(Message).where(Message.sid == sid)).one()
        service.handle_message(session, text.id, region="HK", at=moment)
        session.flush()
        answers = select(Message).where(Message.direction == "out", Message.id > last).order_by(Message.id)
        return [message.purpose for message in session.scalars(answers)]

    return say


@pytest.fixture
def offered(say: Say) -> Say:
    """Three windows have been offered."""
    say("冰箱不冷，一直滴水")
    say("昨天開始")
    assert say("沒有用") == ["offer.slots"]
    return say


def test_a_window_that_has_passed_is_not_booked_but_offered_afresh(offered: Say, session: Session) -> None:
    assert offered("2", timedelta(days=9)) == ["slot.taken"]
    assert session.scalars(select(Visit)).all() == []
    assert "visit.booked" in offered("2", timedelta(days=9, minutes=1))


def test_once_the_technician_is_on_his_way_a_person_decides_about_cancelling(
    offered: Say, session: Session, at: datetime
) -> None:
    offered("1")
    visit = dispatch.assign(session, session.scalars(select(Visit)).one().id, at=at)
    wei = session.get_one(Person, visit.technician_id).actor()
    dispatch.accept(session, visit, by=wei, at=at)
    dispatch.leave(session, visit, by=wei, at=at)
    offered("取消")
    answers = offered("1")
    assert "visit.cancelled" not in answers
    assert answers, "the customer hears something"
    assert visit.state == "en_route"
    assert session.scalars(select(Conversation).where(Conversation.phone == LIN)).one().owner == "human"


def test_a_visit_that_is_to_come_is_called_off_at_once(offered: Say, session: Session) -> None:
    offered("1")
    offered("取消")
    assert offered("1") == ["visit.cancelled"]
    assert session.scalars(select(Visit)).one().state == "cancelled"


def test_the_words_before_which_matter_is_it_join_the_matter(say: Say, session: Session) -> None:
    say("冰箱不冷，一直滴水")
    first = session.scalars(select(Issue).where(Issue.phone == LIN).order_by(Issue.id.desc())).first()
    assert first is not None
    second = Issue(**{name: getattr(first, name) for name in ("kind", "subject", "channel", "language", "phone")},
                   customer_id=first.customer_id, contact_id=first.contact_id, department="AFS")  # fmt: skip
    from order_core.issues.service import ISSUE
    from order_core.kernel.actor import WORKER

    ISSUE.open(session, second, series="T", by=WORKER, at=first.opened_at, clauses=("5.1.1-d",))
    talk = session.scalars(select(Conversation).where(Conversation.phone == LIN)).one()
    talk.question = talk.issue_id = None
    talk.state = {}
    assert say("我想補充一下，門口密碼是 9999") == ["ask.ticket"]
    held = session.scalars(select(Message).where(Message.body.contains("9999"))).one()
    say("1")
    session.refresh(held)
    assert held.issue_id in (first.id, second.id)
    contact = session.scalars(select(Interaction).where(Interaction.message_id == held.id)).one()
    assert (contact.issue_id, contact.no_issue_reason) == (held.issue_id, None)


@pytest.mark.parametrize("words", ["門口密碼 9999，找王太太", "Ask Mrs Smith at +852 6123 9999"])
def test_a_customers_own_words_stay_out_of_the_journal(say: Say, session: Session, words: str) -> None:
    say("冰箱不冷，一直滴水")
    say(words)
    say("0")
    journal = session.scalars(select(JournalEntry).where(JournalEntry.kind == "Issue")).all()
    assert [entry.data for entry in journal if "9999" in str(entry.data)] == []
