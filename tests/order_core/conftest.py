"""A small house for the library's tests: the ten departments, their heads, and one customer with a product model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from order_core.aftersales.models import WarrantyTerm
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.check import Standard
from order_core.parties.models import ContactPerson, Customer, Department, Person, ProductModel, Site

DEPARTMENTS = ("SAL", "RND", "PRO", "PUR", "QUA", "EQP", "LOG", "AFS", "MGT", "HR")
AGENT = Actor(kind="person", id=None, department="AFS", roles=frozenset({"agent"}))

on_database = examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Each example uses the test's own session and takes back what it wrote (see ``undone``)."""


@dataclass(frozen=True)
class House:
    """Who and what the tests talk about; ``people``: department code → its head."""

    people: dict[str, Person]
    customer: Customer
    contact: ContactPerson
    site: Site

    def actor(self, department: str) -> Actor:
        """The head of a department as the one who acts."""
        return self.people[department].actor()


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """A stretch of a test whose writes are taken back, whatever happens."""
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        session.expire_all()


@pytest.fixture
def house(session: Session, at: datetime) -> House:
    """Ten departments with a head each, a customer, a model under warranty and its standard."""
    session.add_all(Department(code=code, names={"en": code}) for code in DEPARTMENTS)
    session.flush()
    people = {
        code: Person(name=code, email=f"{code}@house.test", department_code=code, roles=["staff"], head=True)
        for code in DEPARTMENTS
    }
    people["AFS"].roles = ["afs_head"]
    customer = Customer(name="Lin", number="K-1")
    customer.contacts = [ContactPerson(name="Lin", phone="+85291234567")]
    customer.sites = [Site(label="home", address="1 Nathan Road", postcode="", lat=22.3, lon=114.2)]
    terms = WarrantyTerm(
        code="W-36/24/12", appliance="refrigerator", parts_months=36, labour_months=24, travel_months=12
    )
    model = ProductModel(code="RF-520", appliance="refrigerator", names={"en": "RF-520"})
    runs = Standard(
        code="after-repair/any",
        revision=1,
        gate="after_repair",
        criteria=[{"code": "runs", "kind": "yes_no"}],
        in_force_from=at - timedelta(days=400),
    )
    session.add_all([*people.values(), customer, terms, model, runs])
    session.commit()
    return House(people, customer, customer.contacts[0], customer.sites[0])


@pytest.fixture
def ticket(session: Session, house: House, at: datetime) -> Issue:
    """A ticket of the customer's, just opened."""
    issue = issues.open_ticket(
        session,
        subject="does not cool",
        channel="phone",
        phone=house.contact.phone,
        language="zh-Hant",
        contact=house.contact,
        by=AGENT,
        at=at,
    )
    session.commit()
    return issue


@pytest.fixture
def other(session: Session, connection: Connection) -> Iterator[Session]:
    """Somebody else's session on the same data, with its own memory of it."""
    session.commit()
    options: Any = {"join_transaction_mode": "create_savepoint", "expire_on_commit": False}
    with Session(connection, **options) as other:
        yield other
