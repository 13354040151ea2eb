"""What agents write and keep. Free text may hold personal data, so it is not in the journal."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.parties.models import Person


class TicketNote(Base):
    """An internal note on an issue."""

    __tablename__ = "ticket_note"

    id: Mapped[Id] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    author: Mapped[Person] = relationship(lazy="joined", innerjoin=True, init=False)


class TicketView(Base):
    """A list that somebody has saved: its filter as the list's own address. ``team``: whom it is shared with."""

    __tablename__ = "ticket_view"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[Id] = mapped_column(init=False)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(60))
    filter: Mapped[dict[str, Any]]
    team: Mapped[str | None] = mapped_column(ForeignKey("department.code"), default=None, index=True)


class TicketTable(Base):
    """How somebody likes the list: which columns, how dense."""

    __tablename__ = "ticket_table"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    columns: Mapped[list[str]]
    density: Mapped[str] = mapped_column(String(8), default="normal")


class BulkAction(Base):
    """One action on many tickets; ``state``: waiting, running, done, undoing, undone. ``cursor``: items settled."""

    __tablename__ = "bulk_action"

    id: Mapped[Id] = mapped_column(init=False)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    action: Mapped[str] = mapped_column(String(12))
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    total: Mapped[int]
    at: Mapped[datetime]
    cursor: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class BulkItem(Base):
    """A ticket of a bulk action. ``before``: what it was; ``outcome``: done, same, undone, kept, or why not."""

    __tablename__ = "bulk_item"
    __table_args__ = (UniqueConstraint("bulk_id", "position"),)

    id: Mapped[Id] = mapped_column(init=False)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_action.id"))
    position: Mapped[int]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(String(48), default=None)


class TicketPresence(Base):
    """Who has a ticket open, and whether he writes; ``seen_at``: real time, forgotten after some seconds."""

    __tablename__ = "ticket_presence"
    __table_args__ = (Index("ix_ticket_presence_seen", "seen_at"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    writing: Mapped[bool]
    seen_at: Mapped[datetime]


class TicketDraft(Base):
    """An answer that somebody has not sent yet: one a person and ticket."""

    __tablename__ = "ticket_draft"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]


class Macro(Base):
    """A reply with variables, one wording a language; ``urgency``: what it sets besides, or None."""

    __tablename__ = "macro"

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    texts: Mapped[dict[str, Any]]
    urgency: Mapped[str | None] = mapped_column(String(12), default=None)
    active: Mapped[bool] = mapped_column(default=True)
