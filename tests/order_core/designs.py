"""Designs and changes driven as far as a test needs them, each step by the department whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.execution.change import effect
from order_core.execution.change import service as changes
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Effectivity
from order_core.execution.design import drafting, planning, review
from order_core.execution.design import service as designs
from order_core.execution.design.drafting import Paper
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.design.rules import REVIEWERS, Need, Trait
from order_core.execution.models import Order
from order_core.kernel.plan import Action
from order_core.parties.models import Person
from tests.order_core import orders
from tests.order_core.conftest import House

DAY = timedelta(days=1)
STAGES = ("opened", "assigned", "planned", "designing", "in_review", "released")
NEEDS = (Need("N1", "quieter than 38 dB", True), Need("N2", "door opens to the left", False))
QUIET = Trait(code="C1", name="noise", target=36, upper=38, unit="dB(A)", method="IEC 60704-2-14", needs=("N1",))
LEFT = Trait(code="C2", name="door hinges", kind="yes_no", method="drawing check", needs=("N2",))
DRAWING = Paper("RF-520 drawing", "vault:RF-520/A", "ab" * 32, 48_213)


def developer(session: Session) -> Person:
    """A second person of R&D, who is not its head."""
    known = session.scalars(select(Person).where(Person.email == "dev@house.test")).first()
    if known is None:
        known = Person(name="Dev", email="dev@house.test", department_code="RND", roles=["staff"])
        session.add(known)
        session.flush()
    return known


def ordered(session: Session, house: House, at: datetime, **line: Any) -> Order:
    """An order that R&D has confirmed too: its one line needs design."""
    return orders.until(session, house, "confirmed", at, orders.line(house, at, new_design=True, **line))


def opened(session: Session, house: House, at: datetime, order: Order | None = None) -> Design:
    """The design of a new task of an order."""
    order = order or ordered(session, house, at)
    designs.open_tasks(session, order, by=house.actor("SAL"), at=at)
    task = session.scalars(select(DesignTask).where(DesignTask.line_id == order.lines[0].id)).one()
    return task.designs[0]


def action(owner: int, due: date, **values: Any) -> Action:
    """A stage that lacks nothing."""
    facts: dict[str, Any] = {"stage": "concept", "goal": "a concept", "measure": "it is chosen"}
    return Action(**facts | {"owner": owner, "due": due} | values)


def take(session: Session, house: House, design: Design, stage: str, at: datetime) -> None:
    """The step that leads to a stage from the one before."""
    dev, rnd = developer(session), house.actor("RND")
    if stage == "assigned":
        designs.assign(session, design, dev.id, by=rnd, at=at)
    elif stage == "planned":
        planning.set_stages(session, design, [action(dev.id, (at + 3 * DAY).date())], by=dev.actor(), at=at)
        planning.approve(session, design, by=rnd, at=at)
    elif stage == "designing":
        planning.begin(session, design, by=dev.actor(), at=at)
    elif stage == "in_review":
        written(session, house, design, at)
        submitted(session, design, at)
    elif stage == "released":
        agreed(session, house, design, at)
        review.release(session, design, by=rnd, at=at)


def until(session: Session, house: House, stage: str, at: datetime, order: Order | None = None) -> Design:
    """A design whose task has come to this stage."""
    design = opened(session, house, at, order)
    for passed in STAGES[1 : STAGES.index(stage) + 1]:
        take(session, house, design, passed, at)
    return design


def written(
    session: Session, house: House, design: Design, at: datetime, traits: Sequence[Trait] = (QUIET, LEFT)
) -> None:
    """Needs, characteristics and a document: enough to be reviewed."""
    dev = developer(session).actor()
    designs.record_needs(session, design, NEEDS, by=dev, at=at)
    drafting.set_characteristics(session, design, traits, by=dev, at=at)
    drafting.set_documents(session, design, [DRAWING], by=dev, at=at)


def submitted(session: Session, design: Design, at: datetime) -> None:
    """Put to review tomorrow by the developer."""
    by = developer(session).actor()
    review.submit(session, design, meets_on=(at + DAY).date(), place="room 3", by=by, at=at)


def agreed(session: Session, house: House, design: Design, at: datetime, *departments: str) -> None:
    """The meeting is held and these departments (default: all four) agree."""
    if design.reviews[-1].held_at is None:
        people = [house.people[code].id for code in REVIEWERS]
        review.hold(session, design, people, "", by=developer(session).actor(), at=at)
    for code in departments or REVIEWERS:
        review.opine(session, design, "approve", "", by=house.actor(code), at=at)


def catalogue_design(session: Session, house: House, at: datetime) -> Design:
    """The released design of a model that is made already."""
    dev = developer(session).actor()
    design = designs.take_over(session, "RF-520", "RF-520", by=dev, at=at)
    drafting.set_characteristics(
        session, design, [Trait(code="C1", name="noise", target=36, upper=38, unit="dB(A)", method="IEC 60704")],
        by=dev, at=at,
    )  # fmt: skip
    drafting.set_documents(session, design, [DRAWING], by=dev, at=at)
    submitted(session, design, at)
    take(session, house, design, "released", at)
    return design


def asked(session: Session, house: House, at: datetime) -> ChangeRequest:
    """A change that quality asks for."""
    return changes.ask(
        session, reason="drain heater fails", model_code="RF-520", quality_issue_id=None, by=house.actor("QUA"), at=at
    )


def drawn_up(session: Session, house: House, at: datetime, design: Design, **values: Any) -> ChangeRequest:
    """A change of a design that R&D has drawn up."""
    change = asked(session, house, at)
    facts: dict[str, Any] = {
        "design": design,
        "cause": "quality",
        "scope": "heater with two windings",
        "ready_on": (at + 10 * DAY).date(),
        "development": 80_000,
        "effectivity": Effectivity("date", at.date().isoformat()),
        "by": developer(session).actor(),
        "at": at,
    }
    effect.draw_up(session, change, **facts | values)
    return change


def with_effect(session: Session, house: House, change: ChangeRequest, at: datetime) -> None:
    """Production and sales give their parts of the effect."""
    effect.give_production(session, change, scrap=30_000, open_work=20_000, by=house.actor("PRO"), at=at)
    effect.give_sales(session, change, customer=0, by=house.actor("SAL"), at=at)


def approved(session: Session, house: House, change: ChangeRequest, at: datetime) -> None:
    """Effect given, submitted, signed, approved."""
    with_effect(session, house, change, at)
    changes.submit(session, change, by=developer(session).actor(), at=at)
    for code in ("PRO", "SAL", "RND"):
        changes.opine(session, change, "approve", "", by=house.actor(code), at=at)
    changes.approve(session, change, by=house.actor("RND"), at=at)


def revised(session: Session, house: House, change: ChangeRequest, at: datetime) -> Design:
    """The next revision under an approved change, released."""
    new = changes.revise(session, change, by=developer(session).actor(), at=at)
    submitted(session, new, at)
    take(session, house, new, "released", at)
    return new
