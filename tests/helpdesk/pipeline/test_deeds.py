"""What people do to an order, through its page and through the API: the same rules, the same words, one journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from helpdesk.demo.people import TOKEN
from helpdesk.now import wall
from helpdesk.pipeline import deeds, desk_views
from helpdesk.pipeline.deeds import Field, Opening
from helpdesk.pipeline.desk_views import Refused, raw_of
from helpdesk.pipeline.orders import DESK
from order_core.errors import Invalid
from order_core.execution import service as orders
from order_core.execution.models import Order, OrderLine
from order_core.kernel import sign
from order_core.kernel.case import history
from order_core.parties.models import Customer, Person
from tests.helpdesk.conftest import As


@pytest.fixture
def order(company: Any, session: Session, app: Any) -> Order:
    """An order of Smith's that waits for signatures."""
    at = wall()
    smith = session.scalars(select(Customer).where(Customer.name.contains("Smith"))).one()
    sales = session.scalars(select(Person).where(Person.email == "sal@demo.test")).one().actor()
    line = OrderLine(
        model_code="WM-900",
        specification="WM-900, standard",
        quantity=1,
        due_on=(at + timedelta(days=30)).date(),
        site_id=smith.sites[0].id,
    )
    order = orders.draft(session, customer_id=smith.id, agreement="CT-0100", lines=[line], by=sales, at=at)
    orders.issue(session, order, by=sales, at=at)
    session.commit()
    return order


def signed(session: Session, order: Order) -> list[str]:
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    assert sign_off is not None
    parties = sorted(sign.standing(sign_off))
    session.commit()  # the reading is over before the app's own session ends
    return parties


@pytest.mark.clause("3.1.2-c")
def test_a_department_signs_on_the_page_and_the_page_says_who_is_missing(
    order: Order, session: Session, as_: As
) -> None:
    pro = as_("pro")
    assert pro.post(f"/orders/{order.number}/do/sign", {"opinion": "fine"}).status_code == 302
    page = pro.get(f"/orders/{order.number}").get_data(as_text=True)
    assert signed(session, order) == ["PRO"]
    assert "fine" in page


def test_who_is_not_asked_is_refused_with_the_clause_and_the_journal_shows_the_attempt(
    order: Order, session: Session, as_: As
) -> None:
    answer = as_("rnd").post(f"/orders/{order.number}/do/sign", {"opinion": "me too"})
    text = answer.get_data(as_text=True)
    assert (answer.status_code, signed(session, order)) == (403, [])
    assert "3.1.2-c" in text
    assert "me too" in text, "what was typed is lost"
    last = history(session, order)[-1]
    assert (last.step, last.data and last.data["code"], last.department) == ("note:refused", "sign.not_required", "RND")


def test_a_stale_page_is_told_so_and_nothing_is_done(order: Order, session: Session, as_: As) -> None:
    answer = as_("pro").post(f"/orders/{order.number}/do/sign", {"version": str(order.version + 1)})
    assert (answer.status_code, signed(session, order)) == (409, [])


@pytest.mark.parametrize(("typed", "status"), [("", 400), ("tomorrow", 400), ("2031-02-30", 400)])
def test_a_field_that_is_missing_or_no_date_is_named(
    order: Order, session: Session, as_: As, typed: str, status: int
) -> None:
    answer = as_("pro").post(f"/orders/{order.number}/do/start", {"projected_on": typed})
    assert answer.status_code in (status, 409)
    assert order.state == "issued"


def test_the_api_does_the_same_under_the_same_guard(
    order: Order, session: Session, app: Any, client: Any, at: datetime
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    session.commit()
    with app.app_context():
        answer = client.post(f"/api/v1/orders/{order.number}/sign", json={}, headers=headers)
    assert answer.status_code == 403, "the administrator's department is required: management is not asked here"
    assert answer.json["clause"] == "3.1.2-c"
    with app.app_context():
        described = client.get("/api/openapi.json").json
    assert "/api/v1/orders/{number}/sign" in described["paths"]


def test_outsiders_do_nothing(order: Order, session: Session, as_: As) -> None:
    assert as_("wei").post(f"/orders/{order.number}/do/sign", {}).status_code == 403
    assert signed(session, order) == []


SEVERAL = Field("colours", "many", options=("red", "blue"), labels="colour", clause="2.1.1-b")


@pytest.mark.parametrize(("raw", "value"), [("red", ["red"]), (["blue", "red", "blue"], ["blue", "red"])])
def test_several_are_chosen_once_each(session: Session, raw: Any, value: list[str]) -> None:
    assert deeds.read(session, None, (SEVERAL,), {"colours": raw}) == {"colours": value}


@pytest.mark.parametrize(("raw", "code"), [(None, "form.required"), ([""], "form.required"), ("green", "form.choice")])
def test_a_refused_field_names_the_clause_that_asks_for_it(session: Session, raw: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        deeds.read(session, None, (SEVERAL,), {"colours": raw})
    assert (refused.value.code, refused.value.field, refused.value.clause) == (code, "colours", "2.1.1-b")


def test_a_form_brings_several_values_and_rows() -> None:
    form = MultiDict(
        [("colours", "red"), ("colours", "blue"), ("note", "x"), ("items-2-goal", "b"), ("items-1-goal", "a")]
    )
    assert raw_of(form) == {"colours": ["red", "blue"], "note": "x", "items": [{"goal": "a"}, {"goal": "b"}]}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [([], 0), ([{"goal": ""}, {"goal": ""}], 0), ([{"goal": ""}, {"goal": "b"}, {"goal": ""}], 2)],
)
def test_a_form_that_comes_back_does_not_grow(app: Any, typed: list[dict[str, str]], shown: int) -> None:
    items = Field("items", "rows", columns=(Field("goal"),))
    refused = Refused("x", Invalid("form.required", field="items"), {"items": typed})
    with app.test_request_context():
        form = desk_views.form(None, "x", (items,), label="", href="", refused=refused)
    assert form["fields"][0]["rows"] == [*typed[:shown], *[{}] * desk_views.SPARE_ROWS], "places stay what they were"


def test_a_case_that_is_refused_at_its_beginning_leaves_nothing(order: Order, session: Session, at: datetime) -> None:
    def half(session: Session, values: Any, by: Any, at: datetime) -> Order:
        orders.draft(session, customer_id=order.customer_id, agreement=values["agreement"], lines=[], by=by, at=at)
        raise Invalid("order.lines", field="lines")

    opening = Opening(half, (Field("agreement"),), "order.act")
    by = session.scalars(select(Person).where(Person.email == "sal@demo.test")).one().actor()
    with pytest.raises(Invalid, match=r"form\.required"):
        deeds.begin(session, opening, {}, by=by, at=at)
    with pytest.raises(Invalid, match=r"order\.lines"):
        deeds.begin(session, opening, {"agreement": "CT-7"}, by=by, at=at)
    assert session.scalars(select(Order).where(Order.agreement == "CT-7")).all() == []


def test_a_form_about_one_part_shows_its_own_values_and_its_own_refusal(order: Order, app: Any) -> None:
    row = {"name": "sign", "href": "/orders/x/do/sign", "label": "", "version": 1}
    typed = Refused("sign", Invalid("form.required", field="opinion"), {"opinion": "mine", "line": "2"})
    with app.test_request_context():
        first = desk_views.part(DESK, order, row, {"line": "1"}, {"opinion": "as it was"}, typed)
        second = desk_views.part(DESK, order, row, {"line": "2"}, {"opinion": "as it was"}, typed)
    assert [form["fields"][0]["value"] for form in (first, second)] == ["as it was", "mine"]
    assert [(form["open"], form["error_field"]) for form in (first, second)] == [(False, None), (True, "opinion")]
    assert first["key"] != second["key"]


def test_an_amount_is_shown_as_it_is_typed() -> None:
    assert [deeds.decimal(cents) for cents in (None, 5, 123456, -50)] == ["", "0.05", "1234.56", "-0.50"]


@pytest.mark.parametrize(("typed", "value"), [("0.5", 0.5), ("-18", -18.0), ("1,250.75", 1250.75), (4, 4.0)])
def test_a_measured_figure_is_read_as_it_is_written(session: Session, typed: Any, value: float) -> None:
    assert deeds.read(session, None, [Field("result", "decimal")], {"result": typed}) == {"result": value}


@pytest.mark.parametrize("typed", ["warm", "NaN", "inf", "1e12", "4 °C"])
def test_what_is_no_figure_is_refused(session: Session, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        deeds.read(session, None, [Field("result", "decimal")], {"result": typed})
    assert (refused.value.code, refused.value.field) == ("form.decimal", "result")
