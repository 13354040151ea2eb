"""Whole turns of the bot on the database: what is stored, booked and journalled, and what is left to a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Interaction, Message
from helpdesk.chatbot import moving
from helpdesk.chatbot.models import Conversation
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch.models import Visit
from order_core.issues.models import Issue
from order_core.issues.service import ISSUE
from order_core.kernel import stock
from order_core.kernel.actor import WORKER
from order_core.kernel.case import note
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import Person
from tests.helpdesk.chatbot.conftest import LIN, Say


def talk_of(session: Session) -> Conversation:
    return session.scalars(select(Conversation).where(Conversation.phone == LIN)).one()


@pytest.fixture
def offered(say: Say) -> Say:
    """Three windows have been offered."""
    say("冰箱不冷，一直滴水")
    say("昨天開始")
    assert say("沒有用") == ["offer.slots"]
    return say


@pytest.fixture
def booked(offered: Say) -> Say:
    """The last of them is booked by its digit; what the technician should know is asked after that."""
    assert offered("3") == ["visit.booked", "ask.detail"]
    assert offered("1") == ["ticket.noted"]
    return offered


@pytest.mark.clause("5.1.1-d", "5.1.2-c")
def test_the_window_and_the_address_are_read_back_before_they_hold(offered: Say, session: Session) -> None:
    offered("第二個")
    asked = session.scalars(select(Message).where(Message.purpose == "ask.confirm")).one()
    assert "彌敦道 700 號" in asked.body
    assert session.scalars(select(Visit)).all() == []
    offered("1")
    assert session.scalars(select(Visit)).one().issue.symptom == "not_cooling"


@pytest.mark.clause("5.1.1-d")
def test_a_digit_books_and_the_confirmation_says_where(offered: Say, session: Session) -> None:
    assert offered("2") == ["visit.booked", "ask.detail"]
    told = session.scalars(select(Message).where(Message.purpose == "visit.booked")).one()
    assert "彌敦道 700 號" in told.body


def test_not_safe_pages_a_person_though_the_visit_is_booked(offered: Say, session: Session) -> None:
    offered("2")
    assert offered("2") == ["safety.unsure"]
    issue = session.scalars(select(Visit)).one().issue
    assert (issue.safety, talk_of(session).owner) == (True, "human")


def test_a_window_that_has_passed_is_not_booked_but_offered_afresh(offered: Say, session: Session) -> None:
    assert offered("2", timedelta(days=9)) == ["slot.taken"]
    assert session.scalars(select(Visit)).all() == []
    assert "visit.booked" in offered("2", timedelta(days=9, minutes=1))


def test_a_window_that_goes_while_it_is_read_back_is_offered_afresh(offered: Say, session: Session) -> None:
    offered("第二個")
    assert offered("1", timedelta(days=9)) == ["slot.taken"]
    assert session.scalars(select(Visit)).all() == []


def parts_held(session: Session, visit: Visit) -> list[str]:
    return [reservation.item for reservation in stock.held_for(session, visit)]


def test_a_visit_is_moved_with_its_part(booked: Say, session: Session, at: datetime) -> None:
    """B17: the old window and part are given back and taken anew in one deed."""
    first = dispatch.assign(session, session.scalars(select(Visit)).one().id, at=at)
    part = parts_held(session, first)
    assert part
    assert booked("我那天沒空，可以改期嗎") == ["offer.slots"]
    assert booked("第一個") == ["ask.confirm"]
    assert "visit.booked" in booked("對")
    second = session.scalars(select(Visit).order_by(Visit.id.desc())).first()
    assert second is not None
    assert (first.state, second.state) == ("cancelled", "assigned")
    assert second.starts_at < first.starts_at
    assert parts_held(session, first) == []
    assert parts_held(session, second) == part
    assert moving.moves(session, second.issue) == 1


def test_a_move_that_is_dropped_leaves_the_visit(booked: Say, session: Session) -> None:
    booked("可以改時間嗎")
    assert booked("算了，照舊") == ["nothing_changed"]
    assert session.scalars(select(Visit)).one().state == "booked"


def test_too_near_or_too_often_a_person_moves_it(booked: Say, session: Session, at: datetime) -> None:
    visit = session.scalars(select(Visit)).one()
    assert moving.fixed(session, visit, at=visit.starts_at - moving.CUT_OFF) == ""
    assert moving.fixed(session, visit, at=visit.starts_at - moving.CUT_OFF + timedelta(minutes=1)) == "near"
    for _time in range(moving.MOST_MOVES):
        note(session, visit.issue, "visit_moved", by=WORKER, at=at)
    assert moving.fixed(session, visit, at=at) == "often"
    assert booked("可以改期嗎") == ["visit.fixed"]
    assert talk_of(session).owner == "human"


def test_once_the_technician_is_on_his_way_a_person_decides_about_cancelling(
    booked: Say, session: Session, at: datetime
) -> None:
    visit = dispatch.assign(session, session.scalars(select(Visit)).one().id, at=at)
    wei = session.get_one(Person, visit.technician_id).actor()
    dispatch.accept(session, visit, by=wei, at=at)
    dispatch.leave(session, visit, by=wei, at=at)
    booked("取消")
    answers = booked("1")
    assert "visit.cancelled" not in answers
    assert answers, "the customer hears something"
    assert visit.state == "en_route"
    assert talk_of(session).owner == "human"


def test_a_visit_that_is_to_come_is_called_off_at_once(booked: Say, session: Session) -> None:
    booked("取消")
    assert booked("1") == ["visit.cancelled"]
    assert session.scalars(select(Visit)).one().state == "cancelled"


def test_the_words_before_which_matter_is_it_join_the_matter(say: Say, session: Session) -> None:
    say("冰箱不冷，一直滴水")
    first = session.scalars(select(Issue).where(Issue.phone == LIN).order_by(Issue.id.desc())).first()
    assert first is not None
    second = Issue(**{name: getattr(first, name) for name in ("kind", "subject", "channel", "language", "phone")},
                   customer_id=first.customer_id, contact_id=first.contact_id, department="AFS")  # fmt: skip
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
