"""What several rooms of the helpdesk are tested with: Lin's ticket and her visit, made by the services themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.models import Visit
from helpdesk.now import wall
from order_core.aftersales.models import InstalledProduct
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER
from order_core.parties.models import ContactPerson

LIN = "+85261230001"

As = Callable[[str], "Browser"]
"""Who → a browser in which he has signed in."""


@dataclass
class Browser:
    """A browser; before it asks, the test's own reading is over (both share one connection)."""

    client: Any
    session: Session

    def get(self, path: str) -> Any:
        self._begin()
        return self.client.get(path)

    def post(self, path: str, data: Mapping[str, Any]) -> Any:
        self._begin()
        return self.client.post(path, data=dict(data))

    def _begin(self) -> None:
        """The test's context outlives its requests: who asked last, and in which language, is forgotten."""
        self.session.commit()
        for remembered in ("_login_user", "actor", "_flask_babel"):
            g.pop(remembered, None)


@pytest.fixture
def as_(app: Any, company: Any, session: Session) -> As:
    """A browser in which somebody has signed in."""

    def sign_in(name: str) -> Browser:
        browser = Browser(app.test_client(), session)
        assert browser.post("/login", {"email": f"{name}@demo.test", "password": "demo"}).status_code == 302
        return browser

    return sign_in


@pytest.fixture
def ticket(company: Any, session: Session, app: Any) -> Issue:
    """Lin's refrigerator does not cool; nobody has looked at it yet."""
    lin = session.scalars(select(ContactPerson).where(ContactPerson.phone == LIN)).one()
    unit = session.scalars(select(InstalledProduct).where(InstalledProduct.customer_id == lin.customer_id)).one()
    issue = issues.open_ticket(
        session,
        subject="冰箱不冷",
        channel="sms",
        phone=LIN,
        language="zh-Hant",
        contact=lin,
        site_id=unit.site_id,
        product_id=unit.id,
        appliance="refrigerator",
        symptom="not_cooling",
        category="fault",
        by=WORKER,
        at=wall(),
    )
    session.commit()
    return issue


@pytest.fixture
def visit(ticket: Issue, session: Session) -> Visit:
    """Lin's visit, assigned to the technician whom the plan chose."""
    at = wall()
    slots.offer(session, ticket, at=at)
    booked = dispatch.take(session, ticket, 1, by=WORKER, at=at)
    assigned = dispatch.assign(session, booked.id, at=at)
    session.commit()
    return assigned
