"""The hotline, played through its own TwiML: each call leads to one ticket, or to a reason why to none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call, InboundEvent
from helpdesk.hotline import calls
from order_core.aftersales.models import InstalledProduct
from order_core.execution.models import Order
from order_core.parties.models import ContactPerson, Customer
from tests.conftest import NOON
from tests.helpdesk.channels.conftest import CHEN, LIN, SMITH, WANG, Outside, new_sid
from tests.helpdesk.hotline.conftest import Books, Caller

UNKNOWN, WITHHELD = "+85269990009", "anonymous"
ENOUGH, TOO_SHORT = "8", "7"
"""Seconds from which hanging up counts as abandoned, and one less."""


@pytest.mark.parametrize(
    ("number", "greeting", "says", "hears"),
    [
        (LIN, "林太太，您好", "yue-HK", "yue-Hant-HK"),
        (CHEN, "陈先生，您好", "cmn-CN", "cmn-Hans-CN"),
        (SMITH, "Hello Mr Smith", "en-US", "en-US"),
        (WANG, "王小姐，您好", "cmn-TW", "cmn-Hant-TW"),
        (UNKNOWN, "您好，歡迎", "yue-HK", "yue-Hant-HK"),
        ("+85366660000", "您好，歡迎", "yue-HK", "yue-Hant-HK"),
        ("+8613800138000", "您好，欢迎", "cmn-CN", "cmn-Hans-CN"),
        ("+442071838750", "Hello, welcome", "en-US", "en-US"),
        (WITHHELD, "您好，歡迎", "cmn-TW", "cmn-Hant-TW"),
        ("", "您好，歡迎", "cmn-TW", "cmn-Hant-TW"),
    ],
)
def test_a_caller_is_greeted_in_his_language(
    outside: Outside, books: Books, number: str, greeting: str, says: str, hears: str
) -> None:
    caller = Caller(outside, number).dial()
    assert caller.said.startswith(greeting)
    hint = "cmn-TW" if says == "en-US" else "en-US"
    assert caller.tongues == [says, hint, says], "and another language is offered in that language"
    assert caller.attribute("Gather", "language") == hears
    assert [key in caller.said for key in "12340"] == [True] * 5, "the menu follows"
    assert caller.attribute("Gather", "input") == "dtmf speech"
    assert books.call(caller).state == "menu"


def test_a_number_that_a_family_shares_is_greeted_without_a_name(
    outside: Outside, books: Books, session: Session
) -> None:
    session.add(Customer(name="Lin junior", number="K90001", contacts=[ContactPerson(name="林小弟", phone=LIN)]))
    session.commit()
    caller = Caller(outside).dial()
    assert "林" not in caller.said
    caller.press("1")
    assert (caller.asked, "林太太請按 1" in caller.said, "林小弟請按 2" in caller.said) == ("who", True, True)
    caller.press("2")
    assert caller.asked == "code", "who has no unit to name is sent a code"
    assert books.call(caller).contact_id is None
    caller.press(books.last_sms(LIN).split("是 ")[1][:6])
    assert caller.asked == "menu"
    assert books.contact(caller).contact_id == books.call(caller).contact_id is not None


@pytest.mark.clause("1.3-a")
def test_key_1_says_how_the_order_is_to_whom_it_is_shown_to_be(
    outside: Outside, session: Session, company: Any, working_hours: datetime
) -> None:
    books = Books(session)
    before = books.issues()
    smith = session.scalars(select(ContactPerson).where(ContactPerson.phone == SMITH)).one()
    serials = select(InstalledProduct.serial).where(InstalledProduct.customer_id == smith.customer_id)
    serial = session.scalars(serials).all()[0]
    numbers = session.scalars(select(Order.number).where(Order.customer_id == smith.customer_id)).all()
    spoken = {" ".join(char for char in number if char.isalnum()) for number in numbers}
    session.commit()
    caller = Caller(outside, SMITH).dial().press("1")
    assert any(number in caller.said for number in spoken), "the number is his alone"
    assert caller.press("3").asked == "postcode", "who comes to his house is told after a check"
    caller.prove("94102", serial)
    assert caller.asked == "menu"
    assert caller.press("4").asked == "menu", "once in a call is enough"
    caller.hang_up()
    known = books.contact(caller)
    assert (known.issue_id, known.no_issue_reason, known.contact_id) == (None, "answered_by_menu", smith.id)
    assert books.issues() == before


@pytest.mark.clause("1.3-a")
def test_key_1_tells_a_stranger_nothing(outside: Outside, books: Books) -> None:
    caller = Caller(outside, UNKNOWN).dial().press("1")
    assert "沒有進行中的訂單" in caller.said
    caller.hang_up()
    assert (books.contact(caller).issue_id, books.contact(caller).no_issue_reason) == (None, "answered_by_menu")


@pytest.mark.parametrize("number", [LIN, UNKNOWN, WITHHELD])
def test_key_2_takes_the_fault_down_and_says_the_tickets_number(outside: Outside, books: Books, number: str) -> None:
    before = books.issues()
    caller = Caller(outside, number).dial().press("2")
    assert caller.asked == "report"
    assert caller.attribute("Gather", "actionOnEmptyResult") == "true"
    caller.press("", SpeechResult="冰箱\x00不冷，一直滴水")
    issue = books.ticket(caller)
    assert (issue.subject, issue.channel, issue.kind) == ("冰箱不冷，一直滴水", "phone", "ticket")
    assert issue.phone == (None if number == WITHHELD else number)
    assert " ".join(char for char in issue.number if char.isalnum()) in caller.said.replace(" - ", " ")
    assert caller.has("Hangup") == (number != WITHHELD), "who cannot be rung is asked for a number"
    caller.hang_up()
    assert books.issues() == before + 1
    assert books.callbacks(caller) == []


def test_a_caller_who_says_nothing_is_asked_twice_more_and_then_helped_by_a_person(
    outside: Outside, books: Books
) -> None:
    caller = Caller(outside).dial().press("2")
    for _ in range(2):
        caller.press("")
        assert (caller.asked, "沒有聽清楚" in caller.said) == ("report", True)
    caller.press("")
    assert caller.has("Enqueue")
    caller.hang_up()
    assert books.ticket(caller).subject


def test_a_person_is_reached_by_0_while_a_fault_is_asked_for(outside: Outside, books: Books) -> None:
    caller = Caller(outside, SMITH).dial().press("2")
    assert "press 0" in caller.said
    caller.press("0")
    assert caller.has("Enqueue")
    assert not caller.has("Hangup")
    assert books.call(caller).state == "queued"


def test_a_second_call_joins_the_open_ticket(outside: Outside, books: Books) -> None:
    first = Caller(outside).dial().press("2").press("", SpeechResult="冰箱不冷")
    first.hang_up()
    before = books.issues()
    second = Caller(outside).dial().press("2").press("", SpeechResult="還是不冷")
    second.hang_up()
    assert books.ticket(second).id == books.ticket(first).id
    assert "補充到您的案件" in second.said
    assert (books.words(first), books.words(second)) == (["冰箱不冷"], ["還是不冷"]), "no word is lost"
    assert books.issues() == before


def test_key_0_queues_the_caller_and_tells_the_position(outside: Outside, books: Books) -> None:
    first = Caller(outside, SMITH).dial().press("0")
    assert (first.attribute("Enqueue", "waitUrl"), first.attribute("Enqueue", "action")) == (
        "/twilio/voice/wait", "/twilio/voice/queued",
    )  # fmt: skip
    assert "You are next" in first.said
    second = Caller(outside, "+442071838750").dial().press("0")
    assert "number 2 in line" in second.said
    assert "number 2 in line" in second.wait().said
    assert "press 1" in second.said
    assert second.attribute("Redirect", "method") == "POST"
    first.leave("bridged")
    assert "You are next" in second.wait().said, "one has been served"
    assert books.ticket(first).id != books.ticket(second).id


@pytest.mark.parametrize("key", ["5", "9", "#", "", "12", "²", "x" * 60])
def test_any_other_key_hears_the_menu_again(outside: Outside, books: Books, key: str) -> None:
    before = books.issues()
    caller = Caller(outside).dial().press(key)
    assert caller.asked == "menu"
    caller.hang_up()
    assert books.contact(caller).no_issue_reason == "hung_up"
    assert books.issues() == before


def test_key_1_while_waiting_keeps_the_place_for_a_call_back(outside: Outside, books: Books) -> None:
    caller = Caller(outside, SMITH).dial().press("0").wait("1")
    assert "Your place is kept" in caller.said
    assert caller.has("Leave")
    caller.leave("leave")
    assert caller.has("Hangup")
    caller.hang_up("40")
    (task,) = books.callbacks(caller)
    assert (task.phone, task.language, task.state) == (SMITH, "en", "assigned")
    assert task.assignee_id is not None
    assert books.call(caller).state == "callback"


def test_asking_twice_for_a_call_back_is_one_call_back(outside: Outside, books: Books) -> None:
    caller = Caller(outside).dial().press("0").wait("1")
    caller.post("/twilio/voice/wait", Digits="1").post("/twilio/voice/wait", Digits="1").hang_up("60")
    assert len(books.callbacks(caller)) == 1


@pytest.mark.parametrize(("seconds", "tasks"), [(TOO_SHORT, 0), (ENOUGH, 1), ("600", 1)])
def test_hanging_up_in_the_queue_after_8_seconds_is_called_back(
    outside: Outside, books: Books, seconds: str, tasks: int
) -> None:
    caller = Caller(outside).dial().press("0").wait()
    caller.leave("hangup").hang_up(seconds)
    assert len(books.callbacks(caller)) == tasks
    assert books.ticket(caller).kind == "ticket", "the ticket is there either way"
    call = books.call(caller)
    assert (call.state, call.seconds) == ("callback" if tasks else "ended", int(seconds))


def test_a_caller_who_talked_to_an_agent_is_not_called_back(outside: Outside, books: Books) -> None:
    caller = Caller(outside).dial().press("0").wait().leave("bridged")
    caller.hang_up("300")
    assert books.callbacks(caller) == []
    assert (books.call(caller).state, books.call(caller).seconds) == ("ended", 300)
    assert books.ticket(caller).kind == "ticket"


@pytest.mark.parametrize("result", ["error", "queue-full", "system-error"])
def test_a_caller_whom_the_queue_lost_is_called_back(outside: Outside, books: Books, result: str) -> None:
    caller = Caller(outside).dial().press("0").leave(result)
    caller.hang_up("20")
    assert len(books.callbacks(caller)) == 1


def test_a_withheld_number_is_not_promised_a_call_back(outside: Outside, books: Books) -> None:
    caller = Caller(outside, WITHHELD).dial().press("0").wait()
    assert "回電" not in caller.said
    caller.post("/twilio/voice/wait", Digits="1")
    assert "回電" not in caller.said
    assert not caller.has("Leave")
    caller.leave("hangup").hang_up("90")
    assert books.callbacks(caller) == [], "nobody could ring it"
    assert books.ticket(caller).phone is None
    assert books.call(caller).state == "ended"


@pytest.mark.parametrize(("seconds", "reason"), [(TOO_SHORT, "under_8_seconds"), (ENOUGH, "hung_up"), ("", None)])
def test_hanging_up_in_the_menu_is_noted_with_its_reason(
    outside: Outside, books: Books, seconds: str, reason: str | None
) -> None:
    before = books.issues()
    caller = Caller(outside).dial()
    caller.hang_up(seconds)
    known = books.contact(caller)
    assert known.issue_id is None
    assert known.no_issue_reason == (reason or "under_8_seconds")
    assert books.issues() == before


def test_a_call_that_never_reached_us_is_noted_when_its_end_is_reported(outside: Outside, books: Books) -> None:
    caller = Caller(outside, UNKNOWN)
    caller.hang_up("0", status="no-answer")
    assert books.contact(caller).no_issue_reason == "under_8_seconds"


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered", "something new"])
def test_a_report_while_the_call_goes_on_does_not_end_it(outside: Outside, books: Books, status: str) -> None:
    caller = Caller(outside).dial().press("0")
    caller.hang_up("60", status=status)
    call = books.call(caller)
    assert (call.state, call.ended_at, books.callbacks(caller)) == ("queued", None, [])
    caller.hang_up("90")
    assert len(books.callbacks(caller)) == 1


def test_the_end_reported_twice_ends_once(outside: Outside, books: Books) -> None:
    caller = Caller(outside).dial().press("0")
    caller.hang_up("60")
    ended = books.call(caller).ended_at
    caller.hang_up("60")
    caller.hang_up("99", status="failed")
    assert (books.call(caller).ended_at, books.call(caller).seconds) == (ended, 60)
    assert len(books.callbacks(caller)) == 1


@pytest.mark.parametrize("field_name", ["CallSid", "CallStatus"])
def test_a_missing_field_is_named(outside: Outside, session: Session, field_name: str) -> None:
    form = outside.form(CallSid=new_sid("CA"), CallStatus="completed")
    del form[field_name]
    answer = outside.post("/twilio/voice/status", form)
    assert answer.status_code == 400
    assert field_name in answer.get_data(as_text=True)
    assert session.scalars(select(InboundEvent)).all() == []


@pytest.mark.parametrize("path", ["", "/menu", "/report", "/wait", "/queued", "/callback"])
@pytest.mark.parametrize("sid", ["", "CA1", "SM" + "0" * 32, "CA" + "0" * 32 + "\n"])
def test_a_call_sid_of_the_wrong_form_is_refused(outside: Outside, session: Session, path: str, sid: str) -> None:
    answer = outside.post(f"/twilio/voice{path}", outside.form(CallSid=sid, CallStatus="ringing"))
    assert answer.status_code == 400
    assert "CallSid" in answer.get_data(as_text=True)
    assert session.scalars(select(Call)).all() == []


def test_a_call_that_we_placed_says_who_calls(outside: Outside, books: Books) -> None:
    placed = calls.ask(books.session, number=SMITH, language="en", contact_id=None, issue_id=None, at=NOON)
    books.session.commit()
    before = books.issues()
    caller = Caller(outside, "+85230000000").post(f"/twilio/voice/callback?call={placed.id}")
    assert "this is customer service" in caller.said
    books.session.expire_all()
    assert books.session.get_one(Call, placed.id).state == "answered"
    assert books.issues() == before
    for unknown in ("999999", "", "x", "9" * 30):
        assert Caller(outside).post(f"/twilio/voice/callback?call={unknown}").said == ""


STEPS: st.SearchStrategy[tuple[str, dict[str, str]]] = st.one_of(
    st.tuples(st.just(""), st.just({})),
    st.tuples(st.just("/menu"), st.sampled_from([{"Digits": key} for key in ("1", "2", "0", "7", "")])),
    st.tuples(st.just("/report"), st.sampled_from([{"SpeechResult": "不冷"}, {"Digits": "0"}, {}])),
    st.tuples(st.just("/wait"), st.sampled_from([{}, {"Digits": "1"}])),
    st.tuples(st.just("/queued"), st.sampled_from([{"QueueResult": r} for r in ("bridged", "leave", "hangup")])),
)


@pytest.mark.clause("5.1.1-d")
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(number=LIN, steps=[("/menu", {"Digits": "0"}), ("/wait", {"Digits": "1"})], seconds="30", repeat=2)
@example(
    number=WITHHELD,
    steps=[("/menu", {"Digits": "1"}), ("/menu", {"Digits": "2"}), ("/report", {})],
    seconds="9",
    repeat=2,
)
@given(
    number=st.sampled_from([LIN, SMITH, UNKNOWN, WITHHELD, "", "10690", "ACME"]),
    steps=st.lists(STEPS, max_size=6),
    seconds=st.sampled_from(["0", TOO_SHORT, ENOUGH, "", "x", "1000000000"]),
    repeat=st.integers(1, 2),
)
def test_every_call_leads_to_one_ticket_or_one_reason(
    outside: Outside, books: Books, number: str, steps: list[tuple[str, dict[str, str]]], seconds: str, repeat: int
) -> None:
    tickets, tasks = books.issues(), books.issues("callback")
    caller = Caller(outside, number)
    for path, fields in [("", {}), *steps]:
        for _ in range(repeat):
            caller.post(f"/twilio/voice{path}", **fields)
    for _ in range(repeat):
        caller.hang_up(seconds)
    known = books.contact(caller)
    assert (known.issue_id is None) != (known.no_issue_reason is None)
    assert books.call(caller).issue_id == known.issue_id
    assert books.issues() - tickets in ((0, 1) if known.issue_id else (0,)), "the open ticket or a new one"
    assert books.issues("callback") - tasks in ((0, 1) if known.issue_id else (0,))
    assert books.call(caller).ended_at is not None
