"""The guard denies whatever was not granted; a notice reaches its addressee, nobody else, and is seen once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Forbidden
from order_core.issues.models import Issue
from order_core.kernel.actor import CLOCK, PLANNER, SIGNAL, WORKER, Actor
from order_core.kernel.guard import PUBLIC, SIGNED_IN, Grants
from order_core.kernel.notice import Notice, acknowledge, escalate_unread, open_notices, tell
from order_core.rulebook.roles import GRANTS
from tests.order_core.conftest import DEPARTMENTS, House

KINDS, ACTIONS = ("ticket", "tickets", "order"), ("read", "write")
EXACT = [f"{kind}.{action}" for kind in KINDS for action in ACTIONS]
VOICES = (CLOCK, SIGNAL, WORKER, PLANNER)
granted = st.frozensets(st.sampled_from([*EXACT, *(f"{kind}.*" for kind in KINDS)]), max_size=4)
pure = examples(deadline=None, max_examples=200)


@pytest.mark.clause("1.2")
@pytest.mark.once
@pure
@given(
    by_role=st.dictionaries(st.sampled_from("abc"), granted),
    by_department=st.dictionaries(st.sampled_from(("AFS", "SAL")), granted),
    roles=st.frozensets(st.sampled_from("abcd")),
    department=st.sampled_from(("AFS", "SAL", "HR", None)),
)
def test_a_person_may_what_his_roles_or_his_department_were_granted_and_nothing_else(
    by_role: dict[str, frozenset[str]],
    by_department: dict[str, frozenset[str]],
    roles: frozenset[str],
    department: str | None,
) -> None:
    grants = Grants(by_role, by_department)
    person = Actor(kind="person", id=1, roles=roles, department=department)
    own = {name for role in roles for name in by_role.get(role, ())} | {*by_department.get(department or "", ())}
    own = own if department in by_department else set()
    for kind in KINDS:
        for action in ACTIONS:
            allowed = f"{kind}.{action}" in own or f"{kind}.*" in own
            assert grants.may(person, f"{kind}.{action}") is allowed


@pytest.mark.clause("1.2")
@pytest.mark.parametrize("actor", [None, *VOICES, Actor(kind="customer", id=1)])
def test_only_people_of_ours_hold_permissions(actor: Actor | None) -> None:
    """Even one who calls himself an administrator of after-sales."""
    everything = Grants({"admin": frozenset(EXACT)}, {"AFS": frozenset(EXACT)})
    if actor is not None:
        actor = Actor(kind=actor.kind, id=actor.id, roles=frozenset({"admin"}), department="AFS")
    assert [name for name in (*EXACT, SIGNED_IN) if everything.may(actor, name)] == []
    assert everything.may(actor, PUBLIC)


def test_whoever_is_signed_in_passes_the_doors_of_everybody() -> None:
    somebody = Actor(kind="person", id=1, department="AFS")
    assert Grants({}, {"AFS": frozenset()}).may(somebody, SIGNED_IN)


@pytest.mark.clause("1.2")
@pytest.mark.parametrize("department", [None, "", "XYZ"])
def test_who_belongs_to_no_listed_department_is_refused_whatever_his_roles(department: str | None) -> None:
    """The regulation binds the departments that it names: a role alone opens no door."""
    stray = Actor(kind="person", id=1, department=department, roles=frozenset({"admin", "agent"}), head=True)
    assert GRANTS.permissions(stray) == frozenset()
    assert not GRANTS.may(stray, SIGNED_IN)
    with pytest.raises(Forbidden, match="denied"):
        GRANTS.require(stray, "ticket.read")


@pytest.mark.clause("1.2")
@pytest.mark.parametrize("actor", [None, Actor(kind="person", id=1), Actor(kind="customer", id=1)])
def test_what_is_not_granted_is_refused_with_its_clause(actor: Actor | None) -> None:
    """1.2: nothing is open because nobody thought of it."""
    with pytest.raises(Forbidden) as refused:
        GRANTS.require(actor, "ticket.read")
    assert (refused.value.code, refused.value.clause, refused.value.status) == ("guard.denied", "1.2", 403)
    assert refused.value.params == {"permission": "ticket.read"}
    GRANTS.require(actor, PUBLIC)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("technician", ["visit.work"], ["ticket.read", "order.read", "parts.read", "admin.users"]),
        ("agent", ["ticket.write", "parts.read"], ["dispatch.plan", "admin.users", "survey.answer"]),
        ("dispatcher", ["dispatch.plan"], ["visit.work", "admin.users"]),
        ("data_steward", ["ticket.read"], ["ticket.write", "order.write"]),
        ("admin", ["admin.users", "ticket.write"], ["visit.work"]),
    ],
)
def test_each_role_has_its_own_doors(role: str, may: list[str], may_not: list[str]) -> None:
    person = Actor(kind="person", id=1, department="AFS", roles=frozenset({role}))
    assert [name for name in (*may, *may_not) if GRANTS.may(person, name)] == may


@pytest.mark.clause("1.2")
def test_every_department_of_the_house_has_its_line_in_the_rulebook() -> None:
    assert set(GRANTS.by_department) == set(DEPARTMENTS)


def keys(session: Session, **to: Any) -> list[str]:
    return [notice.key for notice in open_notices(session, **to)]


def test_a_notice_has_exactly_one_addressee(session: Session, house: House, at: datetime) -> None:
    for addressees in ({}, {"person": house.people["SAL"].id, "department": "SAL"}):
        with pytest.raises(ValueError, match="exactly one addressee"):
            tell(session, key="a", at=at, **addressees)  # type: ignore[arg-type]
    assert session.scalars(select(Notice)).all() == []


def test_a_notice_is_shown_to_its_addressee_alone(session: Session, house: House, at: datetime) -> None:
    sal, pro = house.people["SAL"].id, house.people["PRO"].id
    tell(session, key="mine", at=at, person=sal)
    tell(session, key="his", at=at, person=pro)
    tell(session, key="ours", at=at, department="SAL")
    assert keys(session, person=sal, department="SAL") == ["ours", "mine"]
    assert keys(session, person=pro, department="PRO") == ["his"]


def test_who_reads_for_no_department_sees_his_own_notices_only(session: Session, house: House, at: datetime) -> None:
    """A notice to another person has no department either: that makes it nobody else's."""
    sal, pro = house.people["SAL"].id, house.people["PRO"].id
    tell(session, key="mine", at=at, person=sal)
    tell(session, key="his", at=at, person=pro)
    tell(session, key="ours", at=at, department="SAL")
    assert keys(session, person=sal) == ["mine"]
    assert keys(session, person=sal, department=None) == ["mine"]


def test_the_newest_notice_comes_first_and_no_more_than_asked_for(session: Session, house: House, at: datetime) -> None:
    sal = house.people["SAL"].id
    for key, minutes in (("b", 1), ("a", 0), ("c", 2), ("d", 2)):
        tell(session, key=key, at=at + timedelta(minutes=minutes), person=sal)
    assert keys(session, person=sal) == ["d", "c", "b", "a"]
    assert keys(session, person=sal, limit=2) == ["d", "c"]


def test_a_notice_says_what_it_is_about_and_until_when_it_must_be_seen(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    hour = timedelta(hours=1)
    notice = tell(session, key="a", at=at, about=ticket, department="SAL", params={"n": 1}, acknowledge_by=at + hour)
    session.expire_all()
    assert (notice.about_kind, notice.about_id, notice.about_number) == ("Issue", ticket.id, ticket.number)
    assert (notice.due_at, notice.params) == (at + hour, {"n": 1})
    assert tell(session, key="b", at=at, department="SAL").due_at is None


@pytest.mark.clause("1.3-c")
def test_a_notice_is_shown_until_somebody_has_seen_it_and_the_first_one_stands(
    session: Session, house: House, at: datetime
) -> None:
    """1.3-c: seen by one person of the department is seen; who and when is kept."""
    sal, hr = house.people["SAL"].id, house.people["HR"].id
    notice = tell(session, key="ours", at=at, department="SAL")
    acknowledge(notice, person=sal, at=at + timedelta(minutes=1))
    acknowledge(notice, person=hr, at=at + timedelta(minutes=2))
    session.flush()
    session.expire_all()
    assert (notice.acknowledged_by, notice.acknowledged_at) == (sal, at + timedelta(minutes=1))
    assert keys(session, person=sal, department="SAL") == []


def test_a_notice_of_an_event_that_was_taken_back_was_never_given(session: Session, house: House, at: datetime) -> None:
    tell(session, key="a", at=at, department="SAL")
    session.rollback()
    assert session.scalars(select(Notice)).all() == []


@pytest.mark.clause("1.3-c", "2.3.2-c")
def test_a_notice_that_stays_unread_goes_one_rung_higher_once(session: Session, house: House, at: datetime) -> None:
    hour = timedelta(hours=1)
    read = tell(session, key="read", at=at, department="PRO", acknowledge_by=at + hour, escalate_to="MGT")
    tell(session, key="unread", at=at, department="LOG", acknowledge_by=at + hour, escalate_to="MGT")
    tell(session, key="no_rung", at=at, department="LOG", acknowledge_by=at + hour)
    acknowledge(read, person=house.people["PRO"].id, at=at)
    assert escalate_unread(session, at=at + hour - timedelta(seconds=1)) == 0
    assert [escalate_unread(session, at=at + n * hour) for n in (1, 1, 9)] == [1, 0, 0]
    (higher,) = open_notices(session, person=house.people["MGT"].id, department="MGT")
    assert (higher.key, higher.params["department"]) == ("unread", "LOG")


def test_a_notice_to_a_department_is_its_heads_unless_it_is_everyones(
    session: Session, house: House, at: datetime
) -> None:
    tell(session, key="head", at=at, department="SAL")
    tell(session, key="all", at=at, department="SAL", everyone=True)
    sal = house.people["SAL"].id
    assert keys(session, person=sal, department="SAL") == ["all", "head"]
    assert keys(session, person=sal, department="SAL", head=False) == ["all"]
