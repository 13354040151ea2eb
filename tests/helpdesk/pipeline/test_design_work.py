"""Each department finds what of design and change waits for it, and nobody what waits for others."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.now import wall
from helpdesk.pipeline import design_work
from order_core.kernel.actor import Actor
from order_core.parties.models import Person


def who(session: Session, key: str) -> Actor:
    return session.scalars(select(Person).where(Person.email == f"{key}@demo.test")).one().actor()


def waiting(session: Session, key: str) -> list[str]:
    by, at = who(session, key), wall()
    found = [*design_work.designs(session, by, at), *design_work.changes(session, by, at)]
    return sorted(work.kind for work in [*found, *design_work.points(session, by, at)])


WAITING = {
    "pro": ["design_opinion"],
    "mgt": ["change_sign"],
    "log": ["change_acknowledge"],
    "hua": ["change_acknowledge", "design_opinion"],
    "sal": ["change_acknowledge"],
    "hr": [],
    "rnd": ["change_implement", "change_sign", "design_assign", "design_do", "design_do", "design_do",
            "design_opinion"],
    "yan": ["change_implement", "design_assign", "design_do", "design_do", "design_do", "design_point",
            "design_release"],
}  # fmt: skip


@pytest.mark.clause("3.2.1-a", "3.2.2-b", "3.2.3-b", "3.2.3-c")
def test_what_waits_for_whom(company: Any, session: Session) -> None:
    """Yan has submitted both review and change: he signs neither."""
    assert {key: waiting(session, key) for key in WAITING} == WAITING
    found = design_work.designs(session, who(session, "rnd"), wall())
    assert all(work.href.startswith("/orders/design/D") for work in found)
    assert all(work.latest_start is not None for work in found)
