"""What any service writes is noticed here, before its transaction is committed.

The search index follows, a ticket's place in the lists follows, and a customer's word ends the pause that waits
for it: none of it can be forgotten by whoever writes a message, and none of it is there without the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from helpdesk.channels.models import Call, Message
from helpdesk.search import index
from order_core.aftersales.models import InstalledProduct
from order_core.execution.models import Order
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import ContactPerson, Customer, Site

KEY = "noticed"
OVER = ("verifying", "closed", "void")


@dataclass
class Noticed:
    """What a transaction has changed so far, by id."""

    found: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    touched: dict[int, datetime] = field(default_factory=dict)
    heard: list[tuple[int, int]] = field(default_factory=list)

    def touch(self, issue_id: int | None, at: datetime) -> None:
        """A ticket was touched at this event time."""
        if issue_id is not None:
            self.touched[issue_id] = max(at, self.touched.get(issue_id, at))

    def __bool__(self) -> bool:
        return bool(self.found or self.touched or self.heard)


def _changed(row: Any, *names: str) -> bool:
    state = inspect(row)
    return not state.has_identity or any(state.attrs[name].history.has_changes() for name in names)


def _entry(row: JournalEntry, noticed: Noticed) -> None:
    if row.kind == Issue.__case_kind__:
        noticed.touch(row.case_id, row.at)


def _issue(row: Issue, noticed: Noticed) -> None:
    if _changed(row, "subject", "phone", "kind", "number"):
        noticed.found["ticket"].add(row.id)


def _message(row: Message, noticed: Noticed) -> None:
    if not _changed(row, "body", "issue_id"):
        return
    noticed.found["message"].add(row.id)
    noticed.touch(row.issue_id, row.created_at)
    if row.direction == "in" and row.issue_id is not None and _changed(row, "issue_id"):
        noticed.heard.append((row.id, row.issue_id))


def _call(row: Call, noticed: Noticed) -> None:
    noticed.touch(row.issue_id, row.ended_at or row.started_at)


def _customer(row: Customer, noticed: Noticed) -> None:
    noticed.found["customer"].add(row.id)


def _of_customer(row: Any, noticed: Noticed) -> None:
    noticed.found["customer"].add(row.customer_id)


def _product(row: InstalledProduct, noticed: Noticed) -> None:
    noticed.found["product"].add(row.id)


def _order(row: Order, noticed: Noticed) -> None:
    if _changed(row, "number", "agreement", "customer_id"):
        noticed.found["order"].add(row.id)


NOTICES: dict[type[Any], Callable[[Any, Noticed], None]] = {
    JournalEntry: _entry,
    Issue: _issue,
    Message: _message,
    Call: _call,
    Customer: _customer,
    ContactPerson: _of_customer,
    Site: _of_customer,
    InstalledProduct: _product,
    Order: _order,
}


def _after_flush(session: Session, _context: Any) -> None:
    for rows in (session.new, session.dirty, session.deleted):
        for row in rows:
            look = NOTICES.get(type(row))
            if look is not None:
                look(row, session.info.setdefault(KEY, Noticed()))


def _before_commit(session: Session) -> None:
    session.flush()
    while noticed := session.info.pop(KEY, None):
        _hear(session, noticed)
        session.flush()
        for kind, ids in noticed.found.items():
            index.update(session, kind, ids)
        _touch(session, noticed.touched)


def _hear(session: Session, noticed: Noticed) -> None:
    """The customer has written on a ticket: not with the words that opened it."""
    for message_id, issue_id in noticed.heard:
        message, issue = session.get(Message, message_id), session.get(Issue, issue_id)
        if message is None or issue is None or issue.kind != "ticket" or issue.state in OVER:
            continue
        if message.created_at > issue.opened_at:
            who = Actor(kind="customer", id=message.contact_id)
            level.customer_replied(session, issue, by=who, at=message.created_at, message=message.id)


def _touch(session: Session, touched: dict[int, datetime]) -> None:
    table: Any = Issue.__table__
    for issue_id, at in touched.items():
        session.connection().execute(
            update(table).where(table.c.id == issue_id, table.c.touched_at < at).values(touched_at=at)
        )
        loaded = session.identity_map.get(session.identity_key(Issue, issue_id))
        if loaded is not None and loaded.touched_at < at:
            set_committed_value(loaded, "touched_at", at)


def _forget(session: Session, *_more: Any) -> None:
    session.info.pop(KEY, None)


def start(sessions: Any) -> None:
    """Notice what these sessions write; ``sessions``: a session class or factory."""
    if not event.contains(sessions, "after_flush", _after_flush):
        event.listen(sessions, "after_flush", _after_flush)
        event.listen(sessions, "before_commit", _before_commit)
        event.listen(sessions, "after_rollback", _forget)
