"""Inbound events, messages, calls, consent, what is asked otherwise, and the interaction that each contact is."""

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
    """One SMS or WhatsApp message of either direction. ``status`` only rises (see rules); ``author_kind``: customer,
    bot, agent; ``paced_at``: its parts have been taken out of its sender's budget."""

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
    paced_at: Mapped[datetime | None] = mapped_column(default=None)


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


class ConsentEntry(Base):
    """One word about what a number may be sent: appended, never changed; the last one of a scope counts (B7).

    ``scope``: all, survey, marketing; ``source``: word (the customer's own), provider, agent, web.
    """

    __tablename__ = "consent_entry"
    __table_args__ = (Index("ix_consent_entry_phone", "phone", "id"),)

    id: Mapped[Id] = mapped_column(init=False)
    phone: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(12))
    allowed: Mapped[bool]
    source: Mapped[str] = mapped_column(String(12))
    word: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)


class Diversion(Base):
    """A question that a message could not ask there, and how it is asked instead (see ``diversions``).

    ``way``: keypad, callback, code; ``state``: open, answered, closed (a newer one took its place, or it ran out).
    ``spoken``: what is asked, in the customer's language, options by number.
    """

    __tablename__ = "diversion"

    id: Mapped[Id] = mapped_column(init=False)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    phone: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str] = mapped_column(String(48))
    language: Mapped[str] = mapped_column(String(8))
    spoken: Mapped[str] = mapped_column(Text)
    way: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="open")
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None)
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, index=True)
    code_hash: Mapped[str | None] = mapped_column(String(64), default=None, unique=True)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)


class MessageMedia(Base):
    """A picture or other file that came with a message. ``state``: pending, stored, quarantined, failed.

    ``name``: its path under the attachments of the data directory; ``media_type``: what its bytes say it is.
    """

    __tablename__ = "message_media"
    __table_args__ = (UniqueConstraint("message_id", "position"),)

    id: Mapped[Id] = mapped_column(init=False)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    position: Mapped[int]
    url: Mapped[str] = mapped_column(Text)
    declared_type: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(12), default="pending")
    reason: Mapped[str | None] = mapped_column(String(40), default=None)
    media_type: Mapped[str | None] = mapped_column(String(80), default=None)
    size: Mapped[int | None] = mapped_column(default=None)
    name: Mapped[str | None] = mapped_column(String(120), default=None)
    fetched_at: Mapped[datetime | None] = mapped_column(default=None)


class SenderBudget(Base):
    """A token bucket: how many parts a sender of ours may hand over now; ``at`` is real time."""

    __tablename__ = "sender_budget"

    sender: Mapped[str] = mapped_column(String(64), primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]


class PollMark(Base):
    """Up to when the provider's list of incoming messages has been read; real time."""

    __tablename__ = "poll_mark"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    read_until: Mapped[datetime]
