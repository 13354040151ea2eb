"""``/reports/triage``: what is shown, and who may put right and go back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.triage.models import TriageCorrection, TriageModel
from order_core.issues.models import Issue
from tests.helpdesk.conftest import As
from tests.helpdesk.triage.test_judging import SCORES


@pytest.fixture
def models(session: Session, ticket: Issue, at: Any) -> list[TriageModel]:
    rows = [
        TriageModel(
            built_at=at,
            file=file,
            fingerprint="f",
            verdict=verdict,
            reasons=reasons,
            scores=SCORES.to_json(),
            in_use_since=since,
        )
        for file, verdict, reasons, since in (
            (None, "shipped", [], None),
            ("a.npz", "promoted", [], at),
            ("b.npz", "refused", ["danger"], None),
        )
    ]
    session.add_all(rows)
    session.commit()
    return rows


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_the_page_in_three_languages(as_: As, models: list[TriageModel], language: str) -> None:
    mei = as_("mei")
    mei.post("/language", {"language": language})
    page = mei.get("/reports/triage?text=I+smell+gas")
    assert page.status_code == 200
    words = {"en": "Danger: gas", "zh-Hant": "危險：瓦斯", "zh-Hans": "危险：燃气"}
    assert words[language] in page.text


@pytest.mark.parametrize(("who", "page"), [("mei", "/tickets"), ("hua", "/performance")])
def test_it_is_found_from_the_inbox_and_from_the_indicators(as_: As, ticket: Issue, who: str, page: str) -> None:
    assert 'href="/reports/triage"' in as_(who).get(page).text


def test_an_agent_puts_a_ticket_right(as_: As, ticket: Issue, session: Session) -> None:
    client = as_("mei")
    form = {"value": "intent:complaint", "reason": "she was angry"}
    answer = client.post(f"/reports/triage/corrections/{ticket.number}", data=form)
    assert answer.status_code == 302
    made = session.scalars(select(TriageCorrection)).one()
    assert (made.became, made.reason) == ("complaint", "she was angry")
    assert "she was angry" in client.get("/reports/triage").text


def test_only_an_administrator_goes_back(as_: As, models: list[TriageModel], session: Session) -> None:
    shipped, used, refused = models
    assert as_("mei").post(f"/reports/triage/models/{shipped.id}/use", {}).status_code == 403
    admin = as_("admin")
    assert admin.post(f"/reports/triage/models/{refused.id}/use", {}).status_code == 409
    assert admin.post(f"/reports/triage/models/{shipped.id}/use", {}).status_code == 302
    session.expire_all()
    assert (used.in_use_since, shipped.in_use_since is not None) == (None, True)


def test_a_technician_has_no_business_here(as_: As, ticket: Issue) -> None:
    assert as_("wei").get("/reports/triage").status_code == 403
