"""Search: what is asked for is found, in either script and any part of a word, and odd questions hurt nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.search import index, queries, rules, watch
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER

HAN = "冰箱不冷漏水洗衣機脱水聲音壞了没有保固"


@pytest.mark.once
@examples(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(HAN + "abc 1，。 "), max_size=30), st.data())
def test_any_part_of_a_text_asks_for_tokens_that_the_text_has(said: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(said)))
    part = said[start : data.draw(st.integers(start, len(said)))]
    asked = rules.question(part)
    has = rules.tokens(said)
    chinese = [(token, beginning) for token, beginning in asked.wanted if not token.isascii()]
    assert all(any(t.startswith(w) if b else t == w for t in has) for w, b in chinese)
    assert rules.holds(asked, said)


@pytest.mark.once
@given(st.text(max_size=40))
def test_no_question_breaks_a_query(text: str) -> None:
    """Tokens are letters and digits, whatever is typed."""
    for token, _ in rules.question(text).wanted:
        assert not set(token) & set("'\"\\ ()&|!:*~_")


def test_both_scripts_fold_to_one() -> None:
    assert rules.fold("冰箱漏水，洗衣機壞了 ＡＢＣ") == rules.fold("冰箱漏水，洗衣机坏了 abc")


@pytest.fixture
def noticing(session: Session) -> Session:
    """A session whose writes are noticed, as the product's are."""
    watch.start(session)
    return session


def ticket(session: Session, subject: str, at: datetime) -> Issue:
    made = issues.open_ticket(session, subject=subject, channel="sms", phone="+85261230001", language="zh-Hant",
                              by=WORKER, at=at)  # fmt: skip
    session.commit()
    return made


def found(session: Session, text: str) -> dict[str, list[int]]:
    hits = queries.ranked(session, rules.question(text))
    return {kind: [one.ref_id for one in rows] for kind, rows in hits.items()}


def test_a_ticket_is_found_by_any_part_of_its_words(noticing: Session, house: Any, at: datetime) -> None:
    fridge = ticket(noticing, "冰箱下層不冷，底部積水", at)
    other = ticket(noticing, "不好意思，冷氣不會轉", at)
    for asked in ("不冷", "下层", "積水", "积水", "下層不冷", fridge.number, "61230001", fridge.number.lower()[:4]):
        assert fridge.id in found(noticing, asked)["ticket"], asked
    assert found(noticing, "冷不") == {}
    assert found(noticing, "冷") == {"ticket": [other.id, fridge.id]}
    assert found(noticing, "冰箱 冷氣") == {}


def test_the_index_follows_in_the_same_transaction(noticing: Session, house: Any, at: datetime) -> None:
    fridge = ticket(noticing, "冰箱不冷", at)
    fridge.subject = "烤箱不熱"
    noticing.commit()
    assert (found(noticing, "冰箱"), found(noticing, "烤箱")) == ({}, {"ticket": [fridge.id]})
    house.customer.name = "歐陽修"
    noticing.rollback()
    assert "customer" not in found(noticing, "欧阳")
    assert found(noticing, "Lin") == {"customer": [house.customer.id]} or found(noticing, "Lin") == {}


def said(session: Session, issue: Issue, body: str, at: datetime, direction: str = "in") -> Message:
    message = Message(direction=direction, provider="", account="", from_number="", to_number="", body=body,
                      created_at=at, author_kind="customer", status="received", issue_id=issue.id)  # fmt: skip
    session.add(message)
    session.commit()
    return message


def test_a_message_is_found_and_moves_its_ticket_up(noticing: Session, house: Any, at: datetime) -> None:
    issue = ticket(noticing, "hello", at)
    message = said(noticing, issue, "The dishwasher is leaking", at + timedelta(minutes=9))
    assert found(noticing, "leak dishwasher") == {"message": [message.id]}
    noticing.expire_all()
    assert issue.touched_at == at + timedelta(minutes=9)


def test_the_customer_s_word_ends_the_pause_whoever_stores_it(noticing: Session, house: Any, at: datetime) -> None:
    """B8: nobody changes the status; the message alone does it."""
    from order_core.issues.level import service as level

    issue = ticket(noticing, "hello", at)
    level.pause(noticing, issue, "customer", by=WORKER, at=at)
    said(noticing, issue, "my address is …", at + timedelta(minutes=9))
    assert level.held(noticing, issue, at=at + timedelta(minutes=10)) is None


@pytest.mark.parametrize(
    "text", ["", "   ", "'", '"', "***", "a' & 'b", "冰' | '油", "NEAR(", "~ticket", "\\", "😀", "x" * 500]
)
def test_odd_questions_are_answered(noticing: Session, house: Any, at: datetime, text: str) -> None:
    ticket(noticing, "冰箱不冷", at)
    assert found(noticing, text) == {}


def test_old_tickets_are_found_behind_many_new_ones(noticing: Session, house: Any, at: datetime) -> None:
    old = ticket(noticing, "抽油煙機異音", at - timedelta(days=700))
    for day in range(70):
        ticket(noticing, "冰箱不冷", at - timedelta(days=day))
    assert found(noticing, "油烟机") == {"ticket": [old.id]}
    newest = noticing.scalars(select(Issue).where(Issue.opened_at == at)).one()
    assert found(noticing, "冰箱")["ticket"][0] == newest.id


def test_made_anew_it_finds_the_same(noticing: Session, house: Any, at: datetime) -> None:
    issue = ticket(noticing, "冰箱不冷", at)
    assert index.rebuild(noticing) >= 2
    assert found(noticing, "冰箱") == {"ticket": [issue.id]}
