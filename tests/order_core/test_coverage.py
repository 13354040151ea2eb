"""What is said of a clause is what the program does: bound steps, code, deadlines past due, records that break it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from order_core import clauses as registry
from order_core.clauses import carries, probe
from order_core.errors import Forbidden
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.kernel.case import PROCEDURES, Procedure
from order_core.kernel.measure import MeasureValue
from order_core.kernel.notice import tell
from order_core.rulebook import coverage, inforce, probes
from order_core.rulebook.clauses import clauses
from order_core.rulebook.clocks import policies
from order_core.rulebook.coverage import STATES, Standing
from order_core.rulebook.machines import machine
from tests.order_core.conftest import House
from tests.order_core.orders import until

HOUR = timedelta(hours=1)


def standing(session: Session, clause: str, at: datetime) -> Standing:
    (found,) = coverage.standings(session, inforce.SHIPPED, at=at, only=[clause])
    return found


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries of the test's own: what it declares is forgotten afterwards."""
    monkeypatch.setattr(registry, "CARRIERS", list(registry.CARRIERS))
    monkeypatch.setattr(registry, "PROBES", {})
    monkeypatch.setattr(coverage, "PRODUCT", (*coverage.PRODUCT, "tests"))


@pytest.mark.clause("1.3-b")
def test_a_step_whose_condition_nobody_has_bound_is_not_built_and_cannot_be_taken(
    session: Session, house: House, at: datetime
) -> None:
    found = standing(session, "3.5.1-a", at)
    assert [(step.machine, step.transition.step, step.bound) for step in found.steps] == [("Shipment", "book", False)]
    assert (found.state, found.carried) == ("absent", False)
    order = until(session, house, "draft", at)
    with pytest.raises(Forbidden, match="condition_unbound"):
        Procedure(machine("Order"), relations={}).advance(session, order, "issue", by=house.actor("SAL"), at=at)
    PROCEDURES.pop()


def test_a_bound_step_of_a_machine_of_its_own_enforces_its_clause(session: Session, at: datetime) -> None:
    found = standing(session, "3.1.1-b", at)
    assert [(step.machine, step.transition.step, step.bound) for step in found.steps] == [("Order", "issue", True)]
    assert found.carried
    assert found.state in ("enforced", "holds")


def test_a_machine_of_many_kinds_proves_nothing_by_its_steps_alone(session: Session, at: datetime) -> None:
    """An issue can be closed; that a transport's trouble is handled so, nobody has said."""
    found = standing(session, "3.5.3-c", at)
    assert [(step.machine, step.bound) for step in found.steps] == [("Issue", True)]
    assert (found.state, found.carried) == ("partly", False)
    assert standing(session, "5.1.2-b", at).state == "enforced", "its condition says so beside itself"


def test_code_that_says_it_carries_a_clause_and_a_count_that_finds_nothing(
    session: Session, at: datetime, fresh: None
) -> None:
    @carries("measure", "8.1.1")
    def figure() -> None: ...

    counted = 0

    @probe("8.1.1")
    def breaches(_session: Any, _at: datetime) -> int:
        return counted

    assert standing(session, "8.1.1", at).state == "holds"
    counted = 3
    found = standing(session, "8.1.1", at)
    assert (found.state, found.broken) == ("broken", 3)
    assert [carrier.name.rsplit(".", 1)[1] for carrier in found.carriers] == ["figure"]


def test_a_deadline_past_due_is_told_and_found(session: Session, house: House, ticket: Issue, at: datetime) -> None:
    assert standing(session, "5.1.2-c", at).running == 1
    later = at + 300 * HOUR
    found = standing(session, "5.1.2-c", later)
    assert (found.state, found.late, found.running) == ("late", 1, 1)
    assert [clock.case_number for clock in coverage.past_due(session, ["T-19"], at=later)] == [ticket.number]
    assert coverage.past_due(session, ["T-19"], at=at) == []


def test_every_clause_has_a_state_and_every_deadline_a_clause(session: Session, at: datetime) -> None:
    found = coverage.standings(session, inforce.SHIPPED, at=at)
    assert [one.clause.id for one in found] == list(clauses())
    assert {one.state for one in found} <= set(STATES)
    assert sorted(rule.code for one in found for rule in one.clocks) == sorted(policies())


# probes: they find what they look for


@pytest.mark.clause("1.3-b")
def test_a_state_written_past_the_kernel_is_seen(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    assert probes.states_beside_their_journal(session, at) == 0
    session.execute(update(Order).where(Order.id == order.id).values(_state="closed"))
    assert probes.states_beside_their_journal(session, at) == 1
    assert probes.states_beside_their_journal(session, at + 48 * HOUR) == 0, "the doctor looks at what is older"


@pytest.mark.clause("1.3-c")
def test_a_handover_that_nobody_looks_after_is_seen(session: Session, house: House, at: datetime) -> None:
    tell(session, key="a", at=at, department="RND", acknowledge_by=at + HOUR, escalate_to="MGT")
    assert probes.handovers_nobody_looks_after(session, at + HOUR) == 0
    assert probes.handovers_nobody_looks_after(session, at + 3 * HOUR) == 1


@pytest.mark.clause("1.3-d")
@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"value": 3.0, "count": 3}, 0),
        ({"value": 0.0, "count": 0}, 0),
        ({"value": None, "count": 0}, 0),
        ({"value": 3.0, "count": 0}, 1),
        ({"value": 3.0, "count": 0, "typed_by": 1}, 0),
        ({"value": 3.0, "count": 2, "newest": 1}, 1),
    ],
)
def test_a_figure_said_to_be_computed_of_nothing_is_seen(
    session: Session, at: datetime, values: dict[str, Any], wrong: int
) -> None:
    """1.3-d: with the records behind it and the newest datum; a typed one is marked and not held to that."""
    newest = at + values.pop("newest") * HOUR if "newest" in values else None
    session.add(
        MeasureValue(code="K-99", subject="", period_start=at - HOUR, period_end=at, newest=newest, computed_at=at,
                     **values)
    )  # fmt: skip
    session.flush()
    assert probes.figures_without_records(session, at) == wrong


@pytest.mark.clause("1.2")
def test_no_declared_step_is_nobodys(session: Session, at: datetime) -> None:
    assert probes.steps_without_an_actor(session, at) == 0
