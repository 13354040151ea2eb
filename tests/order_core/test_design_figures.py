"""Figures and lists of the design room, from designs that were really driven through."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from order_core.execution.change.measures import MEASURES as OF_CHANGES
from order_core.execution.design import drafting, measures, planning, points, queries, review
from order_core.execution.design import service as designs
from order_core.execution.design.models import Design
from order_core.execution.design.rules import working_days_between
from order_core.kernel import measure
from order_core.parties.models import ProductModel
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.inforce import SHIPPED
from tests.order_core import designs as driven
from tests.order_core.conftest import House

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def released(session: Session, house: House, at: datetime) -> Design:
    """Given after two hours, one stage late, sent back once, released on the Monday after, one of two targets met."""
    design = driven.opened(session, house, at)
    dev, rnd, qua = driven.developer(session), house.actor("RND"), house.actor("QUA")
    designs.assign(session, design, dev.id, by=rnd, at=at + 2 * HOUR)
    stages = [driven.action(dev.id, at.date()), driven.action(dev.id, at.date() + 2 * DAY, stage="samples")]
    planning.set_stages(session, design, stages, by=dev.actor(), at=at + 2 * HOUR)
    planning.approve(session, design, by=rnd, at=at + 2 * HOUR)
    planning.begin(session, design, by=dev.actor(), at=at + 2 * HOUR)
    planning.settle_stage(session, design, 1, "done", "B", by=dev.actor(), at=at + DAY)
    planning.settle_stage(session, design, 2, "done", "two", by=dev.actor(), at=at + 2 * DAY)
    driven.written(session, house, design, at)
    drafting.verify(session, design, "C1", 37, by=qua, at=at + 2 * DAY)
    drafting.verify(session, design, "C2", 0, by=qua, at=at + 2 * DAY)
    driven.submitted(session, design, at + 2 * DAY)
    review.suggest(
        session, design, goal="seal it", measure="96 h", owner=dev.id, due=at.date() + 4 * DAY, mandatory=False,
        by=qua, at=at + 2 * DAY,
    )  # fmt: skip
    review.send_back(session, design, by=qua, at=at + 2 * DAY + 4 * HOUR)
    driven.submitted(session, design, at + 3 * DAY)
    driven.agreed(session, house, design, at + 7 * DAY)
    review.release(session, design, by=rnd, at=at + 7 * DAY)
    return design


@pytest.mark.clause("3.2.1-a", "3.2.1-b", "3.2.2-a", "3.2.2-b", "3.2.2-c")
def test_the_figures_of_a_period_are_computed_from_what_happened(
    session: Session, house: House, released: Design, at: datetime
) -> None:
    start, end = at - DAY, at + 30 * DAY
    figures = {m.code: m.formula(session, start, end) for m in measures.MEASURES}
    found = {code: (figure.value, figure.count) for code, figure in figures.items()}
    assert found == {
        "K-05": (5.0, 1),
        "K-08": (50.0, 2),
        "RD-PLAN": (50.0, 2),
        "RD-GIVE": (1.0, 1),
        "RD-FIRST": (0.0, 1),
        "RD-LEAD": (9.5, 2),
        "RD-OPEN": (1.0, 1),
    }
    points.settle(session, released, 1, "refused", "no", by=house.actor("RND"), at=at + 40 * DAY)
    assert measures.points_open(session, start, end).value == 1, "it was open then"
    assert measures.points_open(session, start, at + 50 * DAY).value == 0


@pytest.mark.clause("1.3-d")
def test_every_figure_of_the_room_is_kept_as_a_measure(session: Session, released: Design, at: datetime) -> None:
    for of in (*measures.MEASURES, *OF_CHANGES):
        measure.compute(session, of, at - DAY, at + 30 * DAY, at=at + 30 * DAY)
        (value,) = measure.values(session, of.code)
        assert value.typed_by is None
    empty = [m.formula(session, at - 90 * DAY, at - 60 * DAY) for m in measures.MEASURES if m.code != "RD-OPEN"]
    assert {(figure.value, figure.count) for figure in empty} == {(None, 0)}


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ((), 2),
        (("冰箱",), 2),
        (("bottle",), 1),
        (("RF-520",), 2),
        (("nothing",), 0),
        (("bottle", "冰箱"), 2),
        (("%",), 0),
    ],
)
def test_designs_are_found_by_number_title_model_and_its_names(
    session: Session, house: House, at: datetime, words: tuple[str, ...], seen: int
) -> None:
    model = session.get_one(ProductModel, "RF-520")
    model.names = {"en": "Refrigerator", "zh-Hant": "雙門冰箱", "zh-Hans": "双门冰箱"}
    driven.opened(session, house, at)
    driven.opened(session, house, at, driven.ordered(session, house, at)).title = "with bottle rack"
    session.flush()
    assert len(session.scalars(queries.found(words)).all()) == seen


@pytest.mark.clause("3.2.1-b")
def test_a_list_says_by_when_a_task_is_begun_at_the_latest(session: Session, house: House, at: datetime) -> None:
    design = driven.opened(session, house, at, driven.ordered(session, house, at, due_on=at.date() + 90 * DAY))
    (row,) = queries.rows(session, [design], at=at)
    assert design.task is not None
    assert (row.stage, row.needed_on, row.late) == ("opened", design.task.needed_on, False)
    assert row.latest_start is not None
    assert working_days_between(row.latest_start, design.task.needed_on, house_calendar()) == SHIPPED.threshold(
        "design_days"
    )
    late_at = at + (row.latest_start - at.date()) + DAY
    assert queries.rows(session, [design], at=late_at)[0].late
    for stage in driven.STAGES[1:4]:
        driven.take(session, house, design, stage, at)
    (begun,) = queries.rows(session, [design], at=late_at)
    assert (begun.stage, begun.late, [item.stage for item in begun.stages]) == ("designing", False, ["concept"])
    assert queries.of_order(session, design.task.line.order) == [design]
