"""Plans: no item lacks any of the four, each named problem has an item, and a revision keeps what it said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.issues.models import Issue
from order_core.kernel import plan as plans
from order_core.kernel.notice import Notice
from order_core.kernel.plan import FIELDS, Action, ActionPlan
from order_core.plans import service
from order_core.plans.service import PLAN
from tests.order_core.conftest import House, on_database, undone

texts = st.sampled_from(("", " ", "ready", "完成"))


def action(house: House, at: datetime, **values: Any) -> Action:
    facts: dict[str, Any] = {
        "goal": "drain heater that lasts",
        "measure": "no failure in 1,000 cycles",
        "owner": house.people["RND"].id,
        "due": at.date() + timedelta(days=10),
    }
    return Action(**facts | values)


def drafted(session: Session, house: House, ticket: Issue, at: datetime, *actions: Action, **more: Any) -> ActionPlan:
    facts: dict[str, Any] = {"department": "RND", "approver": "MGT", "owner": house.people["RND"].id, "kind": "design"}
    actions = actions or (action(house, at),)
    return service.draft(session, about=ticket, actions=actions, by=house.actor("RND"), at=at, **facts | more)


@on_database
@pytest.mark.clause("3.2.1-b", "8.3.2-a")
@given(goal=texts, measure=texts, owned=st.booleans(), due=st.none() | st.dates())
def test_an_item_that_lacks_one_of_the_four_is_refused_by_name(
    session: Session, house: House, ticket: Issue, at: datetime, goal: str, measure: str, owned: bool, due: date | None
) -> None:
    given_: dict[str, Any] = {"goal": goal, "measure": measure, "owner": house.people["RND"].id if owned else None}
    lacking = [f for f in FIELDS if not str((given_ | {"due": due})[f] or "").strip()]
    with undone(session):
        good = action(house, at)
        if not lacking:
            plan = drafted(session, house, ticket, at, good, Action(**given_, due=due))
            assert [item.position for item in plans.items(session, plan)] == [1, 2]
            return
        with pytest.raises(Invalid) as refused:
            drafted(session, house, ticket, at, good, Action(**given_, due=due))
        assert (refused.value.field, refused.value.params["position"]) == (lacking[0], 2)


@pytest.mark.clause("8.3.2-b")
def test_a_problem_without_an_item_keeps_the_plan_from_approval(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    problems = [{"code": "heat", "text": "too warm"}, {"code": "noise", "text": "too loud"}]
    plan = drafted(session, house, ticket, at, action(house, at, problem="heat"), problems=problems)
    with pytest.raises(Invalid) as refused:
        service.approve(session, plan, by=house.actor("MGT"), at=at)
    assert (refused.value.code, refused.value.params["problem"]) == ("plan.problem", "noise")
    plans.set_items(session, plan, [action(house, at, problem="heat"), action(house, at, problem="noise")])
    service.approve(session, plan, by=house.actor("MGT"), at=at)
    told = session.scalars(select(Notice).where(Notice.key == "plan.item")).all()
    assert (plan.state, [notice.to_person_id for notice in told]) == ("approved", [house.people["RND"].id])


def test_only_the_head_of_the_approving_department_approves(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    plan = drafted(session, house, ticket, at)
    for code in ("RND", "SAL"):
        with pytest.raises(Forbidden):
            service.approve(session, plan, by=house.actor(code), at=at)


@pytest.mark.clause("8.3.3-b")
def test_an_adjusted_plan_keeps_what_its_former_revision_said(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    plan = drafted(session, house, ticket, at)
    service.approve(session, plan, by=house.actor("MGT"), at=at)
    PLAN.advance(session, plan, "start", by=house.actor("RND"), at=at)
    with pytest.raises(Invalid):
        service.adjust(session, plan, [action(house, at)], " ", by=house.actor("RND"), at=at)
    service.adjust(session, plan, [action(house, at, goal="another heater")], "no effect", by=house.actor("RND"), at=at)
    assert (plan.state, plan.revision) == ("approved", 2)
    assert [item.goal for item in plans.items(session, plan)] == ["another heater"]
    assert [item.goal for item in plans.items(session, plan, 1)] == ["drain heater that lasts"]


@pytest.mark.clause("3.2.2-c")
def test_a_point_ends_once_with_what_came_of_it_and_whoever_raised_it_is_told(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    raiser = house.people["QUA"].id
    plan = drafted(session, house, ticket, at, action(house, at, raised_by=raiser))
    (item,) = plans.items(session, plan)
    rnd = house.actor("RND")
    for outcome, result, field in (("later", "x", "outcome"), ("done", " ", "result")):
        with pytest.raises(Invalid) as refused:
            service.settle_item(session, plan, item, outcome, result, by=rnd, at=at)
        assert refused.value.field == field
    with pytest.raises(Forbidden):
        service.settle_item(session, plan, item, "done", "sure", by=house.actor("QUA"), at=at)
    service.settle_item(session, plan, item, "refused", "costs more than it saves", by=rnd, at=at)
    assert session.scalars(select(Notice.to_person_id).where(Notice.key == "plan.refused")).all() == [raiser]
    with pytest.raises(Conflict):
        service.settle_item(session, plan, item, "done", "after all", by=rnd, at=at)
    with pytest.raises(Conflict):
        plans.set_items(session, plan, [action(house, at)])


@pytest.mark.clause("3.2.2-c")
def test_an_item_is_added_beside_those_that_are_closed_already(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    plan = drafted(session, house, ticket, at)
    service.settle_item(session, plan, plans.items(session, plan)[0], "done", "ok", by=house.actor("RND"), at=at)
    added = plans.add_item(session, plan, action(house, at, goal="quieter fan"), clause="3.2.2-c")
    assert [item.goal for item in plans.items(session, plan)] == ["drain heater that lasts", "quieter fan"]
    assert (added.position, added.outcome) == (2, None)
    with pytest.raises(Invalid) as refused:
        plans.add_item(session, plan, action(house, at, owner=None), clause="3.2.2-c")
    assert (refused.value.field, refused.value.clause) == ("owner", "3.2.2-c")
