"""What a call is beyond its line among the channels: the dialogue, words, agents' legs, recordings, the roster."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id


class CallTalk(Base):
    """Where a caller is in the dialogue, and the last TwiML he was answered with: a repeated step gets it again."""

    __tablename__ = "call_talk"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    state: Mapped[dict[str, Any]]
    answer: Mapped[str] = mapped_column(Text, default="")
    code_until: Mapped[datetime | None] = mapped_column(default=None)


class CallWords(Base):
    """What a caller said in his own words; ``step``: where he was asked. Not in the journal: it may be personal."""

    __tablename__ = "call_words"

    id: Mapped[Id] = mapped_column(init=False)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    step: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class CallLeg(Base):
    """An agent's part in a call; ``state``: ringing, talking, held, wrap_up, done, missed. ``sid``: his own line."""

    __tablename__ = "call_leg"

    id: Mapped[Id] = mapped_column(init=False)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime]
    sid: Mapped[str | None] = mapped_column(String(64), default=None, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    wrap_up: Mapped[str | None] = mapped_column(String(24), default=None)
    wrapped_at: Mapped[datetime | None] = mapped_column(default=None)


class Presence(Base):
    """Whether an agent takes calls: available, busy, wrap_up, away; ``since`` when."""

    __tablename__ = "hotline_presence"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime]


class Recording(Base):
    """A call's sound at the provider; ``kind``: call, voicemail; ``state``: running, paused, kept, failed, deleted."""

    __tablename__ = "call_recording"

    id: Mapped[Id] = mapped_column(init=False)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    queue: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime]
    delete_after: Mapped[datetime] = mapped_column(index=True)
    seconds: Mapped[int | None] = mapped_column(default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Playback(Base):
    """Somebody listened to a recording; rows are only ever added."""

    __tablename__ = "call_playback"

    id: Mapped[Id] = mapped_column(init=False)
    recording_id: Mapped[int] = mapped_column(ForeignKey("call_recording.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Shift(Base):
    """Who is on duty on which queue, from when to when (clause 5.1.1-b)."""

    __tablename__ = "hotline_shift"
    __table_args__ = (Index("ix_hotline_shift_queue_ends", "queue", "ends_at"),)

    id: Mapped[Id] = mapped_column(init=False)
    queue: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Probe(Base):
    """One look whether the number answers (clause 5.1.1-a); ``state``: asked, answered, failed."""

    __tablename__ = "hotline_probe"

    id: Mapped[Id] = mapped_column(init=False)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(12))
    told: Mapped[bool] = mapped_column(default=False)
    detail: Mapped[str] = mapped_column(String(120), default="")
