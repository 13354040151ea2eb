"""Sign: required parties put their opinion under one digest; a changed content needs new signatures."""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from order_core.db import Base, Id
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel.actor import Actor

VERDICTS = ("approve", "query", "reject")


def digest_of(content: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of what is signed."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class SignOff(Base):
    """A request for signatures under a digest; ``required``: department codes."""

    __tablename__ = "sign_off"
    __table_args__ = (Index("ix_sign_off_subject", "subject_kind", "subject_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    required: Mapped[list[str]]
    submitter_id: Mapped[int | None]
    bar_submitter: Mapped[bool] = mapped_column(default=True)
    asked_at: Mapped[datetime]
    signatures: Mapped[list["Signature"]] = relationship(default_factory=list, order_by="Signature.id", lazy="selectin")


class Signature(Base):
    """One opinion under one digest; append-only."""

    __tablename__ = "signature"

    id: Mapped[Id] = mapped_column(init=False)
    sign_off_id: Mapped[int] = mapped_column(ForeignKey("sign_off.id"), index=True, init=False)
    department: Mapped[str] = mapped_column(String(8))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    opinion: Mapped[str | None] = mapped_column(Text, default=None)


@event.listens_for(Signature, "before_update")
@event.listens_for(Signature, "before_delete")
def _refuse_rewriting(_mapper: object, _connection: object, signature: Signature) -> None:
    raise RuntimeError(f"signatures are append-only: {signature.id}")


def missing(required: Collection[str], digest: str, signatures: Sequence[tuple[str, str, str]]) -> list[str]:
    """Parties that have not approved this digest; ``signatures``: (department, digest, verdict), oldest first.

    The last word of a department under a digest counts.
    """
    last = {department: verdict for department, signed, verdict in signatures if signed == digest}
    return sorted(party for party in required if last.get(party) != "approve")


def ask(
    session: Session,
    case: Any,
    purpose: str,
    content: Any,
    *,
    required: Collection[str],
    by: Actor,
    at: datetime,
    bar_submitter: bool = True,
) -> SignOff:
    """Ask the required departments to sign this content; an earlier request for the purpose is carried on.

    A content with another digest voids nothing by itself: signatures name the digest they were given under.
    Whoever brings another digest is its submitter.
    """
    found, digest = for_purpose(session, case, purpose), digest_of(content)
    if found is None:
        found = SignOff(
            subject_kind=case.__case_kind__,
            subject_id=case.id,
            purpose=purpose,
            digest="",
            required=[],
            submitter_id=None,
            bar_submitter=bar_submitter,
            asked_at=at,
        )
        session.add(found)
    if found.digest != digest:
        found.digest = digest
        found.submitter_id = by.id if by.kind == "person" else None
    found.required = sorted(required)
    session.flush()
    return found


def for_purpose(session: Session, case: Any, purpose: str) -> SignOff | None:
    """The request for signatures of a case and purpose."""
    return session.scalars(
        select(SignOff)
        .where(SignOff.subject_kind == case.__case_kind__, SignOff.subject_id == case.id)
        .where(SignOff.purpose == purpose)
    ).first()


def give(
    session: Session,
    sign_off: SignOff,
    verdict: str,
    *,
    digest: str,
    by: Actor,
    at: datetime,
    opinion: str | None = None,
) -> Signature:
    """Sign for one's own department.

    Raises:
        Invalid: an unknown verdict; Forbidden: not a required party, or one's own submission where barred;
        Conflict: the content has changed since it was read (another digest).
    """
    if verdict not in VERDICTS:
        raise Invalid("sign.verdict", field="verdict", clause="3.1.2-c", allowed=", ".join(VERDICTS))
    if by.kind != "person" or by.id is None or by.department not in sign_off.required:
        raise Forbidden("sign.not_required", clause="3.1.2-c", department=str(by.department))
    if sign_off.bar_submitter and by.id == sign_off.submitter_id:
        raise Forbidden("sign.own_submission", clause="3.1.2-c")
    if digest != sign_off.digest:
        raise Conflict("sign.other_revision", field="digest", clause="3.1.2-c")
    signature = Signature(
        department=by.department, person_id=by.id, digest=digest, verdict=verdict, at=at, opinion=opinion
    )
    sign_off.signatures.append(signature)
    session.flush()
    return signature


def open_parties(sign_off: SignOff) -> list[str]:
    """Departments whose approval of the present digest is missing."""
    return missing(
        sign_off.required, sign_off.digest, [(s.department, s.digest, s.verdict) for s in sign_off.signatures]
    )


def complete(sign_off: SignOff | None) -> bool:
    """Whether every required party approved this digest."""
    return sign_off is not None and bool(sign_off.required) and not open_parties(sign_off)
