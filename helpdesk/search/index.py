"""The index kept: what a ticket, message, customer, product or order is found by, in the transaction of its change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.search import rules
from helpdesk.search.models import SearchEntry
from order_core.aftersales.models import InstalledProduct
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson, Customer, ProductModel, Site

TICKETS = ("ticket", "callback")
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
BATCH = 500


@dataclass(frozen=True)
class Document:
    """What one row of a kind is found by, and when it is from."""

    ref_id: int
    at: datetime
    text: str


def tickets(session: Session, ids: Iterable[int]) -> Iterator[Document]:
    """Number, words and telephone of tickets and call-backs."""
    rows = session.execute(
        select(Issue.id, Issue.opened_at, Issue.number, Issue.subject, Issue.phone)
        .where(Issue.id.in_(list(ids)), Issue.kind.in_(TICKETS))
    )  # fmt: skip
    for row in rows:
        yield Document(row.id, row.opened_at, f"{row.number} {row.subject} {row.phone or ''}")


def messages(session: Session, ids: Iterable[int]) -> Iterator[Document]:
    """What was said on a ticket."""
    rows = session.execute(
        select(Message.id, Message.created_at, Message.body)
        .where(Message.id.in_(list(ids)), Message.issue_id.is_not(None))
    )  # fmt: skip
    for row in rows:
        yield Document(row.id, row.created_at, row.body)


def customers(session: Session, ids: Iterable[int]) -> Iterator[Document]:
    """A customer with the people who talk for him and the places where units stand."""
    wanted = list(ids)
    words: dict[int, list[str]] = {}
    for row in session.execute(select(Customer.id, Customer.name, Customer.number).where(Customer.id.in_(wanted))):
        words[row.id] = [row.name, row.number]
    people = select(ContactPerson.customer_id, ContactPerson.name, ContactPerson.phone, ContactPerson.email)
    for owner, *known in session.execute(people.where(ContactPerson.customer_id.in_(wanted))):
        words.get(owner, []).extend(filter(None, known))
    for owner, address in session.execute(select(Site.customer_id, Site.address).where(Site.customer_id.in_(wanted))):
        words.get(owner, []).append(address)
    for ref_id, said in words.items():
        yield Document(ref_id, UNDATED, " ".join(said))


def products(session: Session, ids: Iterable[int]) -> Iterator[Document]:
    """A unit by its serial, lot and model, by the model's names in every language."""
    rows = session.execute(
        select(
            InstalledProduct.id, InstalledProduct.serial, InstalledProduct.lot, ProductModel.code, ProductModel.names
        )
        .join(ProductModel, ProductModel.code == InstalledProduct.model_code)
        .where(InstalledProduct.id.in_(list(ids)))
    )
    for row in rows:
        yield Document(row.id, UNDATED, " ".join((row.serial, row.lot, row.code, *row.names.values())))


def orders(session: Session, ids: Iterable[int]) -> Iterator[Document]:
    """An order by its number, agreement and customer."""
    rows = session.execute(
        select(Order.id, Order.number, Order.agreement, Customer.name)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Order.id.in_(list(ids)))
    )
    for row in rows:
        yield Document(row.id, UNDATED, f"{row.number} {row.agreement or ''} {row.name}")


Reader = Callable[[Session, Iterable[int]], Iterator[Document]]
READERS: Mapping[str, tuple[Any, Reader]] = {
    "ticket": (Issue, tickets),
    "message": (Message, messages),
    "customer": (Customer, customers),
    "product": (InstalledProduct, products),
    "order": (Order, orders),
}
"""Kind → the table that its rows come from, and how they are read."""


def row_of(kind: str, document: Document) -> dict[str, Any]:
    """A row of the index."""
    words = [*rules.tokens(document.text), *rules.marks(kind, document.at)]
    return {"kind": kind, "ref_id": document.ref_id, "at": document.at, "words": words}


def update(session: Session, kind: str, ids: Iterable[int], *, new: bool = False) -> None:
    """Index these rows of a kind as they are now; rows that are gone go. ``new``: none is in the index yet."""
    wanted = sorted(set(ids))
    if not wanted:
        return
    connection = session.connection()
    if not new:
        connection.execute(delete(SearchEntry).where(SearchEntry.kind == kind, SearchEntry.ref_id.in_(wanted)))
    rows = [row_of(kind, document) for document in READERS[kind][1](session, wanted)]
    if rows:
        connection.execute(insert(SearchEntry), rows)


def rebuild(session: Session) -> int:
    """Make the whole index anew; returns how many rows it has."""
    session.execute(delete(SearchEntry))
    for kind, (table, _) in READERS.items():
        last = session.scalar(select(func.max(table.id))) or 0
        for first in range(1, last + 1, BATCH):
            update(session, kind, range(first, first + BATCH), new=True)
    return session.scalar(select(func.count()).select_from(SearchEntry)) or 0


def fill_if_empty(session: Session) -> int:
    """After the revision that brought the index: what was there before it is indexed; returns how many rows."""
    return 0 if session.scalar(select(SearchEntry.id).limit(1)) else rebuild(session)
