"""Orders on their pages and in the API: board, list, work, drafting and issuing, questions, endings, who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from helpdesk.channels.models import Message
from helpdesk.now import wall
from helpdesk.pipeline import board, customers, order_work, search
from helpdesk.pipeline.work import work_list
from order_core.execution import amendment, endings, papers, queries
from order_core.execution import service as orders
from order_core.execution.amendment import ApprovedChange
from order_core.execution.models import Order
from order_core.execution.queries import Wanted
from order_core.kernel.case import history
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import ContactPerson, Customer, Person
from tests.helpdesk.conftest import As

NUMBER = re.compile(r"O\d\d-\d{5}")


@pytest.fixture
def people(company: Any, session: Session) -> dict[str, Person]:
    """The demo's staff by their keys."""
    return {person.email.split("@")[0]: person for person in session.scalars(select(Person))}


def in_state(session: Session, state: str, customer: str = "") -> Order:
    """The demo's order in that state (of a customer's)."""
    found = select(Order).where(Order.state == state).join(Customer, Customer.id == Order.customer_id)
    return session.scalars(found.where(Customer.name.contains(customer)).order_by(Order.id)).first() or pytest.fail(
        state
    )


def shown(page: str) -> list[str]:
    """The order numbers in a page's content, in their order, each once."""
    return list(dict.fromkeys(NUMBER.findall(page.partition("<main")[2] or page)))


@pytest.mark.clause("4.1.1-a")
def test_a_column_is_sorted_by_slack_and_says_how_late_each_is(as_: As, session: Session, app: Any) -> None:
    page = as_("sal").get("/orders").get_data(as_text=True)
    making = page[page.index('aria-label="生產中"') :]
    numbers = shown(making[: making.index("</section>")])
    today = papers.house_day(wall())
    slack = [
        queries.slack_of(order, today)
        for number in numbers
        for order in session.scalars(select(Order).where(Order.number == number))
    ]
    assert len(slack) == 4
    assert slack == sorted(slack, key=lambda days: days if days is not None else 0)
    assert f"逾期 {-(slack[0] or 0)} 天" in making
    session.commit()


def test_a_column_shows_so_many_and_leads_to_all(as_: As, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "CARDS", 2)
    page = as_("sal").get("/orders").get_data(as_text=True)
    assert 'href="/orders?view=list&amp;stage=making"' in page
    assert len(shown(as_("sal").get("/orders?view=list&stage=making").get_data(as_text=True))) == 4


@pytest.fixture
def found(app: Any, company: Any, session: Session) -> Iterator[Any]:
    """(filter, words) → numbers on the list, read page by page."""

    def read(wanted: Wanted = Wanted(), q: str = "", limit: int = 3) -> list[str]:  # noqa: B008 - a value
        numbers: list[str] = []
        after: str | None = ""
        while after is not None:
            page = board.listed(session, wanted, q=q, after=after, at=wall(), limit=limit)
            numbers += [row["number"] for row in page.rows]
            assert len(page.rows) <= limit
            after = page.next
        return numbers

    with app.test_request_context():
        yield read
    session.commit()


def test_the_list_is_read_page_by_page_and_narrowed(found: Any, session: Session) -> None:
    every = list(session.scalars(select(Order.number).order_by(Order.id.desc())))
    assert found() == found(limit=100) == every
    waiting = set(found(Wanted(department="PUR")))
    assert waiting == {
        o.number for o in session.scalars(select(Order)) if "PUR" in o.confirmers and o.state != "confirmed"
    }
    late = found(Wanted(late=True))
    today = papers.house_day(wall())
    assert set(late) == {
        o.number for o in session.scalars(select(Order)) if (queries.slack_of(o, today) or 0) < 0
    }  # fmt: skip
    assert late
    order = in_state(session, "queried")
    day = order.promised_on
    assert found(Wanted(promised_from=day, promised_to=day, model="AC-350", state="queried")) == [order.number]
    assert found(Wanted(customers=[order.customer_id], stage="confirming")) == sorted(
        session.scalars(select(Order.number).where(Order.customer_id == order.customer_id)), reverse=True
    )
    assert found(Wanted(customers=[])) == []


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("廣廈", "customer", "广厦"),
        ("广厦", "customer", "广厦"),
        ("静音型", "model", "AC-350"),
        ("童鎖", "model", "童锁"),
        ("laundry", "customer", "Harbour"),
        ("洗衣机", "model", "WM-900"),
        ("滾筒洗衣機", "model", "WM-900"),
        ("washing MACHINE", "model", "WM-900"),
        ("CT-0203", "customer", "Harbour"),
    ],
)
def test_an_order_is_found_in_any_language_and_script(
    found: Any, session: Session, words: str, field: str, value: str
) -> None:
    numbers = found(q=words)
    assert numbers
    for number in numbers:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        said = [f"{line.model_code} {line.specification}" for line in order.lines] if field == "model" else []
        said += [session.get_one(Customer, order.customer_id).name]
        assert any(value in text for text in said), (number, said)


def test_what_stands_for_anything_in_sql_stands_for_itself_here(found: Any) -> None:
    assert found(q="%") == found(q="_") == []
    assert search.spellings("abc") == ("abc",)


def test_a_wrong_cursor_or_date_is_named(as_: As) -> None:
    assert as_("sal").get("/orders?after=!!!").status_code == 400
    answer = as_("sal").get("/orders?from=tomorrow")
    assert answer.status_code == 400


@pytest.mark.clause("3.1.1-a", "3.1.1-b")
def test_sales_drafts_from_a_contract_completes_explains_and_issues(as_: As, session: Session, app: Any) -> None:
    sal = as_("sal")
    made = sal.post("/orders", {"agreement": "CT-0203"})
    number = made.location.rsplit("/", 1)[1]
    order = session.scalars(select(Order).where(Order.number == number)).one()
    began = wall() - timedelta(minutes=1)
    refused = sal.post(f"/orders/{number}/do/issue", {})
    assert (refused.status_code, order.state) == (400, "draft")
    assert "3.1.1-b" in refused.get_data(as_text=True)
    last = history(session, order)[-1]
    assert (last.step, last.data and last.data["code"], last.clauses) == (
        "note:refused",
        "order.line.quantity",
        ["3.1.1-b"],
    )
    assert queries.refused_incomplete(session, began, wall() + timedelta(minutes=1)).value == 1.0
    place = str(order.lines[0].site_id)
    session.commit()
    line = {
        "model_code": "WM-900", "specification": "WM-900, coin-operated", "quantity": "3", "unit_price": "6500",
        "due_on": (wall() + timedelta(days=40)).date().isoformat(), "site_id": place,
    }  # fmt: skip
    typed = {f"lines-1-{name}": value for name, value in line.items()}
    assert sal.post(f"/orders/{number}/do/edit", typed).status_code == 302
    page = sal.get(f"/orders/{number}").get_data(as_text=True)
    assert "尚未說明" in page
    bare = sal.post(f"/orders/{number}/do/issue", {})
    assert (bare.status_code, "3.1.1-a" in bare.get_data(as_text=True)) == (400, True)
    explained = {"explanations-1-difference": "lines.1.unit_price", "explanations-1-why": "third order this year"}
    assert sal.post(f"/orders/{number}/do/issue", explained).status_code == 302
    session.expire_all()
    assert order.state == "issued"
    assert "third order this year" in sal.get(f"/orders/{number}").get_data(as_text=True)


def test_a_line_that_cannot_be_read_is_named_and_nothing_is_changed(as_: As, session: Session, app: Any) -> None:
    order = in_state(session, "draft")
    before = papers.content(order)
    typed = {"lines-1-model_code": "RF-520", "lines-1-quantity": "3", "lines-2-model_code": "RF-520",
             "lines-2-quantity": "many"}  # fmt: skip
    answer = as_("sal").post(f"/orders/{order.number}/do/edit", typed)
    assert answer.status_code == 400
    assert 'value="many" type="text" inputmode="numeric"' in answer.get_data(as_text=True)
    session.expire_all()
    assert papers.content(order) == before
    session.commit()


@pytest.mark.clause("3.1.2-b")
def test_a_department_asks_on_the_page_and_sales_answers_with_a_change(as_: As, session: Session, app: Any) -> None:
    order = in_state(session, "issued", "海景")
    number = order.number
    assert as_("log").post(f"/orders/{number}/do/query", {"text": "哪一個倉庫？"}).status_code == 302
    page = as_("sal").get(f"/orders/{number}").get_data(as_text=True)
    assert "哪一個倉庫？" in page
    session.expire_all()
    assert order.state == "queried"
    session.commit()
    answer = {"query": f"{number}-Q1", "answer": "尖沙咀店", "service_terms": "零件 60 個月", "why": "客戶要求"}
    assert as_("sal").post(f"/orders/{number}/do/answer", answer).status_code == 302
    session.expire_all()
    assert (order.state, order.revision, order.service_terms) == ("issued", 2, "零件 60 個月")
    page = as_("log").get(f"/orders/{number}").get_data(as_text=True)
    assert "<del>零件 36 個月，4 小時內回覆</del>" in page
    assert "客戶要求" in page


@pytest.mark.clause("6.2.1")
def test_an_order_is_refused_on_its_page_and_the_customer_is_told(
    as_: As, session: Session, app: Any, people: dict[str, Person]
) -> None:
    order = session.scalars(select(Order).where(Order.number == "O26-00013")).first() or in_state(
        session, "issued", "晴天"
    )
    number = order.number
    assert "/do/sign_refuse" in as_("mgt").get(f"/orders/{number}").get_data(as_text=True)
    refused = as_("sal").post(f"/orders/{number}/do/refuse", {})
    assert refused.status_code == 409
    assert as_("dat").post(f"/orders/{number}/do/sign_refuse", {}).status_code == 403
    assert as_("mgt").post(f"/orders/{number}/do/sign_refuse", {}).status_code == 302
    assert as_("sal").post(f"/orders/{number}/do/refuse", {}).status_code == 302
    session.expire_all()
    assert order.state == "cancelled"
    row = session.scalars(
        select(OutboxRow).where(OutboxRow.topic == "customer.tell").order_by(OutboxRow.id.desc())
    ).first()
    assert row is not None
    said = customers.tell(session, row.payload, at=wall())
    assert said is not None
    assert (said.purpose, said.language, number in said.body) == ("order.refused", "zh-Hant", True)
    session.commit()


@pytest.fixture
def confirmed(company: Any, session: Session, people: dict[str, Person]) -> Order:
    """An order of Harbour Laundry's that every department has just signed."""
    at, sales = wall(), people["sal"].actor()
    order = orders.draft_from(session, "CT-0203", by=sales, at=at)
    first = papers.content(order).lines[0]
    wanted = papers.Edit([type(first)(**{**vars(first), "quantity": 2, "due_on": (at + timedelta(days=60)).date()})])
    orders.edit(session, order, wanted, by=sales, at=at)
    orders.issue(session, order, by=sales, at=at)
    for code in order.confirmers:
        orders.confirm(session, order, by=people["hua" if code == "AFS" else code.lower()].actor(), at=at)
    session.commit()
    return order


def asked(session: Session, order: Order, step: str) -> dict[str, Any]:
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "customer.tell").order_by(OutboxRow.id.desc()))
    return next(row.payload for row in rows if row.payload["id"] == order.id and row.payload["step"] == step)


@pytest.mark.clause("1.3-a", "3.1.2-c")
@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_the_customer_reads_the_promised_date_in_his_language(
    confirmed: Order, session: Session, language: str
) -> None:
    session.execute(
        update(ContactPerson).where(ContactPerson.customer_id == confirmed.customer_id).values(language=language)
    )
    message = customers.tell(session, asked(session, confirmed, "confirm"), at=wall())
    assert message is not None
    assert (message.purpose, message.language, message.status) == ("order.confirmed", language, "queued")
    day = confirmed.promised_on
    assert day is not None
    assert str(day.day) in message.body
    assert ("月" in message.body) == (language != "en")


def test_nobody_is_told_what_is_no_news_or_without_a_number(confirmed: Order, session: Session) -> None:
    payload = asked(session, confirmed, "confirm")
    told = select(func.count(Message.id)).where(Message.purpose.like("order.%"))
    before = session.scalar(told)
    assert customers.tell(session, payload, at=wall() + timedelta(days=3)) is None
    assert customers.tell(session, {**payload, "kind": "Quote"}, at=wall()) is None
    session.execute(update(ContactPerson).values(phone=None))
    session.expire_all()
    assert customers.tell(session, payload, at=wall()) is None
    assert session.scalar(told) == before


@pytest.mark.clause("3.2.3-c")
@pytest.mark.parametrize("days", [0, 4])
def test_the_customer_is_told_of_a_change_that_moves_the_date(
    confirmed: Order, session: Session, people: dict[str, Person], days: int
) -> None:
    source = amendment.source(lambda _session, _order: [ApprovedChange("ECR26-00007", days, 0)])
    try:
        orders.amend(session, confirmed, "ECR26-00007", by=people["sal"].actor(), at=wall())
    finally:
        amendment.SOURCES.remove(source)
    message = customers.tell(session, asked(session, confirmed, "amend"), at=wall())
    assert (message is not None) == (days > 0)
    assert message is None or message.purpose == "order.moved"


@pytest.mark.clause("1.3-c")
def test_each_department_reads_its_own_work_the_latest_start_first(
    app: Any, session: Session, people: dict[str, Person]
) -> None:
    at = wall()
    kinds = {
        key: [work.kind for work in work_list(session, people[key].actor(), at=at)]
        for key in ("sal", "pro", "qua", "mgt", "hr", "dat")
    }
    assert set(kinds["sal"]) >= {"answer", "explain"}
    assert set(kinds["pro"]) >= {"sign", "start"}
    assert "sign" in kinds["qua"]
    assert "start" not in kinds["qua"]
    assert "decide" in kinds["mgt"]
    assert "sign" not in kinds["mgt"]
    assert kinds["hr"] == kinds["dat"] == []
    starts = [work.latest_start for work in work_list(session, people["pro"].actor(), at=at)]
    assert starts == sorted(starts, key=lambda moment: moment or at)
    session.commit()


def test_the_work_page_draws_how_much_time_is_left(as_: As, app: Any) -> None:
    page = as_("pro").get("/orders/work").get_data(as_text=True)
    assert page.count('<svg class="span') == page.count('<a class="ticket-row') >= 2
    assert as_("wei").get("/orders/work").status_code == 403


def test_a_signature_takes_an_order_off_the_department_s_list(
    app: Any, session: Session, people: dict[str, Person]
) -> None:
    order, log = in_state(session, "issued", "海景"), people["log"].actor()
    assert order.number in [work.number for work in order_work.to_sign(session, log, wall())]
    orders.confirm(session, order, by=log, at=wall())
    assert order.number not in [work.number for work in order_work.to_sign(session, log, wall())]
    session.commit()


def test_contracts_are_kept_by_sales_on_their_page(as_: As, session: Session, app: Any) -> None:
    typed = {
        "customer": "K00103", "contract_number": "HL-2026", "currency": "usd", "valid_from": "2026-01-01",
        "payment_terms": "60 days", "lines-1-model_code": "DW-600", "lines-1-specification": "DW-600, standard",
        "lines-1-unit_price": "899.50",
    }  # fmt: skip
    assert as_("pro").post("/orders/contracts", typed).status_code == 403
    nameless = {name: value for name, value in typed.items() if name != "payment_terms"}
    answer = as_("sal").post("/orders/contracts", nameless)
    assert (answer.status_code, "HL-2026" in answer.get_data(as_text=True)) == (400, True)
    made = as_("sal").post("/orders/contracts", typed)
    assert made.location == "/orders/contracts#HL-2026"
    page = as_("log").get("/orders/contracts").get_data(as_text=True)
    assert "US$899.50" in page
    drafted = as_("sal").post("/orders", {"agreement": "HL-2026"})
    assert drafted.status_code == 302
    assert as_("sal").post("/orders/contracts", typed).status_code == 409


@pytest.fixture
def program(app: Any, session: Session, people: dict[str, Person], client: Any, at: datetime) -> Any:
    """(person, method, path, body, headers) → the API's answer to his token."""
    tokens = {key: auth.add_token(session, people[key], key, at=at) for key in ("sal", "pro", "mei", "wei")}
    session.commit()

    def call(who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        session.commit()
        sent = {"Authorization": f"Bearer {tokens[who]}", **headers}
        with app.app_context():  # each request is somebody else's
            return getattr(client, method)(f"/api/v1/{path}", json=body, headers=sent)

    return call


def test_the_api_lists_and_shows_what_the_pages_do_under_the_same_guard(program: Any, session: Session) -> None:
    late = program("mei", "get", "orders?late=true").json["items"]
    assert late
    assert all(row["late"] and row["slack_days"] < 0 for row in late)
    of_customer = program("pro", "get", "orders?customer=K00101&stage=confirming").json["items"]
    assert len(of_customer) == 2
    assert program("pro", "get", "orders?q=静音").json["items"]
    order = program("pro", "get", f"orders/{of_customer[1]['number']}").json
    assert order["state"] == "queried"
    assert [q["answer"] for q in order["queries"]] == [None]
    assert {s["party"] for s in order["signatures"]} == {"PRO", "LOG", "QUA"}
    assert order["lines"][0]["unit_price"] == 489_900
    assert order["revisions"][0]["digest"] == order["digest"]
    assert program("wei", "get", "orders").status_code == 403
    contracts = program("pro", "get", "contracts?customer=K00104").json["items"]
    assert [row["number"] for row in contracts] == ["CT-0204"]


def test_an_order_is_drafted_and_issued_by_the_api_once_for_a_key(program: Any, session: Session) -> None:
    assert program("pro", "post", "orders", {"agreement": "CT-0203"}).status_code == 403
    assert program("sal", "post", "orders", {"agreement": "Q-0"}).json["clause"] == "3.1.1-a"
    once = {"Idempotency-Key": "a"}
    made = [program("sal", "post", "orders", {"agreement": "CT-0203"}, **once) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    number = made[0].json["number"]
    assert made[1].json["number"] == number
    refused = program("sal", "post", f"orders/{number}/issue", {})
    assert (refused.status_code, refused.json["clause"], refused.json["field"]) == (400, "3.1.1-b", "lines.1.quantity")
    line = {
        **{name: made[0].json["lines"][0][name] for name in ("model_code", "specification")},
        "quantity": 2, "unit_price": "6999.00", "site_id": str(made[0].json["lines"][0]["site_id"]),
        "due_on": (wall() + timedelta(days=50)).date().isoformat(),
    }  # fmt: skip
    assert program("sal", "post", f"orders/{number}/edit", {"lines": [line]}).status_code == 200
    issued = program("sal", "post", f"orders/{number}/issue", {})
    assert (issued.status_code, issued.json["state"]) == (200, "issued")
    stale = program("pro", "post", f"orders/{number}/sign", {"version": issued.json["version"] - 1})
    assert stale.status_code == 409
    assert program("pro", "post", f"orders/{number}/sign", {"version": issued.json["version"]}).status_code == 200


def test_a_contract_comes_in_by_the_api(program: Any) -> None:
    body = {
        "customer": "K00102", "currency": "HKD", "valid_from": "2026-01-01", "payment_terms": "30 天",
        "lines": [{"model_code": "AC-350", "specification": "AC-350，标准型", "unit_price": "4999.00"}],
    }  # fmt: skip
    made = program("sal", "post", "contracts", body)
    assert (made.status_code, made.json["lines"][0]["unit_price"]) == (201, 499_900)
    body["lines"][0]["unit_price"] = "-1"  # type: ignore[index]
    refused = program("sal", "post", "contracts", body)
    assert (refused.status_code, refused.json["field"]) == (400, "lines.1.unit_price")
    assert program("pro", "post", "contracts", body).status_code == 403


def test_endings_are_offered_once_they_are_asked_for(as_: As, session: Session, people: dict[str, Person]) -> None:
    order = in_state(session, "confirmed")
    before = as_("sal").get(f"/orders/{order.number}").get_data(as_text=True)
    assert ("/do/ask_cancel" in before, "/do/record_cancel" in before) == (True, False)
    endings.propose(session, order, "cancel", "客户改变主意", by=people["sal"].actor(), at=wall())
    contact = session.scalars(select(ContactPerson).where(ContactPerson.customer_id == order.customer_id)).one()
    after = as_("sal").get(f"/orders/{order.number}").get_data(as_text=True)
    assert "/do/record_cancel" in after
    assert "客户改变主意" in after
    assert as_("mgt").post(f"/orders/{order.number}/do/sign_cancel", {}).status_code == 302
    recorded = as_("sal").post(f"/orders/{order.number}/do/record_cancel", {"contact": str(contact.id)})
    assert recorded.status_code == 302
    assert as_("sal").post(f"/orders/{order.number}/do/cancel", {}).status_code == 302
    session.expire_all()
    assert order.state == "cancelled"
    session.commit()
