"""``/admin/rulebook``: each clause with what enforces it, and revisions proposed, signed, sent back and in force."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.admin import values
from helpdesk.admin.desk import DESK
from helpdesk.auth import service as auth
from helpdesk.demo.people import TOKEN
from helpdesk.now import wall
from order_core.kernel.actor import Actor
from order_core.kernel.case import history
from order_core.parties.models import Person
from order_core.rulebook import inforce
from order_core.rulebook.clauses import clauses
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.models import CompanyDay, RulebookChange
from order_core.rulebook.roles import GRANTS
from order_core.rulebook.settings import settings
from tests.helpdesk.conftest import As

CHANGES = "/admin/rulebook/changes"


def start(days: int = 30) -> str:
    return (wall() + timedelta(days=days)).date().isoformat()


def form(*changes: tuple[str, str], **more: str) -> dict[str, str]:
    typed = {"reason": "too slow", "starts_on": start()}
    for n, (setting, value) in enumerate(changes, 1):
        typed |= {f"changes-{n}-setting": setting, f"changes-{n}-new_value": value}
    return typed | more


def proposed(as_: As, session: Session) -> RulebookChange:
    assert as_("hr").post(CHANGES, form(("clocks.T-03.budget", "480"))).status_code == 302
    return session.scalars(select(RulebookChange).order_by(RulebookChange.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.clause("9.1")
def test_every_department_reads_the_rulebook(company: Any, as_: As) -> None:
    page = as_("mei").get("/admin/rulebook").get_data(as_text=True)
    assert [clause for clause in clauses() if f"/admin/rulebook/{clause}" not in page] == []
    reading = {code for code in DEPARTMENTS if GRANTS.may(Actor(kind="person", id=1, department=code), "rulebook.read")}
    assert reading == set(DEPARTMENTS)
    acting = {code for code in DEPARTMENTS if GRANTS.may(Actor(kind="person", id=1, department=code), "rulebook.act")}
    assert acting == {"HR"}


def test_outsiders_read_nothing(company: Any, client: Any) -> None:
    for path in ("/admin/rulebook", "/admin/rulebook/9.1", CHANGES, "/admin/rulebook/days"):
        assert client.get(path).status_code == 302


def test_the_readers_own_language_comes_first(company: Any, as_: As) -> None:
    reader = as_("mei")
    for language, first, second in (
        ("en", "Departments confirm promptly", "訂單確認流程"),
        ("zh-Hans", "订单确认流程", "Departments confirm promptly"),
    ):
        reader.post("/language", {"language": language})
        page = reader.get("/admin/rulebook?q=3.1.2-a").get_data(as_text=True)
        assert 0 < page.index(first) < page.index(second)


def test_the_list_is_narrowed(company: Any, as_: As) -> None:
    reader = as_("mei")
    for query, expected in (
        ("chapter=2", {key for key in clauses() if key.startswith("2.")}),
        ("q=HOTLINE", {"5.1.1-a"}),
        ("q=簽署確認意見", {"3.1.2-c"}),
        ("chapter=9&state=enforced", {"9.1"}),
        ("state=absent&chapter=9", set()),
        ("chapter=42", set()),
    ):
        page = reader.get(f"/admin/rulebook?{query}").get_data(as_text=True)
        assert set(re.findall(r'href="/admin/rulebook/([1-9][^"#]*)"', page)) == expected, query
    assert reader.get("/admin/rulebook?q=%00").status_code == 400


@pytest.mark.clause("1.3-b")
def test_each_clause_has_its_page(company: Any, as_: As) -> None:
    reader = as_("hr")
    for clause in list(clauses())[::9]:
        page = reader.get(f"/admin/rulebook/{clause}").get_data(as_text=True)
        assert all(title in page for title in clauses()[clause].titles.values()), clause
    assert reader.get("/admin/rulebook/9.9").status_code == 404


def test_a_deadline_past_due_is_shown_with_its_case(company: Any, as_: As, ticket: Any, session: Session) -> None:
    from order_core.kernel.clock import Clock

    for clock in session.scalars(select(Clock).where(Clock.case_number == ticket.number)):
        clock.due_at = wall() - timedelta(hours=3)
    session.commit()
    reader = as_("mei")
    page = reader.get("/admin/rulebook/5.1.2-c").get_data(as_text=True)
    assert f"/tickets/{ticket.number}" in page
    assert "/admin/rulebook/5.1.2-c#late" in reader.get("/admin/rulebook?chapter=5").get_data(as_text=True)


def test_every_setting_can_be_named_read_and_written(company: Any, app: Any) -> None:
    """In the reader's language, and typed back it is the same value."""
    with app.test_request_context("/"):
        for path, setting in settings().items():
            value = inforce.SHIPPED.value(path)
            told = f"{values.name(setting)} {values.shown(setting, value)}"
            assert not re.search(r"\b(rulebook|deadline|department)\.", told), told
            assert values.read(setting, values.written(setting, value)) == value, path


# revisions


@pytest.mark.clause("9.1")
def test_a_revision_is_proposed_signed_by_another_and_then_waits_for_its_day(
    company: Any, as_: As, session: Session
) -> None:
    change = proposed(as_, session)
    path = f"{CHANGES}/{change.number}"
    page = as_("hr").get(path).get_data(as_text=True)
    assert "16" in page
    assert "8" in page
    assert as_("hr").post(f"{path}/do/submit", {}).status_code == 302
    own = as_("hr").post(f"{path}/do/approve", {})
    assert own.status_code == 403
    session.refresh(change)
    assert change.state == "in_review"
    assert [entry.data and entry.data.get("code") for entry in history(session, change)][-1] == "sign.own_submission"
    assert as_("hrm").post(f"{path}/do/approve", {"opinion": "fine"}).status_code == 302
    session.refresh(change)
    assert (change.state, change.edition) == ("released", 1)
    now = inforce.book(session, wall()).policy("T-03").budget
    then = inforce.book(session, wall() + timedelta(days=31)).policy("T-03").budget
    assert (now, then) == (timedelta(hours=16), timedelta(hours=8))


def test_it_is_sent_back_with_a_reason_amended_and_withdrawn(company: Any, as_: As, session: Session) -> None:
    change = proposed(as_, session)
    path = f"{CHANGES}/{change.number}/do"
    as_("hr").post(f"{path}/submit", {})
    assert as_("hrm").post(f"{path}/send_back", {"reason": " "}).status_code == 400
    assert as_("hrm").post(f"{path}/send_back", {"reason": "too short"}).status_code == 302
    amended = as_("hr").post(f"{path}/amend", form(("clocks.T-03.budget", "720"), reason="a day and a half"))
    assert amended.status_code == 302
    session.refresh(change)
    assert (change.state, change.changes) == ("draft", {"clocks.T-03.budget": 720})
    assert as_("hr").post(f"{path}/withdraw", {"reason": "not needed"}).status_code == 302
    session.refresh(change)
    assert change.state == "withdrawn"


def test_other_departments_neither_propose_nor_sign(company: Any, as_: As, session: Session) -> None:
    change = proposed(as_, session)
    for who in ("mgt", "admin"):
        other = as_(who)
        assert other.post(CHANGES, form(("clocks.T-03.budget", "60"))).status_code == 403
        assert other.post(f"{CHANGES}/{change.number}/do/approve", {}).status_code == 403
        assert other.post("/admin/rulebook/days", {"day": start(), "reason": "x"}).status_code == 403
        assert 'id="open"' not in other.get(CHANGES).get_data(as_text=True)


IMPOSSIBLE: tuple[tuple[list[tuple[str, str]], dict[str, str], str], ...] = (
    ([("clocks.T-03.budget", "-5")], {}, "9.1"),
    ([("clocks.T-03.budget", "two days")], {}, "two days"),
    ([("clocks.T-99.budget", "5")], {}, "changes-1-setting"),
    ([("weights.SAL.K-01", "50")], {}, "115"),
    ([("clocks.T-03.budget", "60"), ("clocks.T-03.budget", "90")], {}, "9.1"),
    ([("clocks.T-03.budget", "60")], {"starts_on": "2020-01-01"}, "9.1"),
    ([("clocks.T-03.budget", "60")], {"starts_on": "soon"}, "soon"),
    ([("clocks.T-03.budget", "60")], {"reason": ""}, 'role="alert"'),
    ([("signoffs.rulebook_change.always", "MGT")], {}, "9.1"),
    ([], {}, 'role="alert"'),
)


def test_what_cannot_be_is_refused_and_what_was_typed_stays(company: Any, as_: As, session: Session) -> None:
    hr = as_("hr")
    for changes, more, told in IMPOSSIBLE:
        answer = hr.post(CHANGES, form(*changes, **more))
        text = answer.get_data(as_text=True)
        assert answer.status_code == 400, changes
        assert told in text, changes
        assert "too slow" in text or "reason" in more
    assert session.scalars(select(RulebookChange)).all() == []


def test_the_refusal_stands_beside_the_value_that_it_is_about(company: Any, as_: As) -> None:
    typed = form(("clocks.T-03.budget", "60"), ("thresholds.margin_floor", "400"))
    text = as_("hr").post(CHANGES, typed).get_data(as_text=True)
    wrong = re.findall(r'name="([\w-]+)"[^>]*aria-invalid', text)
    assert wrong == ["changes-2-new_value"]


def test_the_chooser_begins_with_the_value_that_one_came_from(company: Any, as_: As) -> None:
    text = as_("hr").get(f"{CHANGES}?setting=thresholds.margin_floor").get_data(as_text=True)
    assert re.search(r'value="thresholds.margin_floor" selected', text)
    assert as_("hr").get(f"{CHANGES}?setting=no.such").status_code == 200


@pytest.mark.clause("9.1")
def test_the_api_does_the_same_under_the_same_guard(
    company: Any, session: Session, app: Any, client: Any, as_: As
) -> None:
    hr = session.scalars(select(Person).where(Person.email == "hr@demo.test")).one()
    token = auth.add_token(session, hr, "rulebook", at=wall())
    hr.roles = ["admin"]
    session.commit()
    body = {
        "changes": [{"setting": "thresholds.margin_floor", "new_value": "12.5"}],
        "reason": "a fair",
        "starts_on": start(),
    }
    with app.app_context():
        made = client.post("/api/v1/rulebook-changes", json=body, headers={"Authorization": f"Bearer {token}"})
    with app.app_context():
        refused = client.post("/api/v1/rulebook-changes", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (made.status_code, refused.status_code) == (201, 403)
    assert made.json["state"] == "draft"
    change = DESK.find(session, made.json["number"])
    assert change.changes == {"thresholds.margin_floor": 12.5}
    session.commit()


# days of the company's own


def test_human_resources_declare_a_day(company: Any, as_: As, session: Session) -> None:
    hr, day = as_("hr"), start(10)
    for hours in ("9-12", "12:00", "13:00-09:00", "09:00-12:00, 11:00-15:00"):
        answer = hr.post("/admin/rulebook/days", {"day": day, "intervals": hours, "reason": "颱風"})
        assert answer.status_code == 400, hours
        assert "颱風" in answer.get_data(as_text=True), "what was typed is lost"
    for wrong in ("", "2020-01-01", "tomorrow"):
        assert hr.post("/admin/rulebook/days", {"day": wrong, "reason": "x"}).status_code == 400
    for hours in ("", "09:00-12:00, 13:00-15:00"):
        assert hr.post("/admin/rulebook/days", {"day": day, "intervals": hours, "reason": "颱風"}).status_code == 302
    found = session.scalars(select(CompanyDay).order_by(CompanyDay.id)).all()
    kept: list[list[list[str]]] = [[], [["09:00", "12:00"], ["13:00", "15:00"]]]
    assert [(row.day, row.intervals) for row in found] == [(date.fromisoformat(day), hours) for hours in kept]
