"""From any record to its order and back, in one query (1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from order_core import chain
from order_core.acquisition.enquiry.models import Requirement
from order_core.aftersales import surveys
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.quality import ask_design_change
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import stock
from order_core.kernel.actor import WORKER
from order_core.kernel.ledger import StockLocation
from order_core.performance import chain as declared
from tests.order_core import designs
from tests.order_core.acquisition import deals
from tests.order_core.conftest import AGENT, House, on_database, undone
from tests.order_core.orders import drafted, unit, until

Found = set[tuple[str, int, str]]


def walked(session: Session, kind: str, key: int) -> Found:
    """The chain of a record without the standing contract that this house orders from."""
    return {(link.kind, link.id, link.way) for link in chain.walk(session, kind, key) if link.kind != "Contract"}


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []

    def heard(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        statements.append(sql)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", heard)
    yield statements
    event.remove(engine, "before_cursor_execute", heard)


def ticket_of(session: Session, house: House, product: InstalledProduct, at: datetime) -> Issue:
    return issues.open_ticket(
        session, subject="no cold", channel="phone", phone=house.contact.phone, language="en", contact=house.contact,
        product_id=product.id, by=AGENT, at=at,
    )  # fmt: skip


@pytest.mark.clause("1.1")
def test_the_order_is_found_from_a_part_that_was_moved_and_the_part_from_the_order(
    session: Session, house: House, at: datetime
) -> None:
    product = unit(session, house, "S-1", "L-1", at)
    other = unit(session, house, "S-2", "L-1", at)
    ticket = ticket_of(session, house, product, at)
    ticket_of(session, house, other, at)
    session.add_all([StockLocation(code="IN", kind="supplier", external=True), StockLocation(code="V", kind="van")])
    session.flush()
    move = stock.move(
        session, "VALVE", 1, source="IN", target="V", reason="repair", by=WORKER, at=at, cause=ticket
    )  # fmt: skip
    survey = surveys.queue(session, ticket, by=WORKER, at=at)
    line = product.order_line_id
    order = {link.id for link in chain.walk(session, "OrderLine", line) if link.kind == "Order"}.pop()
    with counted(session) as statements:
        up = walked(session, "PartMove", move.id)
    assert len(statements) == 1
    assert up == {
        ("PartMove", move.id, "here"),
        ("Issue", ticket.id, "up"),
        ("Unit", product.id, "up"),
        ("OrderLine", line, "up"),
        ("Order", order, "up"),
    }
    assert walked(session, "Order", order) == {
        ("Order", order, "here"),
        ("OrderLine", line, "down"),
        ("Unit", product.id, "down"),
        ("Issue", ticket.id, "down"),
        ("PartMove", move.id, "down"),
        ("Survey", survey.id, "down"),
    }


@pytest.mark.clause("1.1")
def test_what_follows_from_a_ticket_leads_back_to_it_however_far(session: Session, house: House, at: datetime) -> None:
    ticket = ticket_of(session, house, unit(session, house, "S-1", "L-1", at), at)
    head = house.people["AFS"].id
    first = issues.open_callback(session, ticket, owner_id=head, subject="unhappy", by=WORKER, at=at)
    second = issues.open_callback(session, first, owner_id=head, subject="still unhappy", by=WORKER, at=at)
    change = ask_design_change(session, second, "a longer pipe", by=house.actor("QUA"), at=at)
    up = walked(session, "Change", change.id)
    assert {("Issue", second.id, "up"), ("Issue", first.id, "up"), ("Issue", ticket.id, "up")} <= up
    assert {kind for kind, _, way in up if way == "up"} == {"Issue", "Unit", "OrderLine", "Order"}
    down = walked(session, "Issue", ticket.id)
    assert {("Issue", first.id, "down"), ("Issue", second.id, "down"), ("Change", change.id, "down")} <= down


@pytest.mark.clause("1.1")
def test_a_line_leads_to_its_design_and_a_change_of_that_back_to_the_order(
    session: Session, house: House, at: datetime
) -> None:
    design = designs.until(session, house, "released", at)
    change = designs.drawn_up(session, house, at, design)
    assert design.task is not None
    line = design.task.line
    up, down = walked(session, "Change", change.id), walked(session, "Order", line.order_id)
    assert {("Design", design.id, "up"), ("OrderLine", line.id, "up"), ("Order", line.order_id, "up")} <= up
    assert {("Design", design.id, "down"), ("Change", change.id, "down")} <= down


@on_database
@given(links=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=10))
def test_circles_among_issues_end(session: Session, house: House, at: datetime, links: set[tuple[int, int]]) -> None:
    """Two issues may each follow from the other by somebody's mistake: what is found is what can be reached."""
    with undone(session):
        cases = [issues.open_issue(session, Issue(kind="alert", subject=str(n), phone="x"), by=WORKER, at=at,
                                   clause="6.3.3-a") for n in range(6)]  # fmt: skip
        for child, parent in links:
            issues.link(session, cases[child], cases[parent], "follow_up", at=at)
        reached = {0}
        while more := {child for child, parent in links if parent in reached} - reached:
            reached |= more
        down = {key for kind, key, way in walked(session, "Issue", cases[0].id) if way == "down"}
        assert down == {cases[n].id for n in reached - {0}}


def test_records_with_the_same_id_are_not_mixed_up(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    line = order.lines[0]
    found = walked(session, "Order", order.id)
    assert found == {("Order", order.id, "here"), ("OrderLine", line.id, "down")}
    labels = {link.kind: link.label for link in chain.walk(session, "OrderLine", line.id)}
    assert labels == {"OrderLine": "RF-520", "Order": order.number, "Contract": order.agreement}


def test_what_is_not_there_has_no_chain_and_what_nobody_declared_is_an_error(session: Session) -> None:
    assert chain.walk(session, "Order", 987_654) == []
    with pytest.raises(KeyError):
        chain.walk(session, "Dream", 1)


def test_kinds_may_not_belong_to_each_other_in_a_circle() -> None:
    before = list(chain.EDGES)
    with pytest.raises(ValueError, match="cannot belong to"):
        chain.edge("Survey", "Order", chain.KINDS["Order"].id, chain.KINDS["Survey"].id)
    assert before == chain.EDGES


def test_every_edge_joins_kinds_that_are_declared() -> None:
    assert declared
    assert {name for edge in chain.EDGES for name in (edge.parent, edge.child)} <= set(chain.KINDS)


def test_every_kind_leads_to_the_order_or_comes_from_it() -> None:
    """No kind hangs in the air."""
    above = {name: {edge.parent for edge in chain.EDGES if edge.child == name} for name in chain.KINDS}
    below = {name: {edge.child for edge in chain.EDGES if edge.parent == name} for name in chain.KINDS}

    def reached(name: str, ways: dict[str, set[str]]) -> set[str]:
        found, todo = {name}, [name]
        while todo:
            more = ways[todo.pop()] - found
            found |= more
            todo += more
        return found

    loose = [name for name in chain.KINDS if "Order" not in reached(name, above) | reached(name, below)]
    assert loose == []


@pytest.mark.clause("1.1")
def test_an_order_is_walked_back_to_the_words_that_it_came_from(session: Session, house: House, at: datetime) -> None:
    """Requirement, enquiry, quote, order; and the ticket that became the requirement."""
    quote = deals.drafted(session, house, at)
    requirement = session.scalars(select(Requirement).where(Requirement.enquiry_id == quote.enquiry_id)).one()
    ticket = ticket_of(session, house, unit(session, house, "S-1", "L-1", at), at)
    requirement.ticket_id = ticket.id
    order = drafted(session, house, at, agreement=quote.number)
    session.flush()
    assert walked(session, "OrderLine", order.lines[0].id) == {
        ("OrderLine", order.lines[0].id, "here"),
        ("Order", order.id, "up"),
        ("Quote", quote.id, "up"),
        ("Requirement", requirement.id, "up"),
        ("Enquiry", quote.enquiry_id, "up"),
        ("Origin", ticket.id, "up"),
    }
    for kind, key in (("Enquiry", quote.enquiry_id), ("Requirement", requirement.id), ("Origin", ticket.id)):
        assert {("Quote", quote.id, "down"), ("Order", order.id, "down")} <= walked(session, kind, key)
    assert ("Need", requirement.id, "down") in walked(session, "Issue", ticket.id)


@pytest.mark.clause("1.1")
def test_a_record_that_nothing_holds_is_counted(session: Session, house: House, ticket: Issue, at: datetime) -> None:
    assert declared.loose_records(session, at) == 0
    loose = Issue(kind="alert", subject="whose?")
    issues.open_issue(session, loose, by=WORKER, at=at, clause="6.3.3-a")
    assert declared.loose_records(session, at) == 1
