"""Inbound events, messages, calls, opt-outs, and the interaction that each contact is."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id


class InboundEvent(Base):
    """A webhook claimed: the unique key is what makes a repetition harmless. ``raw``: every field, known or not."""

    __tablename__ = "inbound_event"
    __table_args__ = (UniqueConstraint("provider", "account", "sid", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    provider: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))
    sid: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(48))
    raw: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class Message(Base):
    """One SMS of either direction. ``status`` only rises (see rules); ``author_kind``: customer, bot, agent."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_sid", "sid"),
        Index("ix_message_from_created", "from_number", "created_at"),
        Index("ix_message_to_created", "to_number", "created_at"),
        Index("ix_message_issue", "issue_id", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    direction: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))
    from_number: Mapped[str] = mapped_column(String(64))
    to_number: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    author_kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(16))
    sid: Mapped[str | None] = mapped_column(String(64), default=None)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    language: Mapped[str | None] = mapped_column(String(8), default=None)
    purpose: Mapped[str | None] = mapped_column(String(48), default=None)
    media: Mapped[list[Any] | None] = mapped_column(default=None)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None, index=True)
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), default=None)
    error_code: Mapped[int | None] = mapped_column(default=None)
    handled_at: Mapped[datetime | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)


class Call(Base):
    """One telephone call of either direction; ``state``: ringing, menu, queued, callback, answered, ended."""

    __tablename__ = "call"

    id: Mapped[Id] = mapped_column(init=False)
    direction: Mapped[str] = mapped_column(String(3))
    sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    number: Mapped[str | None] = mapped_column(String(64), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), index=True)
    started_at: Mapped[datetime]
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, index=True)
    queued_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    seconds: Mapped[int | None] = mapped_column(default=None)


class Interaction(Base):
    """Every contact leads to an issue, or to a coded reason why not (clause 5.1.1-d)."""

    __tablename__ = "interaction"

    id: Mapped[Id] = mapped_column(init=False)
    channel: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), default=None, unique=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), default=None, unique=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, index=True)
    no_issue_reason: Mapped[str | None] = mapped_column(String(24), default=None)


class OptOut(Base):
    """A number that wants no messages of a scope (``all``, ``survey``), since when and by which word."""

    __tablename__ = "opt_out"

    phone: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(String(12), primary_key=True)
    word: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
