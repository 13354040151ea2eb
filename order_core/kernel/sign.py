"""Sign: required parties put their opinion under one digest; a changed content needs new signatures.

A party signs for its part of the content. When the content changes, whoever's part stayed as it was need not
sign again: the signature is carried over to the new digest, as a row of its own that says so (3.1.2-b).
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from order_core.clauses import carries
from order_core.db import Base, Id
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel.actor import Actor

VERDICTS = ("approve", "query", "reject")
CUSTOMER = "CUS"
"""The party that a customer's contact person signs as."""
AS_HEAD = ":head"
"""Suffix of a party that only the department's head may sign as (``MGT:head``)."""


def digest_of(content: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of what is signed."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class SignOff(Base):
    """A request for signatures under a digest.

    Attributes:
        required: parties: department codes, ``CODE:head`` for its head alone, CUS for the customer.
        parts: party → digest of the part it answers for; a party not named answers for the whole.
        submitter_id: who brought this content; he may not sign it where ``bar_submitter``.
        due_at: by when it should be complete, for showing; the clocks of the case remind.
    """

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
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    parts: Mapped[dict[str, Any]] = mapped_column(default_factory=dict, server_default="{}")
    signatures: Mapped[list["Signature"]] = relationship(default_factory=list, order_by="Signature.id", lazy="selectin")


class Signature(Base):
    """One opinion under one digest; append-only.

    Attributes:
        party: for whom it stands; ``person_id`` is ours, ``contact_id`` the customer's contact person.
        recorded_by: who of ours recorded a customer's word.
        carried_from: the signature under an earlier digest that still holds, its part being unchanged.
    """

    __tablename__ = "signature"

    id: Mapped[Id] = mapped_column(init=False)
    sign_off_id: Mapped[int] = mapped_column(ForeignKey("sign_off.id"), index=True, init=False)
    party: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    opinion: Mapped[str | None] = mapped_column(Text, default=None)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    carried_from: Mapped[int | None] = mapped_column(ForeignKey("signature.id"), default=None)


@event.listens_for(Signature, "before_update")
@event.listens_for(Signature, "before_delete")
def _refuse_rewriting(_mapper: object, _connection: object, signature: Signature) -> None:
    raise RuntimeError(f"signatures are append-only: {signature.id}")


def missing(required: Collection[str], digest: str, signatures: Sequence[tuple[str, str, str]]) -> list[str]:
    """Parties that have not approved this digest; ``signatures``: (party, digest, verdict), oldest first.

    The last word of a party under a digest counts.
    """
    last = {party: verdict for party, signed, verdict in signatures if signed == digest}
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
    parts: Mapping[str, Any] | None = None,
    due: datetime | None = None,
    bar_submitter: bool = True,
) -> SignOff:
    """Ask the required parties to sign this content; an earlier request for the purpose is carried on.

    Args:
        content: what is signed, JSON.
        parts: party → the part of the content it answers for. Approvals of parts that stay the same are carried
            over to the new digest; all others are void, because signatures name the digest they were given under.

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
    digests = {party: digest_of(part) for party, part in (parts or {}).items()}
    found.required, found.due_at = sorted(required), due
    if found.digest != digest:
        submitter = by.id if by.kind == "person" else None
        still_good = _untouched(found, digests, submitter)
        found.digest, found.parts, found.submitter_id = digest, digests, submitter
        found.signatures.extend(_carried(signature, digest, at) for signature in still_good)
    session.flush()
    return found


def _untouched(sign_off: SignOff, parts: Mapping[str, str], submitter: int | None) -> list[Signature]:
    """Approvals of the present digest by parties whose part stays the same."""
    last = {s.party: s for s in sign_off.signatures if s.digest == sign_off.digest}
    return [
        signature
        for party, signature in sorted(last.items())
        if signature.verdict == "approve"
        and party in sign_off.required
        and party in parts
        and parts[party] == sign_off.parts.get(party)
        and not (sign_off.bar_submitter and submitter is not None and signature.person_id == submitter)
    ]


def _carried(signature: Signature, digest: str, at: datetime) -> Signature:
    return Signature(
        party=signature.party,
        person_id=signature.person_id,
        contact_id=signature.contact_id,
        recorded_by=signature.recorded_by,
        digest=digest,
        verdict="approve",
        at=at,
        opinion=signature.opinion,
        carried_from=signature.id,
    )


def for_purpose(session: Session, case: Any, purpose: str) -> SignOff | None:
    """The request for signatures of a case and purpose."""
    return session.scalars(
        select(SignOff)
        .where(SignOff.subject_kind == case.__case_kind__, SignOff.subject_id == case.id)
        .where(SignOff.purpose == purpose)
    ).first()


def parties_of(by: Actor) -> frozenset[str]:
    """What somebody may sign as: his department, as its head where he is, or the customer."""
    if by.kind == "customer":
        return frozenset({CUSTOMER})
    if by.kind != "person" or by.id is None or by.department is None:
        return frozenset()
    return frozenset({by.department, f"{by.department}{AS_HEAD}"} if by.head else {by.department})


def may_sign(sign_off: SignOff, by: Actor) -> str:
    """The party that the actor would sign as.

    Raises:
        Forbidden: he is none of the required parties, or it is his own submission where that is barred.
    """
    parties = parties_of(by) & set(sign_off.required)
    if not parties:
        raise Forbidden("sign.not_required", clause="3.1.2-c", department=by.department or CUSTOMER)
    if sign_off.bar_submitter and by.is_same_person(sign_off.submitter_id):
        raise Forbidden("sign.own_submission", clause="3.1.2-c")
    return max(parties)


@carries("sign", "3.1.2-c")
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
    """Sign for one's own party; a customer's contact person is checked by the caller, who knows the customer.

    Raises:
        Invalid: an unknown verdict; Forbidden: not a required party, or one's own submission where barred;
        Conflict: the content has changed since it was read (another digest).
    """
    if verdict not in VERDICTS:
        raise Invalid("sign.verdict", field="verdict", clause="3.1.2-c", allowed=", ".join(VERDICTS))
    party = may_sign(sign_off, by)
    if digest != sign_off.digest:
        raise Conflict("sign.other_revision", field="digest", clause="3.1.2-c")
    ours = by.kind == "person"
    signature = Signature(
        party=party,
        person_id=by.id if ours else None,
        contact_id=None if ours else by.id,
        recorded_by=by.recorded_by,
        digest=digest,
        verdict=verdict,
        at=at,
        opinion=opinion,
    )
    sign_off.signatures.append(signature)
    session.flush()
    return signature


def standing(sign_off: SignOff) -> dict[str, Signature]:
    """Party → its last word under the present digest."""
    return {s.party: s for s in sign_off.signatures if s.digest == sign_off.digest}


def open_parties(sign_off: SignOff) -> list[str]:
    """Parties whose approval of the present digest is missing."""
    return missing(sign_off.required, sign_off.digest, [(s.party, s.digest, s.verdict) for s in sign_off.signatures])


def complete(sign_off: SignOff | None) -> bool:
    """Whether every required party approved this digest."""
    return sign_off is not None and bool(sign_off.required) and not open_parties(sign_off)
