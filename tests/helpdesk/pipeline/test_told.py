"""The customer hears of what he may see and of nothing that is others' (1.3-a); one timeline for all (1.3-c)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.dispatch.models import Visit
from helpdesk.now import wall
from helpdesk.pipeline import queries, told
from order_core.execution import service as orders
from order_core.execution.models import Order, OrderLine
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, Customer, Person
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.machines import machines
from order_core.rulebook.roles import GRANTS
from tests.helpdesk.conftest import As

SOON = timedelta(hours=2)


def smiths_contact(session: Session) -> ContactPerson:
    return session.scalars(select(ContactPerson).where(ContactPerson.phone == "+14155550003")).one()


@pytest.fixture
def confirmed(company: Any, session: Session, app: Any) -> Order:
    """An order of Smith's, confirmed by every department just now."""
    at, smith = wall(), smiths_contact(session)
    site = session.get_one(Customer, smith.customer_id).sites[0]
    line = OrderLine(model_code="WM-900", specification="WM-900, standard", quantity=1,
                     due_on=(at + timedelta(days=30)).date(), site_id=site.id)  # fmt: skip
    by = {code: session.scalars(select(Person).where(Person.department_code == code, Person.head)).first()
          for code in DEPARTMENTS}  # fmt: skip
    actors = {code: person.actor() for code, person in by.items() if person}
    order = orders.draft(session, customer_id=smith.customer_id, agreement="CT-0100", lines=[line], by=actors["SAL"],
                         at=at)  # fmt: skip
    orders.issue(session, order, by=actors["SAL"], at=at)
    for code in ("PRO", "QUA", "LOG", "AFS"):
        orders.confirm(session, order, by=actors[code], at=at)
    session.commit()
    return order


@pytest.mark.clause("1.3-a")
def test_a_step_that_the_customer_may_see_and_was_not_told_of_is_counted(confirmed: Order, session: Session) -> None:
    at = wall()
    before = told.untold_steps(session, at + SOON)
    assert told.untold_steps(session, at) == before - 1, "a message has an hour to be written"
    smith = smiths_contact(session)
    params = {"order": confirmed.number, "on": confirmed.committed_on, "zone": "UTC"}
    channels.send(session, contact=smith, to=str(smith.phone), purpose="order.confirmed", params=params,
                  language=smith.language, at=at + timedelta(minutes=1))  # fmt: skip
    session.flush()
    assert told.untold_steps(session, at + SOON) < before
    assert told.untold_steps(session, at + timedelta(days=60)) == 0, "what is long past is not looked at"


@pytest.mark.clause("1.3-a")
def test_the_demo_companys_customers_heard_of_quotes_orders_and_tickets(
    company: Any, session: Session, at: datetime
) -> None:
    assert told.untold_steps(session, at + SOON) == 0
    for purpose in ("quote.sent", "order.confirmed"):
        heard = session.scalars(
            select(Message).where(Message.purpose == purpose).order_by(Message.created_at.desc())
        ).first()
        assert heard is not None
        heard.purpose = "visit.reminder"
        session.flush()
        assert told.untold_steps(session, at + SOON) == 1, "without its message the step is counted"
        heard.purpose = purpose
        session.flush()


@pytest.mark.clause("1.3-a")
def test_a_visit_is_told_to_its_customer_in_his_language(visit: Visit, session: Session) -> None:
    sent = session.scalars(select(Message).where(Message.issue_id == visit.issue_id, Message.direction == "out")).all()
    contact = session.get_one(ContactPerson, visit.issue.contact_id)
    assert {message.purpose for message in sent} >= {"visit.booked", "visit.assigned"}
    assert {(message.language, message.to_number) for message in sent} == {(contact.language, contact.phone)}


@pytest.mark.clause("1.3-a")
def test_a_customer_hears_of_his_own_orders_and_of_nobody_elses(confirmed: Order, session: Session) -> None:
    for contact in session.scalars(select(ContactPerson)):
        status = queries.order_status_for(session, contact)
        if status is not None:
            owner = session.scalars(select(Order.customer_id).where(Order.number == status.number)).one()
            assert owner == contact.customer_id
    stranger = ContactPerson(name="Eve", phone="+85290000000")
    customer = Customer(name="Eve", number="K-EVE", contacts=[stranger])
    session.add(customer)
    session.flush()
    assert queries.order_status_for(session, stranger) is None


def test_the_machines_say_which_steps_a_customer_hears_of() -> None:
    seen = {name: told.visible_steps(name) for name in machines()}
    assert {"confirm", "deliver", "amend", "refuse", "cancel"} == set(seen["Order"])
    assert {"assign", "close", "reopen"} == set(seen["Issue"])
    assert seen["Risk"] == []


@pytest.mark.clause("1.3-c")
def test_every_department_reads_the_one_timeline_of_an_order(confirmed: Order, as_: As) -> None:
    """Every department may open it, and what they see there is the same."""
    everybody = [Actor(kind="person", id=1, department=code) for code in DEPARTMENTS if code != "AFS"]
    everybody.append(Actor(kind="person", id=1, department="AFS", roles=frozenset({"afs_head"})))
    assert [actor.department for actor in everybody if not GRANTS.may(actor, "order.read")] == []
    seen = set()
    for who in ("sal", "hua", "log"):
        reader = as_(who)
        reader.post("/language", {"language": "en"})
        page = reader.get(f"/orders/{confirmed.number}").get_data(as_text=True)
        seen.add(page[page.index('<ol class="timeline">') : page.index("</ol>", page.index('<ol class="timeline">'))])
    assert len(seen) == 1
    assert "3.1.2-c" in seen.pop()


@pytest.mark.clause("1.3-d")
def test_each_indicator_says_its_period_its_records_and_its_newest_datum(
    company: Any, session: Session, as_: As, ticket: Issue
) -> None:
    from order_core.performance import service as performance

    at = wall()
    found = {row.code: row for row in performance.indicators(session, at=at)}
    assert {row.until for row in found.values()} == {at}
    assert {code for code, row in found.items() if row.since is None} == {"QC-OPEN"}, "one is of the moment"
    for row in found.values():
        assert row.newest is None or _within(row.newest, row.since, at), row.code
        assert row.count > 0 or row.value in (None, 0.0), "a figure of no record"
    assert "–" in as_("hua").get("/performance").get_data(as_text=True)


def _within(moment: datetime, since: datetime | None, until: datetime) -> bool:
    return (since is None or since <= moment) and moment <= until
