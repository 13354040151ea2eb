"""Whole calls through the signed webhooks: in each language, in danger, after hours, by our own people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call, InboundEvent
from helpdesk.dispatch.models import Visit
from helpdesk.dispatch.service import PROCEDURE
from helpdesk.hotline import saying
from helpdesk.hotline.facts import told
from helpdesk.hotline.models import Recording
from helpdesk.hotline.rules import keypad
from helpdesk.hotline.talk import Talk
from order_core.aftersales.models import InstalledProduct
from order_core.issues.models import Issue
from order_core.kernel.notice import Notice
from order_core.parties.models import ContactPerson, Person
from tests.helpdesk.channels.conftest import CHEN, LIN, SMITH, WANG, Outside
from tests.helpdesk.hotline.conftest import Books, Caller

WEI = "+85291110001"
UNKNOWN, WITHHELD = "+85269990009", "anonymous"

SCRIPTS = [
    (LIN, "yue-HK", "KLN-MK", "我部雪櫃唔凍，一路滴水", "案件號碼是", "目前沒有為您預約到府時間", "專人"),
    (WANG, "cmn-TW", "106", "洗衣機不會脫水", "案件號碼是", "目前沒有為您預約到府時間", "專人"),
    (CHEN, "cmn-CN", "NT-ST", "空调不制冷，外机不转", "工单号码是", "目前没有为您预约上门时间", "人工"),
    (SMITH, "en-US", "94102", "The dryer makes a loud noise", "ticket number is", "No visit is booked", "person"),
]  # fmt: skip


@pytest.fixture
def at_work(company: Any, session: Session, working_hours: datetime) -> Books:
    """The demo company in opening hours."""
    return Books(session)


def serial_of(session: Session, number: str) -> str:
    contact = session.scalars(select(ContactPerson).where(ContactPerson.phone == number)).one()
    wanted = select(InstalledProduct.serial).where(InstalledProduct.customer_id == contact.customer_id)
    serial = session.scalars(wanted.order_by(InstalledProduct.id)).first()
    session.commit()
    assert serial is not None
    return serial


@pytest.mark.clause("5.1.1-a", "5.1.1-d")
def test_a_call_in_each_language(outside: Outside, at_work: Books, session: Session) -> None:
    """Order, technician, ticket after one check; a fault in one's own words; and a person."""
    for number, tongue, postcode, fault, ticketed, no_visit, human in SCRIPTS:
        serial = serial_of(session, number)
        caller = Caller(outside, number).dial()
        assert caller.tongues[0] == tongue
        assert human in caller.said
        caller.press("3")
        assert (caller.asked, caller.attribute("Gather", "bargeIn")) == ("postcode", "true")
        caller.prove(keypad(postcode), str(keypad(serial[-4:])))
        assert (caller.asked, no_visit in caller.said) == ("menu", True)
        assert caller.press("1").asked == caller.press("4").asked == "menu"
        caller.press("2").speak(fault)
        assert ticketed in caller.said
        assert set(caller.tongues) == {tongue}
        issue = at_work.ticket(caller)
        assert (issue.subject, issue.channel, issue.symptom is not None) == (fault, "phone", True)
        assert at_work.words(caller) == [fault]
        caller.hang_up("95")
        again = Caller(outside, number).dial().speak({"en-US": "agent please"}.get(tongue, "我要找真人"))
        assert again.has("Enqueue")
        assert at_work.ticket(again).id == issue.id, "the open ticket, and no second one"
        again.leave("hangup").hang_up("4")


def test_words_do_what_keys_do(outside: Outside, books: Books) -> None:
    caller = Caller(outside, SMITH).dial().speak("where is my order")
    assert (caller.asked, "order" in caller.said) == ("menu", True)
    caller.speak("when does the technician come")
    assert caller.asked == "code", "the customer has no unit on record here"
    caller.speak("I want to talk to a human")
    assert caller.has("Enqueue")
    told = Caller(outside, UNKNOWN).dial().speak("冰箱不冷，水一直滴下來")
    assert "案件號碼" in told.said
    assert books.ticket(told).appliance == "refrigerator"
    mixed = Caller(outside, UNKNOWN).dial().speak("English please")
    assert set(mixed.tongues) == {"en-US"}
    assert mixed.attribute("Gather", "language") == "en-US"


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("廚房有很重的瓦斯味", "關閉瓦斯總閥"),
        ("there is smoke and fire from the oven", "關閉機器"),
        ("觸電了手麻", "總電源"),
    ],
)
def test_danger_is_said_what_to_do_and_pages_a_person(outside: Outside, books: Books, words: str, advice: str) -> None:
    """In any step, at any hour; those in danger are first in the line."""
    waiting = Caller(outside, SMITH).dial().press("0")
    caller = Caller(outside, WANG).dial().press("2").speak(words)
    assert "離開現場" in caller.said or advice in caller.said
    assert caller.answer.findtext("Enqueue") == "safety"
    issue = books.ticket(caller)
    assert (issue.safety, issue.urgency, issue.subject) == (True, "emergency", words)
    paged = select(Notice).where(Notice.key == "ticket.safety", Notice.about_id == issue.id)
    assert len(books.session.scalars(paged).all()) == 1
    books.session.commit()
    assert "下一位就是您" in caller.wait().said
    assert "number 2 in line" in waiting.wait().said


def test_an_open_ticket_becomes_urgent_when_its_caller_is_in_danger(outside: Outside, books: Books) -> None:
    first = Caller(outside, WANG).dial().press("2").speak("烤箱門關不緊")
    assert not books.ticket(first).safety
    second = Caller(outside, WANG).dial().speak("烤箱冒煙起火了")
    assert books.ticket(second).id == books.ticket(first).id
    assert books.ticket(second).safety


@pytest.mark.clause("5.1.1-a")
def test_after_hours_a_message_opens_a_ticket(
    outside: Outside, books: Books, session: Session, closed: datetime
) -> None:
    caller = Caller(outside, WANG).dial().press("0")
    assert (caller.has("Record"), "不是服務時間" in caller.said) == (True, True)
    issue = books.ticket(caller)
    assert caller.attribute("Record", "action") == "/twilio/voice/recorded"
    sid = "RE" + "a" * 32
    for _ in range(2):
        done = caller.post("/twilio/voice/recorded", RecordingSid=sid, RecordingDuration="17", Digits="#")
        assert "案件號碼" in done.said
    report = outside.form(CallSid=caller.sid, RecordingSid=sid, RecordingStatus="completed", RecordingDuration="17")
    for _ in range(2):
        assert outside.post("/twilio/voice/recording?kind=voicemail", report).status_code == 204
    caller.hang_up("40")
    session.expire_all()
    kept = session.scalars(select(Recording)).one()
    assert (kept.kind, kept.state, kept.seconds, kept.sid) == ("voicemail", "kept", 17, sid)
    assert (kept.delete_after - kept.started_at).days == 180
    assert books.ticket(caller).id == issue.id
    assert books.issues() == 1


def test_danger_after_hours_is_not_sent_to_the_machine(outside: Outside, books: Books, closed: datetime) -> None:
    assert Caller(outside, WANG).dial().speak("家裡瓦斯漏氣").has("Enqueue")


def test_a_withheld_number_gets_a_ticket_and_is_asked_for_one_to_ring(outside: Outside, books: Books) -> None:
    caller = Caller(outside, WITHHELD).dial().press("2").speak("洗衣機漏水")
    assert (caller.asked, "案件號碼" in caller.said) == ("number", True)
    caller.press("0912000777")
    issue = books.ticket(caller)
    assert (issue.phone, issue.subject, issue.contact_id) == ("+886912000777", "洗衣機漏水", None)
    asked = Caller(outside, WITHHELD).dial().press("0")
    assert asked.asked == "number"
    asked.press(WANG.replace("+886", "0"))
    assert asked.has("Enqueue")
    asked.wait("1").leave("leave").hang_up("30")
    assert [task.phone for task in books.callbacks(asked)] == [WANG]
    assert books.call(asked).contact_id is None, "a number that was only keyed in identifies nobody"


def test_a_technician_is_known_and_opens_no_ticket(outside: Outside, at_work: Books) -> None:
    before = at_work.issues()
    caller = Caller(outside, WEI).dial()
    assert (caller.has("Enqueue"), "同仁" in caller.said) == (True, True)
    caller.wait().leave("hangup").hang_up("60")
    known = at_work.contact(caller)
    assert (known.issue_id, known.no_issue_reason) == (None, "technicians_number")
    assert at_work.issues() == before


@pytest.mark.clause("1.3-a")
def test_whoever_guesses_is_stopped(outside: Outside, books: Books) -> None:
    """Three failures are a person; six from a number in a day, and the machine tells it nothing."""
    from tests.helpdesk.hotline.test_dialogue import CODE

    for _ in range(2):
        caller = Caller(outside, WANG).dial().press("3")
        for _ in range(3):
            assert caller.asked == "code"
            caller.press(CODE[::-1])
        assert "無法確認您的身分" in caller.said
        assert caller.has("Enqueue")
    barred = Caller(outside, WANG).dial().press("3")
    assert (barred.has("Enqueue"), "今天不再" in barred.said) == (True, True)


def test_a_step_that_comes_again_or_late_is_harmless(outside: Outside, books: Books) -> None:
    """Twilio asks again after a lost answer, and reports overtake each other."""
    caller = Caller(outside, SMITH).dial().press("2")
    action = caller.attribute("Gather", "action")
    fields = {"SpeechResult": "The dishwasher leaks", "Confidence": "0.9", "Language": "en-US", "Unheard": "of"}
    first = caller.post(action, **fields).said
    for _ in range(3):
        assert caller.post(action, **fields).said == first
    late = caller.post("/twilio/voice/menu?n=0", Digits="0")
    assert late.said == first, "an answer to an earlier question changes nothing"
    assert (books.issues(), books.words(caller)) == (1, ["The dishwasher leaks"])
    caller.hang_up("50")
    caller.hang_up("50", status="in-progress")
    assert books.call(caller).state == "ended"
    events = books.session.scalars(select(InboundEvent).where(InboundEvent.sid == caller.sid)).all()
    assert "Unheard" in next(e.raw for e in events if e.kind == "voice:report:")


def test_reports_that_come_before_their_call_make_no_harm(outside: Outside, books: Books, session: Session) -> None:
    sid = "CA" + "f" * 32
    early = [
        ("/twilio/voice/recording", {"RecordingSid": "RE" + "1" * 32, "RecordingStatus": "completed"}),
        ("/twilio/voice/dialled?call=77", {"DialCallStatus": "no-answer"}),
        ("/twilio/voice/agent/done", {"DialCallStatus": "completed"}),
        ("/twilio/voice/join?agent=x", {"QueueTime": "3"}),
        ("/twilio/voice/status?call=77", {"CallStatus": "completed"}),
        ("/twilio/voice/status", {"CallStatus": "completed", "Direction": "outbound-api"}),
        ("/twilio/voice/agent", {"From": "client:agent-99999"}),
        ("/twilio/voice/hold?call=9", {}), ("/twilio/voice/resume?call=9", {}), ("/twilio/voice/music", {}),
        ("/twilio/voice/transfer?call=9&agent=1", {}), ("/twilio/voice/probe?probe=9", {}),
    ]  # fmt: skip
    for path, fields in early * 2:
        assert outside.post(path, outside.form(CallSid=sid, **fields)).status_code in (200, 204), path
    session.expire_all()
    assert session.scalars(select(Call)).all() == []
    assert session.scalars(select(Issue)).all() == []


@pytest.mark.clause("1.3-a")
def test_where_is_my_technician_is_told_from_the_visit(
    outside: Outside, visit: Visit, session: Session, working_hours: datetime
) -> None:
    """The window, then that he is on the way, then that he is there; and the ticket's state."""
    when = saying.window(visit.starts_at, visit.ends_at, visit.site.zone, "zh-Hant")
    number, contact = visit.issue.number, visit.issue.contact_id
    serial = serial_of(session, LIN)
    caller = Caller(outside, LIN).dial().press("3")
    assert when not in caller.said
    assert when in caller.prove("55665", keypad(serial[-4:])).said
    assert " ".join(c for c in number if c.isalnum()) in caller.press("4").said
    known = Talk(checked=contact)
    assert told(session, known, "visit", "en").purpose == "visit_status"
    assert told(session, Talk(), "visit", "en").purpose == "no_visit", "to nobody else"
    technician = session.get_one(Person, visit.technician_id).actor()
    for step, purpose in (("leave", "visit_on_the_way"), ("arrive", "visit_here")):
        PROCEDURE.advance(session, visit, step, by=technician, at=working_hours)
        assert told(session, known, "visit", "en").purpose == purpose
