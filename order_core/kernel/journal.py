"""The append-only journal: one chain of entries a case, from which its state can be rebuilt.

Each entry's digest covers the one before it, so a changed or missing entry breaks the chain. The payload
enters the chain only as a salted digest: dropping a payload (retention, erasure) breaks nothing. Personal
data does not belong here; entries carry ids, codes and amounts (DESIGN "Who and when").
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, event, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base, Id
from order_core.kernel.actor import Actor

GENESIS = "0" * 64
NOTE_PREFIX = "note:"
"""Steps with this prefix record an event and leave the state as it is."""


class JournalEntry(Base):
    """One event of one case, in the order of ``seq`` (1, 2, …), with event time ``at`` and entry time."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        UniqueConstraint("kind", "case_id", "seq"),
        Index("ix_journal_entry_kind_step_at", "kind", "step", "at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[int]
    seq: Mapped[int]
    at: Mapped[datetime]
    entered_at: Mapped[datetime] = mapped_column(server_default=text("CURRENT_TIMESTAMP"), init=False)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    department: Mapped[str | None] = mapped_column(String(8))
    step: Mapped[str] = mapped_column(String(48))
    from_state: Mapped[str | None] = mapped_column(String(32))
    to_state: Mapped[str] = mapped_column(String(32))
    clauses: Mapped[list[str]]
    data: Mapped[dict[str, Any] | None]
    salt: Mapped[str] = mapped_column(String(32))
    payload_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


@event.listens_for(JournalEntry, "before_update")
@event.listens_for(JournalEntry, "before_delete")
def _refuse_rewriting(_mapper: object, _connection: object, entry: JournalEntry) -> None:
    raise RuntimeError(f"the journal is append-only: {entry.kind} {entry.case_id} #{entry.seq}")


def payload_digest(salt: str, data: dict[str, Any] | None) -> str:
    """SHA-256 (hex) of the salt and the canonical JSON of ``data``."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def chain_digest(previous: str, entry: JournalEntry) -> str:
    """SHA-256 (hex) over the previous digest and every fact of the entry but the payload's plain text."""
    facts: list[Any] = [
        previous,
        entry.kind,
        entry.case_id,
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_kind,
        entry.actor_id,
        entry.recorded_by,
        entry.department,
        entry.step,
        entry.from_state,
        entry.to_state,
        entry.clauses,
        entry.payload_digest,
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def last_entry(session: Session, kind: str, case_id: int) -> JournalEntry | None:
    """The newest entry of a case: one indexed row, however long the journal is."""
    return session.scalars(
        select(JournalEntry)
        .where(JournalEntry.kind == kind, JournalEntry.case_id == case_id)
        .order_by(JournalEntry.seq.desc())
        .limit(1)
    ).first()


def append(
    session: Session,
    kind: str,
    case_id: int,
    step: str,
    to_state: str | None,
    *,
    by: Actor,
    at: datetime,
    clauses: Iterable[str] = (),
    data: dict[str, Any] | None = None,
) -> JournalEntry:
    """Add the next entry of a case's chain; ``to_state`` None keeps the state.

    Two writers that read the same last entry collide on the unique (kind, case, seq).
    """
    last = last_entry(session, kind, case_id)
    from_state = last.to_state if last else None
    target = to_state if to_state is not None else from_state
    if target is None:
        raise ValueError(f"{kind} {case_id} has no state yet")
    salt = secrets.token_hex(16)
    entry = JournalEntry(
        kind=kind,
        case_id=case_id,
        seq=last.seq + 1 if last else 1,
        at=at,
        actor_kind=by.kind,
        actor_id=by.id,
        recorded_by=by.recorded_by,
        department=by.department,
        step=step,
        from_state=from_state,
        to_state=target,
        clauses=list(clauses),
        data=data,
        salt=salt,
        payload_digest=payload_digest(salt, data),
        digest="",
    )
    entry.digest = chain_digest(last.digest if last else GENESIS, entry)
    session.add(entry)
    session.flush()
    return entry


def history(session: Session, kind: str, case_id: int) -> list[JournalEntry]:
    """All entries of a case, oldest first."""
    return list(
        session.scalars(
            select(JournalEntry)
            .where(JournalEntry.kind == kind, JournalEntry.case_id == case_id)
            .order_by(JournalEntry.seq)
        )
    )


def fold(entries: Iterable[JournalEntry]) -> str | None:
    """The state that the journal leads to, or None for an empty one."""
    state: str | None = None
    for entry in entries:
        state = entry.to_state
    return state


def chain_faults(entries: Iterable[JournalEntry]) -> list[str]:
    """What is wrong with a chain, in words for the log; an erased payload (``data`` None) is no fault."""
    faults: list[str] = []
    previous, expected_seq, state = GENESIS, 1, None
    for entry in entries:
        where = f"{entry.kind} {entry.case_id} #{entry.seq}"
        if entry.seq != expected_seq:
            faults.append(f"{where}: expected #{expected_seq}")
        if entry.from_state != state:
            faults.append(f"{where}: from {entry.from_state}, but the journal says {state}")
        if entry.digest != chain_digest(previous, entry):
            faults.append(f"{where}: digest does not fit")
        if entry.data is not None and entry.payload_digest != payload_digest(entry.salt, entry.data):
            faults.append(f"{where}: payload was changed")
        previous, expected_seq, state = entry.digest, entry.seq + 1, entry.to_state
    return faults
