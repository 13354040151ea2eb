"""Revising the rulebook (9.1): proposed by human resources, signed by another of them, in force from its day on.

A revision is a case on the Revision machine. Nothing of it touches what is past: it starts after its release,
running clocks keep the budget that they were started with, and ``inforce.book`` answers for any moment as it stood.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step, note
from order_core.kernel.notice import tell
from order_core.rulebook import inforce, rules
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.handover import hand_over
from order_core.rulebook.machines import machine
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.rules import CLAUSE
from order_core.rulebook.settings import settings

OWNER = "HR"
RELEASE = "release"
SIGNED_AS = "rulebook_change"
"""The sign-off rule that names the parties of a revision."""


def content(change: RulebookChange) -> dict[str, Any]:
    """What is signed."""
    return {
        "number": change.number,
        "revision": change.revision,
        "changes": change.changes,
        "effective_from": change.effective_from.isoformat(),
        "reason": change.reason,
    }


def _content_complete(step: Step) -> None:
    change: RulebookChange = step.case
    _demand(change.reason, change.effective_from, step.at)
    _hold_together(step.session, change.changes, change.effective_from)


def _all_signed(step: Step) -> None:
    change: RulebookChange = step.case
    sign_off = sign.for_purpose(step.session, change, RELEASE)
    if not sign.complete(sign_off):
        waiting = ", ".join(sign.open_parties(sign_off)) if sign_off else OWNER
        raise Conflict("rulebook.unsigned", clause=CLAUSE, parties=waiting)
    _content_complete(step)


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("rulebook.reason", field="reason", clause=CLAUSE)


def _owner(_change: RulebookChange, by: Actor) -> bool:
    return by.kind == "person" and by.department == OWNER


def _reviewer(change: RulebookChange, by: Actor) -> bool:
    return _owner(change, by) and not by.is_same_person(change.proposed_by)


REVISION = Procedure(
    machine("Revision"),
    conditions={
        "content_complete": _content_complete,
        "all_signed": _all_signed,
        "points_given": _reason_given,
        "reason_given": _reason_given,
    },
    relations={"owner": _owner, "reviewer": _reviewer},
)


def _demand(reason: str, effective_from: datetime, at: datetime) -> None:
    if not reason.strip():
        raise Invalid("rulebook.reason", field="reason", clause=CLAUSE)
    if effective_from <= at:
        raise Invalid("rulebook.past", field="effective_from", clause=CLAUSE)


def _hold_together(session: Session, changes: Mapping[str, Any], effective_from: datetime) -> dict[str, Any]:
    """The changes as they are kept, once they fit one by one and no rulebook from their start on contradicts itself."""
    kept = rules.fitting(settings(), changes)
    for data in inforce.with_change(session, kept, effective_from):
        wrong = rules.contradiction(data)
        if wrong is not None:
            raise wrong
    return kept


def _before(session: Session, changes: Mapping[str, Any], effective_from: datetime) -> dict[str, Any]:
    book = inforce.book(session, effective_from)
    return {path: book.value(path) for path in changes}


def propose(
    session: Session, *, changes: Mapping[str, Any], reason: str, effective_from: datetime, by: Actor, at: datetime
) -> RulebookChange:
    """A new revision, not yet put to review.

    Args:
        changes: path → new value, see ``settings``; they come into force together.

    Raises:
        Forbidden: somebody who is not of human resources.
        Invalid: an unknown path, a value that does not fit, weights that miss 100, no reason, a start in the past.
    """
    if not (by.kind == "person" and by.id is not None and by.department == OWNER):
        raise Forbidden("rulebook.hr_only", clause=CLAUSE)
    _demand(reason, effective_from, at)
    change = RulebookChange(
        changes=_hold_together(session, changes, effective_from),
        before=_before(session, changes, effective_from),
        reason=reason.strip(),
        effective_from=effective_from,
        proposed_by=by.id,
    )
    data = {"changes": change.changes, "effective_from": effective_from.isoformat()}
    REVISION.open(session, change, series="RB", by=by, at=at, clauses=(CLAUSE,), data=data)
    return change


def amend(
    session: Session,
    change: RulebookChange,
    *,
    changes: Mapping[str, Any],
    reason: str,
    effective_from: datetime,
    by: Actor,
    at: datetime,
) -> None:
    """Another content of a draft; whoever amends it becomes its proposer.

    Raises:
        Conflict: it is no draft; otherwise as ``propose``.
    """
    if change.state != "draft":
        raise Conflict("rulebook.not_draft", clause=CLAUSE, number=change.number)
    if not _owner(change, by) or by.id is None:
        raise Forbidden("rulebook.hr_only", clause=CLAUSE)
    _demand(reason, effective_from, at)
    change.changes = _hold_together(session, changes, effective_from)
    change.before = _before(session, changes, effective_from)
    change.reason, change.effective_from, change.proposed_by = reason.strip(), effective_from, by.id
    change.revision += 1
    data = {"changes": change.changes, "effective_from": effective_from.isoformat()}
    note(session, change, "rulebook_amended", by=by, at=at, data=data, clauses=(CLAUSE,))


def submit(session: Session, change: RulebookChange, *, by: Actor, at: datetime) -> None:
    """Put it to review; those who must sign are told."""
    REVISION.advance(session, change, "submit", by=by, at=at)
    rule = inforce.book(session, at).signoff(SIGNED_AS)
    sign.ask(session, change, RELEASE, content(change), required=rule.parties(), by=by, at=at)
    for department in sorted({party.removesuffix(sign.AS_HEAD) for party in rule.parties()}):
        hand_over(session, change, to=department, key="rulebook.to_sign", at=at)


@carries("sign", "9.1")
def approve(session: Session, change: RulebookChange, *, by: Actor, at: datetime, opinion: str | None = None) -> bool:
    """Sign it; the last signature releases it. True when it is released now.

    Raises:
        Forbidden: not a required party, or one's own proposal; Conflict: not in review;
        Invalid: its start has come while it waited, or it does not fit what was released meanwhile.
    """
    sign_off = _open_sign_off(session, change)
    may_sign(session, change, by, at)
    sign.give(session, sign_off, "approve", digest=sign.digest_of(content(change)), by=by, at=at, opinion=opinion)
    if not sign.complete(sign_off):
        return False
    _release(session, change, by=by, at=at)
    return True


def may_sign(session: Session, change: RulebookChange, by: Actor, _at: datetime) -> None:
    """Refuse whoever may not sign it: nobody signs what he proposed."""
    if by.is_same_person(change.proposed_by):
        raise Forbidden("sign.own_submission", clause=CLAUSE)
    sign.may_sign(_open_sign_off(session, change), by)


def _open_sign_off(session: Session, change: RulebookChange) -> sign.SignOff:
    sign_off = sign.for_purpose(session, change, RELEASE)
    if sign_off is None or change.state != "in_review":
        raise Conflict("rulebook.not_in_review", clause=CLAUSE, number=change.number)
    return sign_off


def _release(session: Session, change: RulebookChange, *, by: Actor, at: datetime) -> None:
    before = _before(session, change.changes, change.effective_from)
    REVISION.advance(session, change, "release", by=by, at=at, data={"before": before})
    newest = session.scalar(select(func.max(RulebookChange.edition))) or 0
    change.before, change.edition, change.stamp = before, newest + 1, secrets.token_hex(8)
    session.flush()
    params = {"number": change.number, "from": change.effective_from.date().isoformat()}
    for department in DEPARTMENTS:
        tell(session, key="rulebook.released", at=at, about=change, department=department, params=params, everyone=True)


def reject(session: Session, change: RulebookChange, reason: str, *, by: Actor, at: datetime) -> None:
    """Do not sign, and say why: it is a draft again, and its proposer is told."""
    sign_off = _open_sign_off(session, change)
    may_sign(session, change, by, at)
    REVISION.advance(session, change, "send_back", by=by, at=at, data={"reason": reason})
    sign.give(session, sign_off, "reject", digest=sign_off.digest, by=by, at=at, opinion=reason.strip())
    tell(session, key="rulebook.sent_back", at=at, about=change, person=change.proposed_by,
         params={"number": change.number})  # fmt: skip


def withdraw(session: Session, change: RulebookChange, reason: str, *, by: Actor, at: datetime) -> None:
    """It will not be; what is released can only be changed by another revision."""
    REVISION.advance(session, change, "withdraw", by=by, at=at, data={"reason": reason})
