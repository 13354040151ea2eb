"""The REST API through HTTP: who may, what is found, what is done once, and how refusals look."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from helpdesk.auth.models import ApiToken
from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.channels.rules import Inbound
from helpdesk.demo import people
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import ContactPerson, Customer, Department, Person

LIN, CHEN = "+85261230001", "+85261230002"
PROBLEM = "application/problem+json"
LISTS = (
    "customers", "products", "orders", "design-tasks", "designs", "design-changes", "tickets", "messages", "calls",
    "appointments", "technicians", "parts", "stock-moves", "surveys",
)  # fmt: skip
TICKET = {"subject": "冰箱不冷", "phone": LIN, "language": "zh-Hant", "urgency": "high"}


@dataclass
class Program:
    """A program with a token."""

    client: Any
    token: str

    def get(self, path: str, **query: Any) -> Any:
        with self.client.application.app_context():  # each request has its own, as outside tests
            return self.client.get(f"/api/v1/{path}", query_string=query or None, headers=self._headers())

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        with self.client.application.app_context():
            return self.client.post(f"/api/v1/{path}", json=body, headers=self._headers(key))

    def _headers(self, key: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of a list's first page."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return list(answer.json["items"])

    def numbers(self, path: str, **query: Any) -> list[str]:
        return [row["number"] for row in self.items(path, **query)]


@dataclass
class Staff:
    """People of the company, each with a token of his own."""

    session: Session
    client: Any
    at: datetime

    def hire(self, key: str, *roles: str) -> Program:
        person = Person(name=key, email=f"{key}@demo.test", department_code="AFS", roles=list(roles))
        self.session.add(person)
        self.session.flush()
        token = auth.add_token(self.session, person, key, at=self.at)
        self.session.commit()
        return Program(self.client, token)


@pytest.fixture
def staff(session: Session, client: Any, at: datetime) -> Staff:
    """An empty after-sales department and the demo's customers."""
    session.add(Department(code="AFS", names={"en": "After-sales service"}))
    session.flush()
    people.add_customers(session)
    session.commit()
    return Staff(session, client, at)


@pytest.fixture
def program(staff: Staff) -> Program:
    """A program that may do everything."""
    return staff.hire("admin", "admin")


def ticket(session: Session, at: datetime, subject: str, phone: str = LIN, **more: Any) -> str:
    """A ticket in the database; returns its number."""
    issue = issues.open_ticket(
        session, subject=subject, channel="sms", phone=phone, language="en", by=Actor(kind="customer"), at=at, **more
    )
    session.commit()
    return issue.number


def count(session: Session, cls: Any) -> int:
    session.expire_all()
    return session.scalar(select(func.count(cls.id))) or 0


def refusal(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM), answer.get_data(as_text=True)
    problem = dict(answer.json)
    assert problem["status"] == status
    assert problem["type"].startswith("urn:ordercare:")
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic ZGVtbzpkZW1v"},
        {"Authorization": "demo"},
        {"Authorization": "Bearer " + "x" * 5000},
    ],
)
@pytest.mark.parametrize("path", [*LISTS, "indicators", "tickets/T1", "tickets/T1/messages", "orders/SO1"])
def test_nothing_is_read_without_a_token(client: Any, path: str, headers: dict[str, str]) -> None:
    refusal(client.get(f"/api/v1/{path}", headers=headers), 401)


@pytest.mark.parametrize("path", ["tickets", "tickets/T1/messages"])
def test_nothing_is_written_without_a_token(client: Any, session: Session, path: str) -> None:
    refusal(client.post(f"/api/v1/{path}", json=TICKET), 401)
    refusal(client.post(f"/api/v1/{path}", data="{"), 401)
    assert count(session, Issue) == 0


def test_a_revoked_token_and_one_of_somebody_who_left_are_refused(staff: Staff, session: Session, at: datetime) -> None:
    revoked, left = staff.hire("revoked", "admin"), staff.hire("left", "admin")
    assert [program.get("tickets").status_code for program in (revoked, left)] == [200, 200]
    session.get_one(ApiToken, auth.token_hash(revoked.token)).revoked_at = at
    session.scalars(select(Person).where(Person.name == "left")).one().active = False
    session.commit()
    for program in (revoked, left):
        refusal(program.get("tickets"), 401)


def test_a_token_may_do_what_its_person_may(staff: Staff, session: Session) -> None:
    agent, technician, admin = (staff.hire(role, role) for role in ("agent", "technician", "admin"))
    assert agent.get("tickets").status_code == 200
    refusal(agent.post("tickets", TICKET), 403)
    refusal(technician.get("tickets"), 403)
    refusal(technician.post("tickets", TICKET), 403)
    assert count(session, Issue) == 0
    assert admin.post("tickets", TICKET).status_code == 201


def test_a_token_opens_no_page_of_the_console(program: Program, client: Any) -> None:
    answer = client.get("/tickets", headers={"Authorization": f"Bearer {program.token}"})
    assert answer.status_code == 302
    assert "/login" in answer.location


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list_is_a_list(program: Program, session: Session, path: str) -> None:
    answer = program.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert set(answer.json) == {"items", "next"}
    assert answer.json["next"] is None


def test_every_list_of_the_demo_is_walked_page_by_page_and_has_moments_with_offset(client: Any, company: Any) -> None:
    program = Program(client, "demo-token")
    for path in LISTS:
        whole = program.items(path, limit=200)
        walked: list[dict[str, Any]] = []
        cursor, turns = None, 0
        size = max(1, len(whole) // 3)
        while turns == 0 or cursor:
            page = program.get(path, limit=size, **({"cursor": cursor} if cursor else {})).json
            assert len(page["items"]) <= size
            walked += page["items"]
            cursor, turns = page["next"], turns + 1
            assert turns < 300
        assert walked[: len(whole)] == whole, path
        moments = [value for row in whole for name, value in row.items() if name.endswith("_at") and value]
        assert all(datetime.fromisoformat(moment).utcoffset() is not None for moment in moments), path
    assert program.items("customers")
    assert program.items("parts")
    assert program.items("stock-moves")
    indicators = program.get("indicators").json
    assert datetime.fromisoformat(indicators["at"]).utcoffset() is not None
    assert indicators["items"]


def test_pages_hold_still_while_tickets_come_in(program: Program, session: Session, at: datetime) -> None:
    numbers = [ticket(session, at, f"Nr {n}") for n in range(5)]
    first = program.get("tickets", limit=2).json
    new = ticket(session, at, "meanwhile")
    second = program.get("tickets", limit=2, cursor=first["next"]).json
    third = program.get("tickets", limit=2, cursor=second["next"]).json
    seen = [row["number"] for page in (first, second, third) for row in page["items"]]
    assert seen == numbers[::-1], "the newest first, none twice, none left out"
    assert third["next"] is None
    assert program.numbers("tickets")[0] == new


@pytest.mark.parametrize("limit", ["0", "-1", "201", "ten", "", "1.5", "9" * 30])
def test_a_limit_out_of_bounds_is_refused_by_name(program: Program, limit: str) -> None:
    assert refusal(program.get("tickets", limit=limit), 422)["field"] == "limit"


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    ["x", "%%%", "é", cursor("abc"), cursor("-1"), cursor("²"), cursor("9" * 19), cursor("9" * 5000), cursor("1.0"),
     cursor("\x00"), "gIGC"],
)  # fmt: skip
def test_a_cursor_that_is_none_of_ours_is_refused_by_name(program: Program, bad: str) -> None:
    assert refusal(program.get("tickets", cursor=bad), 400)["field"] == "cursor"


def test_a_cursor_of_codes_is_checked_too(program: Program) -> None:
    assert refusal(program.get("parts", cursor=cursor("\x00")), 400)["field"] == "cursor"
    assert program.items("parts", cursor=cursor("'; --")) == []


def test_tickets_are_found_by_field(program: Program, session: Session, at: datetime) -> None:
    a = ticket(session, at, "Fridge leaks", LIN, urgency="high", appliance="refrigerator", symptom="leak")
    b = ticket(session, at, "Washer is loud", LIN, appliance="washer", symptom="noise")
    c = ticket(session, at, "Fridge is warm", CHEN, appliance="refrigerator", symptom="not_cooling")
    assert program.numbers("tickets") == [c, b, a]
    assert program.numbers("tickets", phone=LIN) == [b, a]
    assert program.numbers("tickets", phone=LIN, appliance="refrigerator") == [a]
    assert program.numbers("tickets", symptom="noise") == [b]
    assert program.numbers("tickets", urgency="high") == [a]
    assert program.numbers("tickets", kind="ticket", state="open") == [c, b, a]
    assert program.numbers("tickets", state="closed") == []
    assert program.numbers("tickets", q="fridge") == [c, a]
    assert program.numbers("tickets", q=b) == [b]
    assert program.numbers("tickets", phone="+85200000000") == []


def test_messages_are_found_by_field(program: Program, session: Session, at: datetime) -> None:
    number = ticket(session, at, "Fridge leaks")
    issue_id = session.scalars(select(Issue.id).where(Issue.number == number)).one()
    sid = "SM" + "a" * 32
    channels.receive(session, "console", Inbound("AC1", sid, LIN, "+85230000000", "冰箱不冷", [], {}), at=at)
    for to, issue in ((LIN, issue_id), (CHEN, None)):
        channels.send_text(session, contact=None, to=to, text=f"to {to}", language="en", at=at, issue_id=issue)
    session.commit()
    assert [row["body"] for row in program.items("messages", sid=sid)] == ["冰箱不冷"]
    assert [row["body"] for row in program.items("messages", phone=LIN)] == [f"to {LIN}", "冰箱不冷"]
    assert [row["direction"] for row in program.items("messages", direction="in")] == ["in"]
    assert [row["to"] for row in program.items("messages", ticket=number)] == [LIN]
    assert [row["to"] for row in program.items(f"tickets/{number}/messages")] == [LIN]
    shown = program.get(f"tickets/{number}").json
    assert (shown["number"], [row["to"] for row in shown["messages"]]) == (number, [LIN])
    assert refusal(program.get("messages", direction="sideways"), 422)["field"] == "direction"


@pytest.mark.parametrize(
    "path",
    ["tickets/T0", "tickets/T0/messages", "orders/SO0", "messages?ticket=T0", "calls?ticket=T0", "surveys?ticket=T0",
     "appointments?ticket=T0", "nothing"],
)  # fmt: skip
def test_what_does_not_exist_is_404(program: Program, path: str) -> None:
    refusal(program.get(path), 404)


def test_a_ticket_is_opened_for_the_contact_whose_number_it_is(program: Program, session: Session) -> None:
    answer = program.post("tickets", {**TICKET, "phone": "00852 6123 0001"})
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    issue = session.scalars(select(Issue).where(Issue.number == answer.json["number"])).one()
    contact = session.scalars(select(ContactPerson).where(ContactPerson.phone == LIN)).one()
    assert (issue.contact_id, issue.customer_id, issue.phone) == (contact.id, contact.customer_id, LIN)
    assert (issue.subject, issue.channel, issue.urgency, issue.state) == ("冰箱不冷", "api", "high", "open")
    assert program.get(f"tickets/{issue.number}").json["subject"] == "冰箱不冷"
    assert program.numbers("tickets", phone=LIN) == [issue.number]


def test_a_number_that_a_family_shares_is_nobodys(program: Program, session: Session) -> None:
    session.add(Customer(name="Lin junior", number="K90001", contacts=[ContactPerson(name="林小弟", phone=LIN)]))
    session.commit()
    opened = program.post("tickets", TICKET).json
    assert (opened["phone"], opened["customer_id"]) == (LIN, None)


def test_the_same_key_opens_one_ticket(program: Program, session: Session) -> None:
    answers = [program.post("tickets", TICKET, key="order-17") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert answers[0].json == answers[1].json == answers[2].json
    assert count(session, Issue) == 1


def test_without_a_key_each_post_is_a_ticket(program: Program, session: Session) -> None:
    assert program.post("tickets", TICKET).json["number"] != program.post("tickets", TICKET).json["number"]
    assert (
        program.post("tickets", TICKET, key="a").json["number"]
        != program.post("tickets", TICKET, key="b").json["number"]
    )
    assert count(session, Issue) == 4


def test_keys_that_begin_alike_are_different_keys(program: Program, session: Session) -> None:
    for end in "ab":
        assert program.post("tickets", TICKET, key="k" * 300 + end).status_code == 201
    assert count(session, Issue) == 2


def test_the_same_key_with_another_body_is_a_conflict(program: Program, session: Session) -> None:
    program.post("tickets", TICKET, key="order-17")
    problem = refusal(program.post("tickets", {**TICKET, "subject": "other"}, key="order-17"), 409)
    assert (problem["field"], problem["type"]) == ("Idempotency-Key", "urn:ordercare:api.key_reused")
    assert count(session, Issue) == 1


def test_the_same_key_at_another_address_is_a_conflict_and_no_wrong_answer(
    program: Program, session: Session, at: datetime
) -> None:
    first, second = ticket(session, at, "first", LIN), ticket(session, at, "second", CHEN)
    words = {"text": "We come tomorrow."}
    assert program.post(f"tickets/{first}/messages", words, key="k").json["to"] == LIN
    refusal(program.post(f"tickets/{second}/messages", words, key="k"), 409)
    assert program.post(f"tickets/{second}/messages", words, key="k2").json["to"] == CHEN


def test_a_key_belongs_to_its_person(staff: Staff, session: Session) -> None:
    one, other = staff.hire("one", "admin"), staff.hire("other", "admin")
    numbers = {program.post("tickets", TICKET, key="1").json["number"] for program in (one, other)}
    assert len(numbers) == 2
    assert count(session, Issue) == 2


def test_a_refused_post_does_not_use_its_key_up(program: Program, session: Session) -> None:
    refusal(program.post("tickets", {**TICKET, "subject": ""}, key="k"), 422)
    refusal(program.post("tickets/T0/messages", {"text": "hi"}, key="k"), 404)
    assert program.post("tickets", TICKET, key="k").status_code == 201
    assert count(session, Issue) == 1


def test_a_reply_is_an_sms_asked_for_once(program: Program, session: Session, at: datetime) -> None:
    number = ticket(session, at, "Fridge leaks")
    answers = [program.post(f"tickets/{number}/messages", {"text": " 明天到 😀 "}, key="r") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    message = session.scalars(select(Message)).one()
    assert (message.body, message.to_number, message.author_kind) == ("明天到 😀", LIN, "agent")
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "sms.send")).all()
    assert [row.payload for row in rows] == [{"message_id": message.id}]


def test_a_reply_to_nobody_is_refused_by_name(program: Program, session: Session) -> None:
    number = program.post("tickets", {"subject": "no number"}).json["number"]
    assert refusal(program.post(f"tickets/{number}/messages", {"text": "hello"}), 400)["field"] == "phone"
    assert count(session, Message) == 0


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("subject", {}),
        ("subject", {"subject": ""}),
        ("subject", {"subject": " \n"}),
        ("subject", {"subject": "x" * 1601}),
        ("subject", {"subject": "a\x00b"}),
        ("subject", {"subject": "\ud800"}),
        ("subject", {"subject": 5}),
        ("subject", {"subject": None}),
        ("phone", {**TICKET, "phone": "not a number"}),
        ("phone", {**TICKET, "phone": "12"}),
        ("phone", {**TICKET, "phone": "1" * 21}),
        ("phone", {**TICKET, "phone": "+8526123\x000001"}),
        ("language", {**TICKET, "language": "fr"}),
        ("urgency", {**TICKET, "urgency": "very"}),
        ("body", []),
        ("body", None),
    ],
)
def test_a_ticket_with_a_wrong_field_is_refused_by_its_name(
    program: Program, session: Session, field: str, body: Any
) -> None:
    problem = refusal(program.post("tickets", body), 422)
    assert problem["field"] == field
    assert field in [error["field"] for error in problem["errors"]]
    assert count(session, Issue) == 0


def test_every_wrong_field_is_named(program: Program) -> None:
    problem = refusal(program.post("tickets", {"subject": "", "phone": "x", "urgency": "very"}), 422)
    assert {error["field"] for error in problem["errors"]} == {"subject", "phone", "urgency"}


@pytest.mark.parametrize("data", ["", "{", "subject=x", "[1,", "\xff"])
def test_a_body_that_is_no_json_is_refused(program: Program, client: Any, data: str) -> None:
    headers = {"Authorization": f"Bearer {program.token}"}
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/tickets", data=data, content_type=content_type, headers=headers)
        assert refusal(answer, 422)["field"] == "body"


@pytest.mark.parametrize("text", ["", "  ", "x" * 1601, "a\x00"])
def test_a_reply_that_cannot_be_sent_is_refused_by_name(
    program: Program, session: Session, at: datetime, text: str
) -> None:
    number = ticket(session, at, "Fridge leaks")
    assert refusal(program.post(f"tickets/{number}/messages", {"text": text}), 422)["field"] == "text"
    assert count(session, Message) == 0


def test_what_may_not_be_done_is_405(program: Program, client: Any) -> None:
    headers = {"Authorization": f"Bearer {program.token}"}
    for method, path in (("DELETE", "tickets"), ("PUT", "tickets/T0"), ("POST", "customers"), ("PATCH", "parts")):
        refusal(client.open(f"/api/v1/{path}", method=method, headers=headers), 405)


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(path="tickets", query={"q": "\x00", "phone": "\x00", "state": "\x00", "sid": "\x00", "ticket": "\x00"})
@example(path="messages", query={"sid": "\x00"})
@example(path="messages", query={"ticket": "\x00"})
@example(path="stock-moves", query={"item": "\x00"})
@example(path="customers", query={"q": "%_\\'\""})
@example(path="parts", query={"cursor": cursor("\x00")})
@given(
    path=st.sampled_from([*LISTS, "indicators"]),
    query=st.dictionaries(
        st.sampled_from(["q", "cursor", "limit", "phone", "state", "sid", "ticket", "item", "location", "direction"]),
        st.one_of(st.text(max_size=20), st.integers().map(str), st.integers().map(lambda n: cursor(str(n)))),
    ),
)
def test_no_query_makes_an_error_of_ours(program: Program, path: str, query: dict[str, str]) -> None:
    answer = program.get(path, **query)
    assert answer.status_code in (200, 400, 404, 422)
    if answer.status_code != 200:
        assert refusal(answer, answer.status_code)["detail"]


@pytest.mark.parametrize("number", ["%00", "%F0%9F%98%80", "T" * 25, "..%2F..", "'%20OR%201=1"])
def test_an_odd_number_in_the_address_is_refused(program: Program, number: str) -> None:
    for path in (f"tickets/{number}", f"orders/{number}", f"tickets/{number}/messages"):
        assert program.get(path).status_code in (400, 404, 422)


def test_the_api_describes_itself_to_everybody(client: Any) -> None:
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    document = answer.json
    assert document["openapi"].startswith("3.")
    described = {path.removeprefix("/api/v1/") for path in document["paths"]}
    assert {*LISTS, "indicators", "tickets/{number}", "tickets/{number}/messages", "orders/{number}"} <= described
    assert {"get", "post"} <= set(document["paths"]["/api/v1/tickets"])
    names = {parameter["name"] for parameter in document["paths"]["/api/v1/tickets"]["get"]["parameters"]}
    assert {"limit", "cursor", "q", "phone", "state"} <= names


def test_the_description_is_a_page_too(client: Any) -> None:
    answer = client.get("/api/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "/api/v1/tickets" in answer.get_data(as_text=True)


def test_what_is_described_is_there(program: Program, client: Any) -> None:
    for path, steps in client.get("/api/openapi.json").json["paths"].items():
        if "get" in steps:
            status = program.get(path.removeprefix("/api/v1/").replace("{number}", "T0")).status_code
            by_number = "{number}" in path
            assert status == (404 if by_number else 422 if "{" in path else 200), path
