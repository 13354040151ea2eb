"""One order from research to released design: a question, a void signature, a change; read in three languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.now import wall
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.research import service as research
from order_core.acquisition.research.rules import FindingFacts
from order_core.execution import confirmation, papers
from order_core.execution import service as orders
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import drafting, review
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.kernel import sign
from order_core.kernel.case import state_faults
from order_core.parties.models import Customer, Person
from order_core.rounds.models import Round
from order_core.rulebook.departments import DEPARTMENTS
from tests.helpdesk.conftest import As
from tests.order_core import designs as driven
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House

QUIET = "Quieter than 38 dB, for a dormitory."


@dataclass(frozen=True)
class Told:
    """The cases of the story."""

    round: Round
    enquiry: Enquiry
    quote: Quote
    order: Order
    design: Design
    change: ChangeRequest
    voided: list[str]


@pytest.fixture
def demo_house(company: Any, session: Session, app: Any) -> House:
    """The demo company as the drivers of the pipeline know a house."""
    heads = session.scalars(select(Person).where(Person.head)).all()
    people = {person.department_code: person for person in heads}
    assert set(people) == set(DEPARTMENTS)
    smith = session.scalars(select(Customer).where(Customer.name.contains("Smith"))).one()
    return House(people, smith, smith.contacts[0], smith.sites[0])


@pytest.fixture
def told(demo_house: House, session: Session) -> Iterator[Told]:
    """The story, each step by the department whose it is."""
    house, at = demo_house, wall()
    turn = session.scalars(select(Round).where(Round.kind == "research", Round.state == "open")).one()
    researcher = session.scalars(select(Person).where(Person.email == "kay@demo.test")).one().actor()
    found = FindingFacts(
        "demand", "trade fair", at.date(), "dormitories ask for quiet refrigerators", models=("RF-520",)
    )
    research.record(session, turn, found, by=researcher, at=at)
    enquiry = deals.classified(session, house, at, QUIET)
    quote = deals.won(session, house, at, enquiry=enquiry)
    order, voided = confirmed(session, house, quote, at)
    task = session.scalars(select(DesignTask).where(DesignTask.line_id == order.lines[0].id)).one()
    design = released(session, house, task.designs[0], at)
    change = driven.drawn_up(session, house, at, design)
    driven.approved(session, house, change, at)
    session.commit()
    yield Told(turn, enquiry, quote, order, design, change, voided)
    session.commit()


def confirmed(session: Session, house: House, quote: Quote, at: datetime) -> tuple[Order, list[str]]:
    """Issued from the won quote, asked about, changed, signed again by those whose part changed; who had to."""
    sal = house.actor("SAL")
    order = orders.draft_from(session, quote.number, by=sal, at=at)
    line = replace(papers.content(order).lines[0], new_design=True, due_on=at.date() + timedelta(days=90))
    orders.edit(session, order, Edit([line]), by=sal, at=at)
    why = dict.fromkeys((d.field for d in papers.differences(session, order)), "agreed with Ms Lin")
    orders.edit(session, order, Edit([line]), by=sal, at=at, explanations=why)
    orders.issue(session, order, by=sal, at=at)
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    assert sign_off is not None
    for code in ("PRO", "LOG", "AFS", "RND"):
        orders.confirm(session, order, by=house.actor(code), at=at)
    query = confirmation.ask_back(session, order, "all thirty at once?", by=house.actor("QUA"), at=at)
    fewer = replace(line, quantity=line.quantity - 2)
    differ = {f"lines.1.{name}": "two fewer beds" for name in ("quantity", "due_on", "new_design")}
    confirmation.answer(
        session, order, query, "two fewer", by=sal, at=at, wanted=Edit([fewer]), explanations=why | differ
    )
    voided = [code for code in sign.open_parties(sign_off) if code in ("PRO", "LOG", "AFS", "RND")]
    for code in sign.open_parties(sign_off):
        orders.confirm(session, order, by=house.actor(code), at=at)
    assert (order.state, order.revision) == ("confirmed", 2)
    return order, voided


def released(session: Session, house: House, design: Design, at: datetime) -> Design:
    """Planned, drawn so that the customer's key need is met, reviewed by four departments, released."""
    for stage in ("assigned", "planned", "designing"):
        driven.take(session, house, design, stage, at)
    developer = driven.developer(session).actor()
    quiet = replace(driven.QUIET, needs=("R1",))
    drafting.set_characteristics(session, design, [quiet], by=developer, at=at)
    drafting.set_documents(session, design, [driven.DRAWING], by=developer, at=at)
    driven.submitted(session, design, at)
    driven.agreed(session, house, design, at)
    review.release(session, design, by=house.actor("RND"), at=at)
    return design


@pytest.mark.clause("1.1", "1.3-c", "2.2.2-b", "3.1.1-a", "3.1.2-b", "3.1.2-c", "3.2.2-a", "3.2.2-b", "3.2.3-b")
def test_the_whole_way_of_an_order_is_read_in_three_languages(told: Told, session: Session, as_: As) -> None:
    assert (told.quote.state, told.order.state, told.design.state, told.change.state) == (
        "won", "confirmed", "released", "released",
    )  # fmt: skip
    assert told.voided == ["LOG", "PRO"], "only those whose part changed signed again"
    assert state_faults(session) == []
    pages = {
        f"/orders/research/{told.round.number}": (told.round.number, None),
        f"/orders/enquiries/{told.enquiry.number}": (QUIET, f"state.Enquiry.{told.enquiry.state}"),
        f"/orders/quotes/{told.quote.number}": (told.quote.number, "state.Quote.won"),
        f"/orders/{told.order.number}": (told.order.number, "state.Order.confirmed"),
        f"/orders/design/{told.design.number}": (told.design.number, None),
        f"/orders/changes/{told.change.number}": (told.change.number, None),
    }
    session.commit()
    sales = as_("sal")
    for language in ("en", "zh-Hant", "zh-Hans"):
        sales.post("/language", {"language": language})
        for path, (words, state) in pages.items():
            answer = sales.get(path)
            text = answer.get_data(as_text=True)
            assert (answer.status_code, words in text) == (200, True), (path, language)
            assert f'lang="{language}"' in text
            if state is not None:
                assert i18n.translate(language, state) in text, (path, language)
