"""A check's verdict follows from its readings: every one of them is needed, and a gate stays shut without it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import check
from order_core.kernel.actor import Actor
from order_core.kernel.check import ACCEPTED, REJECTED, Inspection, SamplingPlan, Standard
from tests.order_core.conftest import House

LIMIT = {"code": "temperature", "kind": "limit", "min": -1, "max": 8, "unit": "°C"}
YES = {"code": "runs", "kind": "yes_no"}
COLOUR = {"code": "lamp", "kind": "list", "choices": ["green", "off"]}
CRITERIA: list[dict[str, Any]] = [LIMIT, YES, COLOUR]
GOOD = {"temperature": 4, "runs": True, "lamp": "green"}
BAD = {"temperature": 9, "runs": False, "lamp": "red"}


@pytest.mark.parametrize(
    ("criterion", "reading", "passes"),
    [
        (LIMIT, -1, True),
        (LIMIT, 8, True),
        (LIMIT, 7.5, True),
        (LIMIT, -1.01, False),
        (LIMIT, 8.01, False),
        (LIMIT, float("nan"), False),
        (LIMIT, True, False),
        (LIMIT, "4", False),
        (LIMIT, None, False),
        ({"code": "x", "kind": "limit", "min": 3}, 10**9, True),
        ({"code": "x", "kind": "limit", "max": 3}, -(10**9), True),
        (YES, True, True),
        (YES, False, False),
        (YES, 1, False),
        (YES, "yes", False),
        (YES, None, False),
        (COLOUR, "off", True),
        (COLOUR, "red", False),
        (COLOUR, None, False),
    ],
)
def test_a_criterion_is_met_within_its_limits_only(criterion: dict[str, Any], reading: Any, passes: bool) -> None:
    assert check.criterion_passes(criterion, reading) is passes


@pytest.mark.once
@examples(deadline=None)
@given(wrong=st.sets(st.sampled_from(list(GOOD))), missing=st.sets(st.sampled_from(list(GOOD))))
def test_one_wrong_or_missing_reading_rejects_the_whole(wrong: set[str], missing: set[str]) -> None:
    readings = {code: BAD[code] if code in wrong else GOOD[code] for code in GOOD if code not in missing}
    assert check.verdict(CRITERIA, readings) == (REJECTED if wrong | missing else ACCEPTED)


def test_a_standard_without_criteria_accepts_nothing() -> None:
    assert check.verdict([], GOOD) == REJECTED


@pytest.fixture
def standard(session: Session, at: datetime) -> Standard:
    """Three revisions: one long in force, one since yesterday, one from tomorrow on."""
    for revision, days in ((1, -100), (2, -1), (3, 1)):
        since = at + timedelta(days=days)
        session.add(
            Standard(code="fridge", revision=revision, gate="after_repair", criteria=CRITERIA, in_force_from=since)
        )
    session.flush()
    return check.in_force(session, "fridge", at=at)


@pytest.mark.parametrize(("days", "revision"), [(-100, 1), (-2, 1), (-1, 2), (0, 2), (1, 3), (400, 3)])
def test_the_standard_is_the_revision_in_force_at_that_moment(
    session: Session, standard: Standard, at: datetime, days: int, revision: int
) -> None:
    """3.4.1-a: neither an outdated revision nor one that is only announced."""
    assert check.in_force(session, "fridge", at=at + timedelta(days=days)).revision == revision


@pytest.mark.parametrize(("code", "days"), [("fridge", -101), ("toaster", 0)])
def test_without_a_standard_in_force_nothing_is_inspected(
    session: Session, standard: Standard, at: datetime, code: str, days: int
) -> None:
    with pytest.raises(Invalid, match=r"check\.no_standard"):
        check.in_force(session, code, at=at + timedelta(days=days))


@pytest.mark.clause("5.2.2-c")
@pytest.mark.parametrize("code", GOOD)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_every_criterion_needs_a_reading(
    session: Session, ticket: Issue, standard: Standard, house: House, at: datetime, code: str, how: str
) -> None:
    """5.2.2-c: a reading that is missing is not a failed test but none at all, and nothing is written."""
    readings = {**GOOD, code: None} if how == "empty" else {name: GOOD[name] for name in GOOD if name != code}
    with pytest.raises(Invalid, match=r"check\.reading_missing") as refused:
        check.inspect(session, ticket, standard, readings, by=house.actor("AFS"), at=at)
    assert refused.value.params == {"criterion": code}
    assert session.scalars(select(Inspection)).all() == []


def inspected(session: Session, case: Issue, standard: Standard, readings: dict[str, Any], at: datetime) -> Inspection:
    return check.inspect(session, case, standard, readings, by=Actor(kind="person", id=7), at=at)


def test_an_inspection_keeps_its_readings_its_standard_and_who_took_them(
    session: Session, ticket: Issue, standard: Standard, at: datetime
) -> None:
    inspection = inspected(session, ticket, standard, GOOD, at)
    session.expire_all()
    assert (inspection.standard_id, inspection.readings, inspection.by_id) == (standard.id, GOOD, 7)
    assert (inspection.subject_kind, inspection.subject_id, inspection.verdict) == ("Issue", ticket.id, ACCEPTED)


def test_the_newest_test_at_a_gate_counts(session: Session, ticket: Issue, standard: Standard, at: datetime) -> None:
    assert check.last_verdict(session, ticket, "after_repair") is None
    inspected(session, ticket, standard, GOOD, at)
    assert check.last_verdict(session, ticket, "after_repair") == ACCEPTED
    inspected(session, ticket, standard, {**GOOD, "runs": False}, at)
    assert check.last_verdict(session, ticket, "after_repair") == REJECTED
    assert check.last_verdict(session, ticket, "incoming") is None


def verifying(session: Session, ticket: Issue, house: House, at: datetime, mode: str) -> Issue:
    """The ticket, worked on by the head of after-sales and waiting to be verified."""
    hua = house.actor("AFS")
    repaired = {"cause_code": "thermostat", "remedy": "repaired", "result": "cold again", "report": "V26-00001"}
    issues.step(session, ticket, "classify", {"category": "fault"}, by=hua, at=at)
    issues.step(session, ticket, "assign", {"assignee_id": hua.id}, by=hua, at=at)
    issues.step(session, ticket, "act", {"mode": mode}, by=hua, at=at)
    issues.step(session, ticket, "verify", repaired, by=hua, at=at)
    return ticket


@pytest.mark.clause("5.2.2-c")
@pytest.mark.parametrize(
    ("mode", "tests", "closes"),
    [
        ("on_site", [], False),
        ("on_site", [False], False),
        ("on_site", [True], True),
        ("on_site", [True, False], False),
        ("on_site", [False, True], True),
        ("phone", [], True),
        ("phone", [False], False),
    ],
)
def test_a_repair_is_closed_only_when_its_test_was_passed(
    session: Session,
    ticket: Issue,
    standard: Standard,
    house: House,
    at: datetime,
    mode: str,
    tests: list[bool],
    closes: bool,
) -> None:
    """5.2.2-c: after work on site a passed test is needed; a failed one bars closing in any mode."""
    verifying(session, ticket, house, at, mode)
    for runs in tests:
        inspected(session, ticket, standard, {**GOOD, "runs": runs}, at)
    checker = issues.checker(ticket)
    if closes:
        issues.step(session, ticket, "close", {}, by=checker, at=at)
    else:
        with pytest.raises(Conflict, match=r"issue\.test"):
            issues.step(session, ticket, "close", {}, by=checker, at=at)
    assert ticket.state == ("closed" if closes else "verifying")


@pytest.mark.once
@examples(deadline=None)
@given(size=st.integers(1, 200), accept=st.integers(0, 20), defective=st.integers(0, 200))
def test_a_lot_passes_while_no_more_of_the_sample_fail_than_the_plan_accepts(
    size: int, accept: int, defective: int
) -> None:
    plan = SamplingPlan(size, accept)
    assert (check.sample_verdict(plan, defective) == ACCEPTED) is (defective <= accept)
    if check.sample_verdict(plan, defective) == REJECTED:
        assert check.sample_verdict(plan, defective + 1) == REJECTED


@pytest.mark.parametrize(
    ("lot", "defective", "field"), [(0, 0, "lot_size"), (10, -1, "defective"), (10, 11, "defective")]
)
def test_a_lot_that_cannot_be_is_refused_by_field(
    session: Session, ticket: Issue, house: House, at: datetime, lot: int, defective: int, field: str
) -> None:
    standard = add_standard(session, at)
    with pytest.raises(Invalid) as refused:
        check.inspect_lot(
            session, ticket, standard, SamplingPlan(20, 1), lot_size=lot, defective=defective,
            by=house.actor("QUA"), at=at,
        )  # fmt: skip
    assert refused.value.field == field
    assert session.scalars(select(Inspection)).all() == []


@pytest.mark.clause("3.4.1-a")
def test_a_gate_opens_only_for_an_accepted_inspection_under_the_standard_in_force(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    qua, day = house.actor("QUA"), timedelta(days=1)
    standard = add_standard(session, at)

    def shut(moment: datetime) -> bool:
        try:
            check.require(session, ticket, standard.code, at=moment)
        except Conflict:
            return True
        return False

    assert shut(at)
    check.inspect(session, ticket, standard, BAD, by=qua, at=at)
    assert shut(at)
    check.inspect(session, ticket, standard, GOOD, by=qua, at=at)
    assert not shut(at)
    stricter = add_standard(session, at + day, revision=2)
    assert (shut(at), shut(at + day)) == (False, True), "an inspection under a former revision opens nothing"
    lot = check.inspect_lot(
        session, ticket, stricter, SamplingPlan(20, 1), lot_size=8, defective=1, by=qua, at=at + day
    )
    assert (shut(at + day), lot.sample_size) == (False, 8)
    check.inspect_lot(session, ticket, stricter, SamplingPlan(20, 1), lot_size=80, defective=2, by=qua, at=at + day)
    assert shut(at + day)


def add_standard(session: Session, at: datetime, revision: int = 1) -> Standard:
    standard = Standard(
        code="incoming/heater", revision=revision, gate="incoming", criteria=list(CRITERIA), in_force_from=at
    )
    session.add(standard)
    session.flush()
    return standard
