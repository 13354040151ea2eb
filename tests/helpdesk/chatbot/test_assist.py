"""Other bots: a real server that answers, lies, hangs, drips or breaks, and what of it reaches anybody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import outgoing
from helpdesk.chatbot.assist import queries, rules, service
from helpdesk.chatbot.assist.contract import Asked
from helpdesk.chatbot.assist.openai import AssistantSilent, OpenAiAssistant
from helpdesk.config import Settings, load_settings
from order_core.issues.models import Issue
from order_core.kernel.outbox import OutboxRow
from tests.helpdesk.chatbot.conftest import Phone

NONSENSE = {
    "lies": b"<html>not json",
    "refuses": b'{"error": "no"}',
    "null": b'{"choices": [{"message": {"content": null}}]}',
}
OURS = "您好，案件 T2026-01234，技師 11月24日(二) 13:00-15:00 到府。\n1 對\n2 換時段"


class Endpoint(ThreadingHTTPServer):
    """An endpoint that speaks chat completions, in one of several moods."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.mood, self.answer = "answers", "好的"
        self.heard: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        server = self.server
        server.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        server.keys.append(self.headers["Authorization"])
        if server.mood == "hangs":
            server.over.wait(20)
            return
        status = 500 if server.mood == "breaks" else 200
        said = {"choices": [{"message": {"content": server.answer}}]}
        body = {
            "lies": b"<html>not json",
            "refuses": b'{"error": "no"}',
            "null": b'{"choices": [{"message": {"content": null}}]}',
        }.get(server.mood, json.dumps(said).encode())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if server.mood == "drips":
            for _time in range(200):
                self.wfile.write(b" " * 1024)
                if server.over.wait(0.05):
                    return
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def assisted(endpoint: Endpoint, settings: Settings) -> Settings:
    """The settings with the endpoint in them."""
    return settings.model_copy(update={"assist_url": endpoint.url, "assist_seconds": 0.3, "assist_rephrase": True})


def assistant(endpoint: Endpoint) -> OpenAiAssistant:
    return OpenAiAssistant(endpoint.url, "small", "secret", 0.3)


def test_it_is_asked_as_the_api_wants_it(endpoint: Endpoint) -> None:
    assert assistant(endpoint).advise(Asked("rephrase", "zh-Hant", OURS)) == "好的"
    (heard,) = endpoint.heard
    assert heard["model"] == "small"
    assert [message["role"] for message in heard["messages"]] == ["system", "user"]
    assert heard["messages"][1]["content"] == OURS
    assert endpoint.keys == ["Bearer secret"]


@pytest.mark.parametrize("mood", ["breaks", "hangs", "lies", "refuses", "null", "drips"])
def test_whatever_it_does_nobody_is_harmed(endpoint: Endpoint, mood: str) -> None:
    endpoint.mood = mood
    asked = Asked("suggest", "en")
    with pytest.raises(AssistantSilent):
        assistant(endpoint).advise(asked)
    assert service.perform(service.Question(assistant(endpoint), asked)) is None


def test_nobody_there_is_no_trouble() -> None:
    gone = OpenAiAssistant("http://127.0.0.1:9/v1", "small", None, 0.2)
    assert service.perform(service.Question(gone, Asked("suggest", "en"))) is None


def test_it_is_off_unless_configured(settings: Settings) -> None:
    assert service.assistant_of(settings) is None
    assert not settings.assist_rewords
    with pytest.raises(Exception, match="HELPDESK_ASSIST_URL"):
        load_settings({"HELPDESK_ASSIST_API_KEY": "x", "HELPDESK_DATA_DIR": str(settings.data_dir)})


@pytest.mark.parametrize(
    "theirs",
    [
        "",
        OURS.replace("13:00", "14:00"),
        OURS.replace("T2026-01234", "T2026-01235"),
        OURS.replace("2 換時段", "2 取消"),
        OURS + "\n3 免費換新機",
        "Hello, ticket T2026-01234, 11/24 13:00-15:00.\n1 yes\n2 other",
        OURS + " CANCEL",
        OURS + " https://evil.example",
        OURS * 3,
    ],
)
def test_a_wording_that_changes_anything_is_not_used(theirs: str) -> None:
    assert not rules.faithful(OURS, theirs, "zh-Hant")


def test_a_wording_with_the_same_facts_is_used() -> None:
    assert rules.faithful(OURS, OURS.replace("您好，", "您好！"), "zh-Hant")


@given(st.text(max_size=80))
def test_no_new_number_ever_comes_in(text: str) -> None:
    if rules.faithful("您好，案件 T7。", text, "zh-Hant"):
        assert rules.facts(text) == ["T7"]


@given(st.text(max_size=2000))
def test_a_suggestion_can_be_shown(text: str) -> None:
    usable = rules.usable(text)
    assert usable is None or (0 < len(usable) <= rules.LONGEST and "\x00" not in usable)


@pytest.fixture
def beside(phone: Phone) -> Phone:
    """Lin's telephone, with an assistant beside our bot."""
    phone.assisted = True
    return phone


def asked_of(session: Session, kind: str) -> list[OutboxRow]:
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == service.TOPIC).order_by(OutboxRow.id))
    return [row for row in rows if row.payload["kind"] == kind]


def work_off(session: Session, row: OutboxRow, settings: Settings, at: datetime) -> None:
    question = service.prepare(session, row.payload, at, settings)
    if question is not None:
        service.settle(session, row.payload, service.perform(question), at)


def test_an_agent_is_proposed_an_answer_and_the_customer_hears_nothing(
    beside: Phone, session: Session, endpoint: Endpoint, assisted: Settings, at: datetime
) -> None:
    beside.text("冰箱不冷，我的電話 6123 0001")
    beside.text("人工")
    before = len(beside.answers())
    (row,) = asked_of(session, "suggest")
    endpoint.answer = "您好，我們會盡快與您聯絡。"
    work_off(session, row, assisted, at)
    issue = session.get_one(Issue, beside.talk().issue_id)
    assert [one.text for one in queries.suggestions(session, issue)] == [endpoint.answer]
    assert len(beside.answers()) == before
    sent = json.dumps(endpoint.heard, ensure_ascii=False)
    assert "6123 0001" not in sent
    assert "林太太" not in sent


def test_our_sentence_goes_out_in_time_whatever_the_other_does(
    beside: Phone, session: Session, endpoint: Endpoint, assisted: Settings, at: datetime
) -> None:
    """It waits two seconds at most; a hanging server changes nothing about it."""
    endpoint.mood = "hangs"
    beside.text("你好")
    (greeting,) = beside.answers()[-1:]
    ours = greeting.body
    send = session.scalars(select(OutboxRow).where(OutboxRow.key == f"sms:{greeting.id}")).one()
    session.refresh(send)
    assert send.due_at == at + service.REPHRASE_WITHIN
    (row,) = asked_of(session, "rephrase")
    work_off(session, row, assisted, at)
    session.refresh(send)
    assert (greeting.body, send.due_at) == (ours, at), "given up: it goes out at once, as it was"


def test_another_wording_is_taken_when_it_says_the_same(
    beside: Phone, session: Session, endpoint: Endpoint, assisted: Settings, at: datetime
) -> None:
    beside.text("你好")
    (greeting,) = beside.answers()[-1:]
    endpoint.answer = greeting.body.replace("您好！", "您好呀！")
    (row,) = asked_of(session, "rephrase")
    work_off(session, row, assisted, at)
    assert greeting.body == endpoint.answer
    endpoint.answer = "全部免費，訂單 SO1 已取消"
    service.settle(session, row.payload, ("x", endpoint.answer), at)
    assert greeting.body != endpoint.answer


def test_too_late_is_not_asked(
    beside: Phone, session: Session, endpoint: Endpoint, assisted: Settings, at: datetime
) -> None:
    beside.text("你好")
    (row,) = asked_of(session, "rephrase")
    assert service.prepare(session, row.payload, at + timedelta(seconds=5), assisted) is None
    assert service.prepare(session, row.payload, at, assisted.model_copy(update={"assist_url": None})) is None
    assert endpoint.heard == []


def test_without_an_assistant_nothing_waits(phone: Phone, session: Session, at: datetime) -> None:
    phone.text("你好")
    (greeting,) = phone.answers()[-1:]
    send = session.scalars(select(OutboxRow).where(OutboxRow.key == f"sms:{greeting.id}")).one()
    assert send.due_at == at
    assert asked_of(session, "rephrase") == asked_of(session, "suggest") == []
    assert outgoing.prepare(session, {"message_id": greeting.id}, at, False) is not None
