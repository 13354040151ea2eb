"""A released design changes through an approved change alone, whose effect was given, whose holders know of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.quote.models import SupplyTerms
from order_core.errors import Conflict, Forbidden, Invalid, Refusal
from order_core.execution import service
from order_core.execution.change import acknowledge, affected, effect, impact, measures, queries, rules
from order_core.execution.change import service as changes
from order_core.execution.change.affected import Held
from order_core.execution.change.lifecycle import APPROVAL, CHANGE, content
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Effectivity
from order_core.execution.design import drafting, points
from order_core.execution.design import queries as design_queries
from order_core.execution.design import service as designs
from order_core.execution.design.models import Design
from order_core.execution.design.rules import working_days_after, working_days_between
from order_core.kernel import clock, sign, stock
from order_core.kernel.actor import WORKER
from order_core.kernel.case import history, state_faults
from order_core.kernel.clock import Clock
from order_core.kernel.ledger import StockLocation
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.inforce import SHIPPED
from tests.order_core import designs as driven
from tests.order_core import orders
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.designs import DAY
from tests.order_core.test_design import told

CALENDAR = house_calendar()


@pytest.fixture
def design(session: Session, house: House, at: datetime) -> Design:
    """The released design of the RF-520."""
    design = driven.catalogue_design(session, house, at - 100 * DAY)
    session.commit()
    return design


@pytest.fixture
def change(session: Session, house: House, at: datetime, design: Design) -> ChangeRequest:
    """A change of it, drawn up; its effect is not given yet."""
    change = driven.drawn_up(session, house, at, design)
    session.commit()
    return change


def submit(session: Session, change: ChangeRequest, at: datetime) -> None:
    changes.submit(session, change, by=driven.developer(session).actor(), at=at)


@pytest.mark.clause("3.2.3-a")
def test_what_a_change_is_asked_with(session: Session, house: House, at: datetime) -> None:
    facts: dict[str, Any] = {"reason": "x", "model_code": "RF-520", "quality_issue_id": None, "origin": "customer"}
    for values, field in (({"reason": " "}, "reason"), ({"model_code": "XX"}, "model"), ({"origin": "?"}, "origin")):
        with pytest.raises(Invalid) as refused:
            changes.ask(session, by=house.actor("SAL"), at=at, **facts | values)
        assert refused.value.field == field
    change = changes.ask(session, by=house.actor("SAL"), at=at, **facts)
    assert (change.state, change.origin, told(session, "change.asked")) == ("draft", "customer", ["RND"])


@pytest.mark.clause("3.2.3-a")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cause": "mood"}, "cause"),
        ({"scope": " "}, "scope"),
        ({"development": -1}, "development"),
        ({"effectivity": Effectivity("date", "")}, "effective_from"),
    ],
)
def test_a_change_is_drawn_up_with_cause_scope_and_effectivity(
    session: Session, house: House, at: datetime, design: Design, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        driven.drawn_up(session, house, at, design, **values)
    assert refused.value.field == field


@pytest.mark.clause("3.2.3-a")
def test_a_change_is_of_a_released_design_and_drawn_up_by_r_and_d(
    session: Session, house: House, at: datetime, design: Design
) -> None:
    with pytest.raises(Forbidden):
        driven.drawn_up(session, house, at, design, by=house.actor("QUA"))
    draft = driven.opened(session, house, at)
    with pytest.raises(Conflict, match=r"change\.design"):
        driven.drawn_up(session, house, at, draft)


@pytest.mark.clause("3.2.3-b")
def test_production_and_sales_give_the_effect_and_r_and_d_alone_gets_nowhere(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    rnd, pro, sal = house.actor("RND"), house.actor("PRO"), house.actor("SAL")
    assert told(session, "change.effect_asked") == ["PRO", "SAL"]
    for by in (rnd, sal):
        with pytest.raises(Forbidden):
            effect.give_production(session, change, scrap=1, open_work=1, by=by, at=at)
    for by in (rnd, pro):
        with pytest.raises(Forbidden):
            effect.give_sales(session, change, customer=1, by=by, at=at)
    with pytest.raises(Invalid) as nothing:
        submit(session, change, at)
    assert (nothing.value.code, nothing.value.params) == ("change.effect", {"department": "PRO"})
    effect.give_production(session, change, scrap=30_000, open_work=20_000, by=pro, at=at)
    with pytest.raises(Invalid) as half:
        submit(session, change, at)
    assert half.value.params == {"department": "SAL"}
    with pytest.raises(Invalid):
        effect.give_sales(session, change, customer=-1, by=sal, at=at)
    effect.give_sales(session, change, customer=5_000, by=sal, at=at)
    submit(session, change, at)
    assert (change.state, change.impact_days, change.impact_cost) == ("in_review", 0, 80_000 + 30_000 + 20_000 + 5_000)
    assert told(session, "change.to_sign") == ["PRO", "RND", "SAL"]


def terms(session: Session, at: datetime, **values: int) -> None:
    """What the refrigerator's line can do: five a working day, made in ten, on the road for two."""
    days = {"material_days": 0, "per_day": 5, "cycle_days": 10, "transport_days": 2} | values
    session.add(SupplyTerms(model_code="RF-520", changed_at=at, changed_by=None, **days))
    session.flush()


@pytest.mark.clause("3.2.3-b")
def test_days_are_computed_by_replanning_the_open_orders_it_applies_to(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    """Nobody types them: the design comes, ten working days of making follow, two days on the road."""
    terms(session, at)
    soon = orders.until(session, house, "executing", at, orders.line(house, at, due_on=(at + 20 * DAY).date()))
    later = orders.until(session, house, "confirmed", at, orders.line(house, at, due_on=(at + 90 * DAY).date()))
    orders.until(session, house, "delivered", at)
    driven.ordered(session, house, at)  # a design of its own: not this one
    driven.with_effect(session, house, change, at)
    assert change.ready_on is not None
    before, there = (at + 20 * DAY).date(), working_days_after(change.ready_on, 10, CALENDAR) + 2 * DAY
    days = working_days_between(before, there, CALENDAR)
    assert days > 0
    assert [(m.number, m.before, m.after, m.days) for m in change.moved] == [
        (soon.number, before, there, days),
        (later.number, (at + 90 * DAY).date(), (at + 90 * DAY).date(), 0),
    ]
    assert change.impact_days == days


@pytest.mark.clause("3.2.3-b")
def test_orders_share_the_capacity_and_the_most_urgent_comes_first(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    terms(session, at, per_day=1, cycle_days=0, transport_days=0)
    for due in (9, 8, 7):
        orders.until(session, house, "confirmed", at, orders.line(house, at, due_on=(at + due * DAY).date()))
    driven.with_effect(session, house, change, at)
    assert change.ready_on is not None
    after = [moved.after for moved in change.moved]
    assert after == sorted(after, reverse=True)
    assert [working_days_between(change.ready_on, day, CALENDAR) for day in sorted(after)] == [0, 1, 2]


@pytest.mark.clause("3.2.3-b")
def test_orders_before_its_effectivity_are_not_moved(
    session: Session, house: House, at: datetime, design: Design
) -> None:
    terms(session, at)
    order = orders.until(session, house, "confirmed", at, orders.line(house, at, due_on=(at + 20 * DAY).date()))
    for stated, moved in (
        (Effectivity("date", (at + 60 * DAY).date().isoformat()), []),
        (Effectivity("order", "O26-99999"), []),
        (Effectivity("order", "O26-00001"), [order.number]),
        (Effectivity("serial", "RF520-30000000"), [order.number]),
    ):
        change = driven.drawn_up(session, house, at, design, effectivity=stated)
        driven.with_effect(session, house, change, at)
        assert [m.number for m in change.moved] == moved
        assert (change.impact_days or 0) > 0 if moved else change.impact_days == 0


@pytest.mark.clause("3.2.3-b")
def test_the_old_part_is_counted_in_the_ledger(session: Session, house: House, at: datetime, design: Design) -> None:
    session.add_all(
        [StockLocation(code="S", kind="supplier", external=True), StockLocation(code="W", kind="warehouse"),
         StockLocation(code="V", kind="van")]
    )  # fmt: skip
    session.flush()
    for place, units in (("W", 7), ("V", 2)):
        stock.move(session, "DH-210", units, source="S", target=place, reason="receipt", by=WORKER, at=at)
    change = driven.drawn_up(session, house, at, design, old_item="DH-210", old_item_value=1_500)
    driven.with_effect(session, house, change, at)
    assert change.costs["stock"] == 9 * 1_500
    stock.move(session, "DH-210", 7, source="W", target="S", reason="return", by=WORKER, at=at)
    submit(session, change, at)
    assert change.costs["stock"] == 2 * 1_500, "counted anew when it is submitted"
    assert change.impact_cost == rules.total(change.costs)


@pytest.mark.clause("3.2.3-a", "3.2.3-b")
def test_a_dear_change_needs_the_head_of_management(
    session: Session, house: House, at: datetime, design: Design
) -> None:
    change = driven.drawn_up(session, house, at, design, development=int(SHIPPED.threshold("change_cost_management")))
    driven.with_effect(session, house, change, at)
    submit(session, change, at)
    for code in ("PRO", "SAL", "RND"):
        changes.opine(session, change, "approve", "", by=house.actor(code), at=at)
    with pytest.raises(Conflict) as refused:
        changes.approve(session, change, by=house.actor("RND"), at=at)
    assert refused.value.params == {"departments": "MGT:head"}
    clerk = replace(house.actor("MGT"), head=False)
    with pytest.raises(Forbidden):
        changes.opine(session, change, "approve", "", by=clerk, at=at)
    changes.opine(session, change, "approve", "", by=house.actor("MGT"), at=at)
    changes.approve(session, change, by=house.actor("RND"), at=at)
    assert change.state == "released"


@pytest.mark.clause("3.2.3-a")
def test_drawn_up_anew_its_effect_is_asked_again(
    session: Session, house: House, at: datetime, design: Design, change: ChangeRequest
) -> None:
    driven.with_effect(session, house, change, at)
    effect.draw_up(
        session, change, design=design, cause="cost", scope="another heater", ready_on=change.ready_on or at.date(),
        development=1, effectivity=Effectivity("date", "2027-01-01"), by=house.actor("RND"), at=at,
    )  # fmt: skip
    assert (change.given, change.impact_days, change.impact_cost, change.moved) == ({}, None, 1, [])
    with pytest.raises(Invalid, match=r"change\.effect"):
        submit(session, change, at)


@pytest.mark.clause("3.2.2-c", "3.2.3-b")
def test_sent_back_with_points_it_is_signed_anew(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    driven.with_effect(session, house, change, at)
    submit(session, change, at)
    changes.opine(session, change, "approve", "", by=house.actor("PRO"), at=at)
    with pytest.raises(Invalid):
        changes.opine(session, change, "reject", "", by=house.actor("SAL"), at=at)
    with pytest.raises(Invalid, match=r"design\.points"):
        changes.send_back(session, change, by=house.actor("SAL"), at=at)
    facts: dict[str, Any] = {"goal": "tell the customer", "measure": "call noted", "mandatory": True}
    facts |= {"owner": house.people["SAL"].id, "due": at.date() + DAY, "at": at}
    with pytest.raises(Forbidden):
        changes.suggest(session, change, by=house.actor("LOG"), **facts)
    changes.suggest(session, change, by=house.actor("SAL"), **facts)
    changes.send_back(session, change, by=house.actor("SAL"), at=at)
    submit(session, change, at)
    sign_off = sign.for_purpose(session, change, APPROVAL)
    assert sign_off is not None
    assert sign.open_parties(sign_off) == ["PRO", "RND", "SAL"]
    for code in ("PRO", "SAL", "RND"):
        changes.opine(session, change, "approve", "", by=house.actor(code), at=at)
    with pytest.raises(Conflict, match=r"design\.open_point"):
        changes.approve(session, change, by=house.actor("RND"), at=at)
    points.settle(session, change, 1, "done", "called", by=house.actor("SAL"), at=at)
    changes.approve(session, change, by=house.actor("RND"), at=at)
    assert change.state == "released"


STEPS = ("production", "sales", "submit", "opine", "reject", "approve", "draw_up")
WAY = (("production", "PRO"), ("sales", "SAL"), ("submit", "RND"), *(("opine", code) for code in rules.SIGNERS))
others = st.tuples(st.sampled_from(STEPS), st.sampled_from(("PRO", "RND", "SAL", "QUA")))


@on_database
@pytest.mark.clause("3.2.3-b")
@given(strays=st.lists(st.tuples(st.integers(0, len(WAY)), others), max_size=5))
def test_a_walk_leads_to_approval_exactly_with_days_money_and_the_word_of_production_and_sales(
    session: Session, house: House, at: datetime, design: Design, change: ChangeRequest, strays: list[Any]
) -> None:
    """The straight way with other deeds thrown in anywhere."""
    walk = [*WAY]
    for place, stray in sorted(strays, reverse=True):
        walk.insert(place, stray)
    with undone(session):
        for step, code in [*walk, ("approve", "RND")]:
            ready = is_ready(session, change)
            with suppress(Refusal), session.begin_nested():
                take(session, house, design, change, step, code, at)
            if step == "approve" and code == "RND":
                assert (change.state == "released") == ready, walk
            if change.state == "released":
                assert (step, code) == ("approve", "RND")
                assert queries.approved_without_effect(session, at) == 0
                return


def is_ready(session: Session, change: ChangeRequest) -> bool:
    """The rule said once more, from the records."""
    sign_off = sign.for_purpose(session, change, APPROVAL)
    if change.state != "in_review" or sign_off is None or change.impact_days is None:
        return False
    assert set(change.given) == {"PRO", "SAL"}
    assert change.impact_cost == rules.total(change.costs)
    digest = sign.digest_of(content(change))
    last = {s.party: s.verdict for s in sign_off.signatures if s.digest == digest}
    return all(last.get(code) == "approve" for code in rules.SIGNERS)


def take(
    session: Session, house: House, design: Design, change: ChangeRequest, step: str, code: str, at: datetime
) -> None:
    by = house.actor(code)
    if step == "production":
        effect.give_production(session, change, scrap=1, open_work=2, by=by, at=at)
    elif step == "sales":
        effect.give_sales(session, change, customer=3, by=by, at=at)
    elif step == "submit":
        submit(session, change, at)
    elif step in ("opine", "reject"):
        changes.opine(session, change, "approve" if step == "opine" else "reject", "words", by=by, at=at)
    elif step == "approve":
        changes.approve(session, change, by=by, at=at)
    else:
        effect.draw_up(
            session, change, design=design, cause="cost", scope="another", ready_on=at.date() + DAY, development=1,
            effectivity=Effectivity("date", "2027-01-01"), by=by, at=at,
        )  # fmt: skip


@pytest.mark.clause("3.2.3-c")
def test_every_department_that_holds_an_affected_record_is_told_and_nobody_else(
    session: Session, house: House, at: datetime, change: ChangeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    making = orders.until(session, house, "executing", at)
    asked = orders.until(session, house, "issued", at)
    monkeypatch.setattr(affected, "HOLDERS", [*affected.HOLDERS])
    affected.holds(lambda _session, _change: [Held("PUR", "purchase", "PO26-1"), Held("LOG", "shipment", "L26-1")])
    driven.approved(session, house, change, at)
    assert {n.department: [r["number"] for r in n.records] for n in change.notices} == {
        "LOG": ["L26-1"],
        "PRO": [making.number],
        "PUR": ["PO26-1"],
        "SAL": [making.number, asked.number],
    }
    assert told(session, "change.affects") == ["LOG", "PRO", "PUR", "SAL"]
    running = session.scalars(select(Clock).where(Clock.policy == "T-05")).all()
    assert sorted(str(row.party) for row in running) == ["LOG", "PRO", "PUR", "SAL"]
    assert {row.due_at for row in running} == {CALENDAR.add(at, timedelta(hours=4))}


@pytest.mark.clause("3.2.3-c")
def test_the_customer_is_told_of_a_date_that_moves_and_only_then(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    terms(session, at)
    soon = orders.until(session, house, "executing", at, orders.line(house, at, due_on=(at + 20 * DAY).date()))
    later = orders.until(session, house, "confirmed", at, orders.line(house, at, due_on=(at + 90 * DAY).date()))
    driven.approved(session, house, change, at)
    (moved,) = [m for m in change.moved if m.days > 0]
    assert told(session, "change.moves") == ["SAL"]
    assert [one.number for one in queries.unworked(session, change)] == [soon.number]
    before = told_customers(session)
    service.amend(session, later, change.number, by=house.actor("SAL"), at=at)
    service.amend(session, soon, change.number, by=house.actor("SAL"), at=at)
    assert soon.promised_on is not None
    assert working_days_between(moved.before, soon.promised_on, CALENDAR) == moved.days
    assert later.promised_on == (at + 90 * DAY).date(), "it is looked at, and keeps its date"
    steps = [history(session, order)[-1] for order in (later, soon)]
    assert told_customers(session)[len(before) :] == [(order.id, "amend") for order in (later, soon)]
    assert [(entry.data or {})["days"] for entry in steps] == [0, moved.days]
    assert queries.unworked(session, change) == []


@pytest.mark.clause("3.2.3-c")
def test_implementation_waits_for_acknowledgements_or_goes_up(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    orders.until(session, house, "executing", at)
    driven.approved(session, house, change, at)
    driven.revised(session, house, change, at)
    rnd = house.actor("RND")
    with pytest.raises(Conflict) as waits:
        changes.implement(session, change, by=rnd, at=at)
    assert (waits.value.code, waits.value.params) == ("change.unacknowledged", {"departments": "PRO, SAL"})
    with pytest.raises(Forbidden):
        acknowledge.acknowledge(session, change, "", by=house.actor("LOG"), at=at)
    acknowledge.acknowledge(session, change, "next lot", by=house.actor("PRO"), at=at + timedelta(hours=1))
    with pytest.raises(Conflict):
        acknowledge.acknowledge(session, change, "", by=house.actor("PRO"), at=at)
    with pytest.raises(Conflict, match=r"change\.unacknowledged"):
        changes.implement(session, change, by=rnd, at=at)
    clock.fire_due(session, at=at + 3 * DAY, calendar=CALENDAR)
    assert acknowledge.escalated(session, change) == {"SAL"}
    assert set(told(session, "clock.breach")) == {"RND", "MGT"}
    assert queries.acknowledgements_overdue(session, at + 3 * DAY) == 1
    changes.implement(session, change, by=rnd, at=at + 3 * DAY)
    assert change.state == "superseded"
    figure = measures.acknowledgement_delay(session, at - DAY, at + DAY)
    assert (figure.value, figure.count) == (0.5, 1), "from noon to one, lunch taken out"


@pytest.mark.clause("3.2.3-c")
def test_who_holds_records_only_since_the_approval_is_told_and_waited_for(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    driven.approved(session, house, change, at)
    assert change.notices == []
    first = orders.until(session, house, "issued", at)
    driven.revised(session, house, change, at)
    rnd = house.actor("RND")
    assert not changes.implement(session, change, by=rnd, at=at)
    assert (change.state, [n.department for n in change.notices]) == ("released", ["SAL"])
    with pytest.raises(Conflict, match=r"change\.unacknowledged"):
        changes.implement(session, change, by=rnd, at=at)
    acknowledge.acknowledge(session, change, "", by=house.actor("SAL"), at=at)
    second = orders.until(session, house, "issued", at)
    assert changes.implement(session, change, by=rnd, at=at)
    assert [row["number"] for row in change.notices[0].records] == [first.number, second.number]
    assert told(session, "change.affects") == ["SAL", "SAL"]


@pytest.mark.clause("3.2.3-c", "1.3-c")
def test_no_change_is_implemented_while_an_order_that_it_moves_knows_nothing_of_it(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    terms(session, at)
    soon = orders.until(session, house, "confirmed", at, orders.line(house, at, due_on=(at + 20 * DAY).date()))
    driven.approved(session, house, change, at)
    (moves,) = session.scalars(select(Notice).where(Notice.key == "change.moves"))
    assert (moves.due_at is not None, moves.escalate_to) == (True, "MGT")
    driven.revised(session, house, change, at)
    for notice in change.notices:
        acknowledge.acknowledge(session, change, "", by=house.actor(notice.department), at=at)
    with pytest.raises(Conflict) as refused:
        changes.implement(session, change, by=house.actor("RND"), at=at)
    assert (refused.value.code, refused.value.params) == ("change.unworked", {"orders": soon.number})
    service.amend(session, soon, change.number, by=house.actor("SAL"), at=at)
    assert changes.implement(session, change, by=house.actor("RND"), at=at)


@pytest.mark.clause("3.2.3-c")
def test_stock_of_the_changed_model_is_an_affected_record(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    places = {"S": "supplier", "W": "warehouse", "V": "van"}
    session.add_all([StockLocation(code=code, kind=kind, external=code == "S") for code, kind in places.items()])
    session.flush()
    for place in ("W", "V"):
        stock.move(session, "RF-520", 1, source="S", target=place, reason="receipt", by=WORKER, at=at)
    found = {code: [record.number for record in held] for code, held in affected.held(session, change).items()}
    assert found == {"AFS": ["V"], "LOG": ["W"]}


@pytest.mark.clause("3.2.3-a")
def test_the_new_revision_takes_the_old_ones_place_from_where_it_says_and_the_old_one_stays_readable(
    session: Session, house: House, at: datetime, design: Design, change: ChangeRequest
) -> None:
    dev = driven.developer(session).actor()
    with pytest.raises(Conflict, match=r"design\.change_needed"):
        changes.revise(session, change, by=dev, at=at)
    with pytest.raises(Conflict, match=r"design\.change_needed"):
        designs.take_over(session, "RF-520", "RF-520", by=dev, at=at)
    driven.approved(session, house, change, at)
    with pytest.raises(Forbidden):
        changes.revise(session, change, by=house.actor("PRO"), at=at)
    new = changes.revise(session, change, by=dev, at=at)
    with pytest.raises(Conflict, match=r"design\.has_successor"):
        changes.revise(session, change, by=dev, at=at)
    with pytest.raises(Conflict, match=r"design\.no_successor"):
        changes.implement(session, change, by=house.actor("RND"), at=at)
    quieter = [replace(trait, target=33) for trait in new.traits]
    drafting.set_characteristics(session, new, quieter, by=dev, at=at)
    driven.submitted(session, new, at)
    driven.take(session, house, new, "released", at)
    for notice in change.notices:
        acknowledge.acknowledge(session, change, "", by=house.actor(notice.department), at=at)
    changes.implement(session, change, by=house.actor("RND"), at=at)
    assert [(d.state, d.revision, d.traits[0].target) for d in design_queries.chain(session, new)] == [
        ("superseded", 1, 36),
        ("released", 2, 33),
    ]
    yesterday, today = at.date() - DAY, at.date()
    assert queries.design_for(session, "RF-520", on=yesterday) is design
    assert queries.design_for(session, "RF-520", on=today) is new
    assert queries.design_for(session, "RF-520", serial="RF520-1") is design, "its day is not known"
    assert history(session, change)[-1].data == {"by": "date", "from": today.isoformat(), "to": None}
    assert state_faults(session) == []
    assert design_queries.changed_without_approval(session, at) == 0


@pytest.mark.clause("3.2.3-a")
def test_an_implemented_change_is_verified_by_somebody_else(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    with pytest.raises(Conflict):
        changes.verify(session, change, "no failure", by=house.actor("QUA"), at=at)
    driven.approved(session, house, change, at)
    driven.revised(session, house, change, at)
    changes.implement(session, change, by=house.actor("RND"), at=at)
    with pytest.raises(Forbidden):
        changes.verify(session, change, "no failure", by=house.actor("RND"), at=at)
    with pytest.raises(Invalid):
        changes.verify(session, change, " ", by=house.actor("QUA"), at=at)
    changes.verify(session, change, "no failure in 1,000 cycles", by=house.actor("QUA"), at=at)
    with pytest.raises(Conflict):
        changes.verify(session, change, "again", by=house.actor("QUA"), at=at)
    assert change.verified_at == at


def test_a_change_nobody_wants_is_refused_with_a_reason_and_whoever_asked_is_told(
    session: Session, house: House, at: datetime, change: ChangeRequest
) -> None:
    with pytest.raises(Invalid):
        changes.refuse(session, change, "", by=house.actor("RND"), at=at)
    changes.refuse(session, change, "cured by the supplier", by=house.actor("RND"), at=at)
    assert (change.state, told(session, "change.refused")) == ("withdrawn", [str(house.people["QUA"].id)])
    with pytest.raises(Conflict):
        changes.opine(session, change, "approve", "", by=house.actor("PRO"), at=at)
    with pytest.raises(Conflict, match=r"change\.frozen"):
        effect.give_sales(session, change, customer=1, by=house.actor("SAL"), at=at)


@pytest.mark.clause("3.2.3-a", "3.2.3-b")
def test_figures_of_a_period_sum_what_was_approved_in_it(
    session: Session, house: House, at: datetime, design: Design, change: ChangeRequest
) -> None:
    order = orders.until(session, house, "executing", at)
    change.order_id = order.id
    driven.approved(session, house, change, at)
    other = driven.drawn_up(session, house, at, design, cause="cost")
    driven.approved(session, house, other, at + 40 * DAY)
    start, end = at - DAY, at + DAY
    (toll,) = measures.approved(session, start, end)
    assert toll == rules.Toll(order.number, "quality", change.impact_days or 0, change.impact_cost or 0)
    assert measures.days(session, start, end).value == change.impact_days
    assert measures.cost(session, start, end).value == change.impact_cost
    assert measures.changes_per_order(session, start, end).value == 1.0
    assert measures.cost(session, start, end + 60 * DAY).count == 2


def told_customers(session: Session) -> list[tuple[int, str]]:
    """(order, step) of everything that customers are to be told."""
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "customer.tell").order_by(OutboxRow.id))
    return [(row.payload["id"], row.payload["step"]) for row in rows]


def test_an_order_is_replanned_from_the_date_that_holds_of_it(session: Session, house: House, at: datetime) -> None:
    order = orders.drafted(session, house, at)
    assert impact.promised(order) == order.lines[0].due_on
    order.promised_on = date(2027, 1, 4)
    assert impact.promised(order) == date(2027, 1, 4)
    order.projected_on = date(2027, 1, 8)
    assert impact.promised(order) == date(2027, 1, 8)


def test_who_signs_a_change_reviews_it(house: House) -> None:
    cheap = ChangeRequest(reason="x", asked_by=None, signers=["PRO", "RND", "SAL"])
    dear = ChangeRequest(reason="x", asked_by=None, signers=["MGT:head", "PRO", "RND", "SAL"])
    assert [CHANGE.plays(c, "reviewer", house.actor("MGT")) for c in (cheap, dear)] == [False, True]
