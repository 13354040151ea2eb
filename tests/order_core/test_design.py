"""Design tasks: one a line, given to one person in time, planned in time for production or warned of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import amendment, papers, service
from order_core.execution.amendment import ApprovedChange
from order_core.execution.design import planning, review, rules
from order_core.execution.design import service as designs
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.issues.models import Issue
from order_core.kernel import clock, sign
from order_core.kernel.case import history, state_faults
from order_core.kernel.clock import Clock
from order_core.kernel.notice import Notice
from order_core.parties.models import ProductModel
from order_core.rulebook.calendar import house_calendar
from tests.order_core import designs as driven
from tests.order_core import orders
from tests.order_core.conftest import House

DAY = timedelta(days=1)


def told(session: Session, key: str) -> list[str]:
    """Who was told something, departments by code and people by id, in order."""
    rows = session.scalars(select(Notice).where(Notice.key == key).order_by(Notice.id))
    return [row.to_department or str(row.to_person_id) for row in rows]


@pytest.mark.clause("3.2.1-a")
def test_each_line_that_needs_design_has_one_task_however_often_it_is_asked_for(
    session: Session, house: House, at: datetime
) -> None:
    lines = [orders.line(house, at, new_design=new) for new in (True, False, True)]
    order = orders.drafted(session, house, at, *lines)
    tasks = designs.open_tasks(session, order, by=house.actor("SAL"), at=at)
    assert [task.line_id for task in tasks] == [order.lines[0].id, order.lines[2].id]
    assert designs.open_tasks(session, order, by=house.actor("SAL"), at=at) == []
    assert len(session.scalars(select(DesignTask)).all()) == 2
    assert told(session, "design.to_assign") == ["RND", "RND"]
    assert [line.id for line in designs.undesigned(session, order)] == [order.lines[0].id, order.lines[2].id]


@pytest.mark.clause("3.2.1-a")
def test_a_task_is_given_to_one_person_of_r_and_d_who_is_told_as_sales_is(
    session: Session, house: House, at: datetime
) -> None:
    design = driven.opened(session, house, at)
    dev = driven.developer(session)
    for wrong in (house.people["PRO"].id, 0):
        with pytest.raises(Invalid) as refused:
            designs.assign(session, design, wrong, by=house.actor("RND"), at=at)
        assert (refused.value.field, refused.value.clause) == ("owner", "3.2.1-a")
    designs.assign(session, design, dev.id, by=house.actor("RND"), at=at + timedelta(hours=1))
    assert design.task is not None
    assert (design.task.owner_id, design.task.assigned_at) == (dev.id, at + timedelta(hours=1))
    assert (told(session, "design.yours"), told(session, "design.assigned")) == ([str(dev.id)], ["SAL"])
    head = house.people["RND"].id
    designs.assign(session, design, head, by=house.actor("RND"), at=at + DAY)
    assert (design.task.owner_id, design.task.assigned_at) == (head, at + timedelta(hours=1)), "the first time counts"


@pytest.mark.clause("3.2.1-a")
def test_nobody_but_r_and_d_gives_its_tasks(session: Session, house: House, at: datetime) -> None:
    design = driven.opened(session, house, at)
    for code in ("SAL", "PRO", "MGT"):
        with pytest.raises(Forbidden):
            designs.assign(session, design, house.people["RND"].id, by=house.actor(code), at=at)


@pytest.mark.clause("3.2.1-a")
def test_a_task_that_nobody_is_given_within_its_clock_goes_up(session: Session, house: House, at: datetime) -> None:
    design = driven.opened(session, house, at)
    calendar = house_calendar()
    running = session.scalars(select(Clock).where(Clock.case_kind == "Design", Clock.case_id == design.id)).one()
    assert running.due_at is not None
    clock.fire_due(session, at=running.due_at, calendar=calendar)
    assert told(session, "clock.warn") == ["RND"]
    assert told(session, "clock.breach") == ["RND"]
    clock.fire_due(session, at=running.due_at + 2 * DAY, calendar=calendar)
    assert told(session, "clock.breach") == ["RND", "MGT"]
    designs.assign(session, design, house.people["RND"].id, by=house.actor("RND"), at=running.due_at + 3 * DAY)
    assert running.stopped_at == running.due_at + 3 * DAY if running.due_at else True


@pytest.mark.clause("3.3.1-b")
def test_production_does_not_start_an_order_whose_design_is_not_released(
    session: Session, house: House, at: datetime
) -> None:
    order = driven.ordered(session, house, at)
    with pytest.raises(Conflict) as refused:
        orders.take(session, house, order, "executing", at)
    assert (refused.value.code, refused.value.params["model"]) == ("design.not_released", "RF-520")
    driven.until(session, house, "released", at, order)
    orders.take(session, house, order, "executing", at)
    assert order.state == "executing"


@pytest.mark.clause("3.2.1-b")
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"stage": " "}, "design.stage.name"),
        ({"goal": ""}, "design.stage.goal"),
        ({"measure": " "}, "design.stage.measure"),
        ({"owner": None}, "design.stage.owner"),
        ({"due": None}, "design.stage.due"),
    ],
)
def test_a_stage_that_lacks_anything_is_refused_by_its_name(
    session: Session, house: House, at: datetime, missing: dict[str, Any], code: str
) -> None:
    design = driven.until(session, house, "assigned", at)
    dev = driven.developer(session)
    good = driven.action(dev.id, at.date() + DAY)
    bad = replace(driven.action(dev.id, at.date() + DAY, stage="samples"), **missing)
    with pytest.raises(Invalid) as refused:
        planning.set_stages(session, design, [good, bad], by=dev.actor(), at=at)
    assert (refused.value.code, refused.value.clause) == (code, "3.2.1-b")
    assert refused.value.params in ({"stage": "samples"}, {"position": 2})
    assert planning.plan_of(session, design) is None, "nothing half-done remains"


@pytest.mark.clause("3.2.1-b")
def test_a_plan_in_time_is_told_to_production_and_sales_and_opens_no_warning(
    session: Session, house: House, at: datetime
) -> None:
    design = driven.until(session, house, "planned", at)
    assert told(session, "design.planned") == ["PRO", "SAL"]
    assert session.scalars(select(Issue).where(Issue.kind == "alert")).all() == []
    assert design.task is not None
    assert design.task.line.due_on is not None
    assert rules.working_days_between(design.task.needed_on, design.task.line.due_on, house_calendar()) == 15


@pytest.mark.clause("3.2.1-b")
def test_a_plan_that_ends_after_production_needs_it_opens_one_warning(
    session: Session, house: House, at: datetime
) -> None:
    design = driven.until(session, house, "assigned", at)
    dev, task = driven.developer(session), design.task
    assert task is not None
    late = [driven.action(dev.id, task.needed_on + DAY)]
    planning.set_stages(session, design, late, by=dev.actor(), at=at)
    alert = planning.approve(session, design, by=house.actor("RND"), at=at)
    assert alert is not None
    assert (alert.kind, alert.order_id, alert.department, alert.state) == (
        "alert", task.line.order_id, "RND", "classified",
    )  # fmt: skip
    assert told(session, "design.late") == ["PRO", "SAL"]
    planning.begin(session, design, by=dev.actor(), at=at)
    assert planning.adjust(session, design, late, "vendor closed", by=dev.actor(), at=at) is alert
    in_time = [driven.action(dev.id, task.needed_on)]
    assert planning.adjust(session, design, in_time, "second shift", by=dev.actor(), at=at) is None
    assert state_faults(session) == []


@pytest.mark.clause("3.2.1-b")
def test_an_approved_plan_changes_with_a_reason_only_and_the_former_stays_readable(
    session: Session, house: House, at: datetime
) -> None:
    design = driven.until(session, house, "designing", at)
    dev = driven.developer(session)
    with pytest.raises(Conflict, match=r"design\.plan_approved"):
        planning.set_stages(session, design, [driven.action(dev.id, at.date())], by=dev.actor(), at=at)
    with pytest.raises(Invalid, match=r"plan\.reason"):
        planning.adjust(session, design, [driven.action(dev.id, at.date())], " ", by=dev.actor(), at=at)
    planning.settle_stage(session, design, 1, "done", "concept B", by=dev.actor(), at=at)
    planning.adjust(session, design, [driven.action(dev.id, at.date(), stage="samples")], "new", by=dev.actor(), at=at)
    assert [item.stage for item in planning.stages(session, design)] == ["samples"]
    planning.settle_stage(session, design, 1, "done", "two samples", by=dev.actor(), at=at)
    with pytest.raises(Forbidden):
        planning.achieve(session, design, by=dev.actor(), at=at)
    planning.achieve(session, design, by=house.actor("RND"), at=at)
    plan = planning.plan_of(session, design)
    assert plan is not None
    assert plan.state == "achieved"


def test_no_plan_without_an_owner_and_no_work_without_a_plan(session: Session, house: House, at: datetime) -> None:
    design = driven.opened(session, house, at)
    dev = driven.developer(session)
    with pytest.raises(Conflict, match=r"design\.unassigned"):
        planning.set_stages(session, design, [driven.action(dev.id, at.date())], by=dev.actor(), at=at)
    driven.take(session, house, design, "assigned", at)
    driven.written(session, house, design, at)
    with pytest.raises(Conflict, match=r"design\.no_plan"):
        driven.submitted(session, design, at)


def stage_of(session: Session, design: Design) -> str:
    plan = planning.plan_of(session, design)
    owned = design.task is not None and design.task.owner_id is not None
    return rules.stage(owned=owned, plan_state=plan.state if plan else None, design_state=design.state)


def test_where_a_task_stands_is_read_off_owner_plan_and_design(session: Session, house: House, at: datetime) -> None:
    design = driven.opened(session, house, at)
    seen = [stage_of(session, design)]
    for stage in driven.STAGES[1:]:
        driven.take(session, house, design, stage, at)
        seen.append(stage_of(session, design))
    assert seen == list(driven.STAGES)
    assert design.task is not None
    assert designs.undesigned(session, design.task.line.order) == []
    steps = [entry.step for entry in history(session, design) if not entry.step.startswith("note:")]
    assert steps == ["open", "submit", "release"]


@pytest.mark.clause("3.2.1-a")
def test_a_line_that_is_being_designed_is_not_amended_away(session: Session, house: House, at: datetime) -> None:
    order = orders.until(
        session, house, "confirmed", at, orders.line(house, at), orders.line(house, at, new_design=True)
    )
    said, source = papers.content(order), amendment.source(lambda _session, _order: [ApprovedChange("ECR-1", 0, 0)])
    wanted = Edit(said.lines[:1])
    try:
        with pytest.raises(Conflict) as refused:
            service.amend(session, order, "ECR-1", by=house.actor("SAL"), at=at, wanted=wanted)
    finally:
        amendment.SOURCES.remove(source)
    assert (refused.value.code, refused.value.field) == ("design.line_has_task", "lines.2")
    assert (papers.content(order), order.state, order.revision) == (said, "confirmed", 1), "nothing is half done"


def amended(session: Session, house: House, order: Order, at: datetime, **values: Any) -> None:
    """The order's first line otherwise, under a change that moves no date; everybody signs it."""
    first, *others = papers.content(order).lines
    wanted, number = Edit([replace(first, **values), *others]), f"ECR-{order.revision}"
    source = amendment.source(lambda _session, _order: [ApprovedChange(number, 0, 0)])
    try:
        service.amend(
            session, order, number, by=house.actor("SAL"), at=at, wanted=wanted, explanations={"*": "he asks for it"}
        )
    finally:
        amendment.SOURCES.remove(source)
    sign_off = sign.for_purpose(session, order, service.CONFIRM)
    for code in sign.open_parties(sign_off) if sign_off else ():
        service.confirm(session, order, by=house.actor(code), at=at)
    assert order.state == "confirmed"


@pytest.mark.clause("3.2.1-a", "3.2.2-a")
@pytest.mark.parametrize("values", [{"model_code": "RF-999"}, {"specification": "RF-520, explosion-proof"}])
def test_a_released_design_serves_the_product_it_was_made_for_alone(
    session: Session, house: House, at: datetime, values: dict[str, str]
) -> None:
    session.add(ProductModel(code="RF-999", appliance="refrigerator", names={"en": "another"}))
    first = driven.until(session, house, "released", at)
    assert first.task is not None
    order, later = first.task.line.order, at + timedelta(hours=1)
    assert designs.undesigned(session, order) == []
    amended(session, house, order, later, **values)
    assert designs.undesigned(session, order) == [order.lines[0]]
    with pytest.raises(Conflict, match=r"design\.not_released"):
        service.start(session, order, projected_on=at.date(), by=house.actor("PRO"), at=later)
    again = first.task.designs[-1]
    assert (again.state, again.model_code, again.title) == (
        "draft", order.lines[0].model_code, order.lines[0].specification,
    )  # fmt: skip
    assert (first.task.owner_id, told(session, "design.to_assign")) == (None, ["RND", "RND"])
    for stage in driven.STAGES[1:]:
        driven.take(session, house, again, stage, later)
    assert designs.undesigned(session, order) == []
    assert state_faults(session) == []


@pytest.mark.clause("3.2.1-a")
def test_a_design_under_way_follows_what_its_line_asks_for(session: Session, house: House, at: datetime) -> None:
    design = driven.until(session, house, "designing", at)
    assert design.task is not None
    amended(session, house, design.task.line.order, at, specification="RF-520, explosion-proof")
    assert [(one.id, one.title) for one in design.task.designs] == [(design.id, "RF-520, explosion-proof")]
    assert told(session, "design.aimed") == ["RND"]


@pytest.mark.clause("3.2.1-b")
def test_a_date_that_moves_forward_moves_what_the_plan_is_measured_by(
    session: Session, house: House, at: datetime
) -> None:
    order = driven.ordered(session, house, at, due_on=(at + 90 * DAY).date())
    design = driven.until(session, house, "designing", at, order)
    task = design.task
    assert task is not None
    before = task.needed_on
    source, sales = amendment.source(lambda _session, _order: [ApprovedChange("ECR-9", -50, 0)]), house.actor("SAL")
    try:
        service.amend(session, order, "ECR-9", by=sales, at=at)
    finally:
        amendment.SOURCES.remove(source)
    assert order.promised_on is not None
    assert task.needed_on < order.promised_on < before
    alert = session.get_one(Issue, task.alert_id)
    assert (alert.kind, alert.order_id) == ("alert", order.id)
    assert planning.retime(session, order, by=sales, at=at) == [alert], "it is warned of once"


@pytest.mark.clause("3.2.1-a")
def test_a_task_whose_only_design_is_given_up_is_open_again(session: Session, house: House, at: datetime) -> None:
    design = driven.until(session, house, "in_review", at)
    task, later = design.task, at + timedelta(hours=1)
    assert task is not None
    review.withdraw(session, design, "the idea does not hold", by=house.actor("RND"), at=later)
    again = task.designs[-1]
    assert (again.id != design.id, again.state, task.owner_id) == (True, "draft", None)
    assert planning.plan_of(session, again) is None, "it is planned anew"
    for stage in driven.STAGES[1:]:
        driven.take(session, house, again, stage, later)
    assert designs.undesigned(session, task.line.order) == []
