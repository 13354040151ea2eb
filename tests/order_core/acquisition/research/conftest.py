"""A market-research team of one, and a round that is collecting."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from order_core.acquisition.research import publishing, reports, service
from order_core.acquisition.research.models import Finding, ResearchReport
from order_core.acquisition.research.rules import KINDS, FindingFacts
from order_core.kernel.actor import Actor
from order_core.parties.models import Person
from order_core.rounds import service as rounds
from order_core.rounds.models import Round
from tests.order_core.conftest import House


@pytest.fixture
def kay(session: Session, house: House) -> Actor:
    """Somebody of the market-research team."""
    person = Person(name="Kay", email="kay@house.test", department_code="SAL", roles=["market"])
    session.add(person)
    session.commit()
    return person.actor()


@pytest.fixture
def turn(session: Session, kay: Actor, at: datetime) -> Round:
    """The month's round, just opened."""
    (opened,) = rounds.keep_going(session, service.DUTY, at=at)
    session.commit()
    return opened


def facts(kind: str = "industry", **values: Any) -> FindingFacts:
    """A finding in order, but for what is given."""
    usual: dict[str, Any] = {
        "kind": kind,
        "source": "Trade Weekly",
        "dated_on": date(2026, 11, 20),
        "text": "A new energy label comes next year.",
    }
    return FindingFacts(**usual | values)


def filled(session: Session, turn: Round, by: Actor, at: datetime) -> list[Finding]:
    """A finding of each kind."""
    return [service.record(session, turn, facts(kind), by=by, at=at) for kind in KINDS]


def done(session: Session, turn: Round, by: Actor, at: datetime) -> list[Finding]:
    """The round with a finding of each kind, done."""
    found = filled(session, turn, by, at)
    service.finish(session, turn, by=by, at=at)
    return found


def written(session: Session, turn: Round, found: list[Finding], by: Actor, at: datetime) -> ResearchReport:
    """A draft with one section that cites these findings."""
    cited = [finding.number for finding in found]
    report = reports.draft(session, turn, title="November", language="en", cited=cited, by=by, at=at)
    sections = [("Demand", "Quiet units are asked for.")]
    reports.write(session, report, title="November", language="en", sections=sections, cited=cited, by=by, at=at)
    return report


def published(
    session: Session, turn: Round, found: list[Finding], by: Actor, head: Actor, at: datetime
) -> ResearchReport:
    """A report that the head of sales has signed."""
    report = written(session, turn, found, by, at)
    publishing.submit(session, report, by=by, at=at)
    publishing.approve(session, report, by=head, at=at)
    return report
