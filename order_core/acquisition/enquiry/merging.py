"""Two requirements that are one: merged by a person only, both kept readable, taken back at will (2.2.2-a)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.enquiry import rules
from order_core.acquisition.enquiry.models import PairVerdict, Requirement
from order_core.acquisition.enquiry.service import may
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.case import note

CLAUSE = "2.2.2-a"


@carries("case", CLAUSE)
def merge(
    session: Session, kept: Requirement, other: Requirement, *, score: int | None, by: Actor, at: datetime
) -> None:
    """From now on ``kept`` stands for both; ``other`` stays as it was said, and says where it went.

    Raises:
        Forbidden: not a person of sales; Invalid: the same requirement, or of two customers;
        Conflict: one of them is merged already, or its enquiry is closed.
    """
    _same_customer(kept, other, by)
    for requirement in (kept, other):
        if requirement.merged_into_id is not None:
            raise Conflict("enquiry.merged_already", field="requirement", clause=CLAUSE, requirement=requirement.label)
    if other.enquiry.state not in rules.OPEN_STATES or kept.enquiry.state == "dropped":
        raise Conflict("enquiry.too_late", clause=CLAUSE, number=other.enquiry.number)
    other.merged_into_id = kept.id
    _judge(session, kept, other, "same", score, by=by, at=at)
    _tell_both(session, kept, other, "requirements_merged", by=by, at=at)


def unmerge(session: Session, other: Requirement, *, by: Actor, at: datetime) -> None:
    """Take a merge back: each requirement stands for itself again.

    Raises:
        Conflict: it is not merged, or its enquiry is closed.
    """
    may(by, CLAUSE)
    if other.merged_into_id is None or other.enquiry.state not in rules.OPEN_STATES:
        raise Conflict("enquiry.not_merged", field="requirement", clause=CLAUSE, requirement=other.label)
    kept = session.get_one(Requirement, other.merged_into_id)
    other.merged_into_id = None
    last = session.scalars(
        select(PairVerdict)
        .where(PairVerdict.one_id == min(kept.id, other.id), PairVerdict.other_id == max(kept.id, other.id))
        .where(PairVerdict.verdict == "same", PairVerdict.undone_at.is_(None))
        .order_by(PairVerdict.id.desc())
    ).first()
    if last is not None:
        last.undone_at, last.undone_by = at, by.id
    session.flush()
    _tell_both(session, kept, other, "requirements_parted", by=by, at=at)


def differ(
    session: Session, one: Requirement, other: Requirement, *, score: int | None, by: Actor, at: datetime
) -> None:
    """Say that two are not the same; they are not proposed again."""
    _same_customer(one, other, by)
    _judge(session, one, other, "different", score, by=by, at=at)


def _same_customer(one: Requirement, other: Requirement, by: Actor) -> None:
    may(by, CLAUSE)
    if one.id == other.id:
        raise Invalid("enquiry.itself", field="other", clause=CLAUSE)
    if one.enquiry.customer_id != other.enquiry.customer_id:
        raise Invalid("enquiry.other_customer", field="other", clause=CLAUSE)


def _judge(
    session: Session, one: Requirement, other: Requirement, verdict: str, score: int | None, *, by: Actor, at: datetime
) -> None:
    first, second = sorted((one.id, other.id))
    session.add(PairVerdict(one_id=first, other_id=second, verdict=verdict, score=score, by_id=by.id, at=at))
    session.flush()


def _tell_both(session: Session, kept: Requirement, other: Requirement, what: str, *, by: Actor, at: datetime) -> None:
    data = {"kept": kept.label, "other": other.label}
    for enquiry in {kept.enquiry.id: kept.enquiry, other.enquiry.id: other.enquiry}.values():
        note(session, enquiry, what, by=by, at=at, data=data, clauses=(CLAUSE,))
