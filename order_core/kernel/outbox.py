"""Outbox: everything the outside world or a later moment is asked for, as a row committed with its cause.

Redis only makes it happen soon. A row is worked either *locally* (claim, change and ``done`` in one
transaction: exactly once) or *externally* (claimed and committed as ``maybe_sent`` before the provider is
called, settled afterwards; whoever finds it ``maybe_sent`` with an expired lease reconciles before repeating).

States: pending → running → done (local) · pending → maybe_sent → done | failed | unknown | pending (external)
· any → dead after too many attempts · pending → cancelled · held while a restored backup is reconciled.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, Text, and_, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base, Id, new_id, plain_insert
from order_core.kernel.actor import Actor

PUBLISHED = "published"
"""Key in ``session.info``: (id, topic) of rows due at once, for the wake-up after the commit."""

MAX_ATTEMPTS = 8
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 20, 60, 300, 900, 3600, 3600, 3600))


class OutboxRow(Base):
    """One effect to bring about. ``payload`` carries ids only; ``due_at`` is in business time,
    ``lease_until`` in real time (a demo's clock can be moved, a worker's death cannot)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_pending",
            "due_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_outbox_leased",
            "lease_until",
            sqlite_where=text("state IN ('maybe_sent', 'unknown')"),
            postgresql_where=text("state IN ('maybe_sent', 'unknown')"),
        ),
        Index("ix_outbox_cause", "cause_kind", "cause_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    topic: Mapped[str] = mapped_column(String(48))
    payload: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    claimed_by: Mapped[str | None] = mapped_column(String(80), default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    cause_kind: Mapped[str | None] = mapped_column(String(32), default=None)
    cause_id: Mapped[int | None] = mapped_column(default=None)
    by: Mapped[dict[str, Any] | None] = mapped_column(default=None)

    @property
    def needs_reconciling(self) -> bool:
        """Whether an earlier attempt may have reached the provider."""
        return self.attempts > 1


_INSERT = plain_insert(OutboxRow)


def publish(
    session: Session,
    topic: str,
    payload: dict[str, Any],
    *,
    at: datetime,
    due: datetime | None = None,
    key: str | None = None,
    cause: Any = None,
    by: Actor | None = None,
) -> int:
    """Ask for an effect, in the caller's transaction; returns the row's id.

    One plain INSERT, not a unit of work: every inbound message pays for it.

    Args:
        topic: what to do; ``helpdesk.wakeup`` maps topics to queues and jobs.
        payload: ids and small values, JSON.
        due: not before this moment (default: at once).
        key: a row with the same key is never made twice; the first one is returned.
        cause: the case whose step asks for it, if any.
    """
    if key is not None:
        existing = session.scalar(select(OutboxRow.id).where(OutboxRow.key == key))
        if existing is not None:
            return existing
    due_at = due or at
    values: dict[str, Any] = {
        "topic": topic,
        "payload": payload,
        "key": key,
        "due_at": due_at,
        "created_at": at,
        "state": "pending",
        "attempts": 0,
        "cause_kind": getattr(cause, "__case_kind__", None),
        "cause_id": getattr(cause, "id", None),
        "by": {"kind": by.kind, "id": by.id} if by else None,
    }
    row_id = new_id(session, _INSERT, values)
    if due_at <= at:
        session.info.setdefault(PUBLISHED, []).append((row_id, topic))
    return row_id


def claim(
    session: Session,
    topics: Collection[str],
    *,
    at: datetime,
    wall: datetime,
    worker: str,
    state: str,
    lease: timedelta = timedelta(seconds=60),
) -> OutboxRow | None:
    """Take the oldest due row of these topics, or None. Two workers never get the same one.

    Args:
        at: business time, compared with ``due_at``.
        wall: real time, compared with ``lease_until``.
        state: ``running`` for local rows (the caller commits with the result), ``maybe_sent`` for external ones.
    """
    due = and_(OutboxRow.state == "pending", OutboxRow.due_at <= at)
    abandoned = and_(OutboxRow.state.in_(("maybe_sent", "unknown")), OutboxRow.lease_until <= wall)
    candidate = (
        select(OutboxRow.id)
        .where(OutboxRow.topic.in_(topics), or_(due, abandoned))
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row_id = session.scalar(candidate)
    if row_id is None:
        return None
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id)
        .values(
            state=state,
            lease_until=wall + lease,
            claimed_by=worker,
            attempts=OutboxRow.attempts + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return session.get(OutboxRow, row_id, populate_existing=True)


def finish(row: OutboxRow, *, at: datetime, state: str = "done", error: str | None = None) -> None:
    """Settle a claimed row for good: ``done``, ``failed`` or ``dead``."""
    row.state = state
    row.done_at = at
    row.lease_until = None
    row.last_error = error


def retry_later(row: OutboxRow, *, at: datetime, error: str, after: timedelta | None = None) -> None:
    """Put a row back that certainly had no effect; after ``MAX_ATTEMPTS`` it is dead and shown as such."""
    row.last_error = error
    if row.attempts >= MAX_ATTEMPTS:
        finish(row, at=at, state="dead", error=error)
        return
    row.state = "pending"
    row.lease_until = None
    row.due_at = at + (after or BACKOFF[min(row.attempts, len(BACKOFF)) - 1])


@dataclass(frozen=True)
class Later:
    """What ``prepare`` of external work says when its time has not come: nothing was asked of anybody."""

    until: datetime


def put_off(row: OutboxRow, until: datetime) -> None:
    """Let a claimed row wait for its time; this was no attempt."""
    row.state, row.due_at, row.lease_until = "pending", until, None
    row.attempts -= 1


def leave_unknown(row: OutboxRow, *, at: datetime, wall: datetime, error: str) -> None:
    """The provider may or may not have acted: wait, then reconcile before any repetition."""
    row.last_error = error
    if row.attempts >= MAX_ATTEMPTS:
        finish(row, at=at, state="dead", error=error)
        return
    row.state = "unknown"
    row.lease_until = wall + BACKOFF[min(row.attempts, len(BACKOFF)) - 1]


def cancel(session: Session, key: str, *, at: datetime) -> bool:
    """Withdraw a row that nobody has claimed yet; its key stays used. True when there was one."""
    withdrawn = session.scalar(
        update(OutboxRow)
        .where(OutboxRow.key == key, OutboxRow.state == "pending")
        .values(state="cancelled", done_at=at)
        .returning(OutboxRow.id)
    )
    return withdrawn is not None


def due_topics(session: Session, *, at: datetime, wall: datetime) -> list[str]:
    """The topics with something to do now: whom to wake."""
    due = and_(OutboxRow.state == "pending", OutboxRow.due_at <= at)
    abandoned = and_(OutboxRow.state.in_(("maybe_sent", "unknown")), OutboxRow.lease_until <= wall)
    return list(session.scalars(select(OutboxRow.topic).where(or_(due, abandoned)).distinct()))


TO_DO = ("pending", "running", "maybe_sent", "unknown")
"""States of rows that somebody will still take up."""


def hold_all(session: Session) -> int:
    """Hold back everything that is still to do, in a copy that was restored; returns how many rows."""
    held = update(OutboxRow).where(OutboxRow.state.in_(TO_DO)).values(state="held", lease_until=None)
    return session.connection().execute(held).rowcount


def release_held(session: Session) -> int:
    """Let held rows go; returns how many.

    Each counts as tried once: after the backup it may have been, so that whoever takes it up looks for it at
    the provider before anything is repeated.
    """
    freed = update(OutboxRow).where(OutboxRow.state == "held").values(state="pending", attempts=1)
    return session.connection().execute(freed).rowcount
