"""Check: an inspection against a standard in force; the verdict is computed from the readings, never typed.

One unit is judged by its readings, a lot by how many of a sample fail (acceptance number, as in ISO 2859-1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.clauses import carries
from order_core.db import Base, Id
from order_core.errors import Conflict, Invalid
from order_core.kernel.actor import Actor

ACCEPTED, REJECTED = "accepted", "rejected"


class Standard(Base):
    """What is inspected at a gate, under revision.

    ``criteria``: [{"code", "kind": "limit" | "yes_no" | "list", "min", "max", "unit", "choices"}].
    """

    __tablename__ = "standard"
    __table_args__ = (UniqueConstraint("code", "revision"),)

    id: Mapped[Id] = mapped_column(init=False)
    code: Mapped[str] = mapped_column(String(40))
    revision: Mapped[int]
    gate: Mapped[str] = mapped_column(String(24))
    criteria: Mapped[list[Any]]
    in_force_from: Mapped[datetime]


class Inspection(Base):
    """Readings of one subject under one revision of a standard."""

    __tablename__ = "inspection"
    __table_args__ = (Index("ix_inspection_subject", "subject_kind", "subject_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    standard_id: Mapped[int] = mapped_column(ForeignKey("standard.id"))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int]
    readings: Mapped[dict[str, Any]]
    verdict: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    lot_size: Mapped[int | None] = mapped_column(default=None)
    sample_size: Mapped[int | None] = mapped_column(default=None)
    defective: Mapped[int | None] = mapped_column(default=None)


@dataclass(frozen=True)
class SamplingPlan:
    """How many units of a lot are looked at, and how many of them may fail. All units: size = lot, accept = 0."""

    size: int
    accept: int


def criterion_passes(criterion: Mapping[str, Any], reading: Any) -> bool:
    """Whether one reading meets its criterion; a missing reading does not."""
    kind = criterion["kind"]
    if kind == "yes_no":
        return reading is True
    if kind == "list":
        return reading in criterion["choices"]
    if not isinstance(reading, int | float) or isinstance(reading, bool):
        return False
    return bool(criterion.get("min", float("-inf")) <= reading <= criterion.get("max", float("inf")))


def verdict(criteria: Sequence[Mapping[str, Any]], readings: Mapping[str, Any]) -> str:
    """Accepted when every criterion passes and there is at least one."""
    passed = bool(criteria) and all(criterion_passes(c, readings.get(c["code"])) for c in criteria)
    return ACCEPTED if passed else REJECTED


def sample_verdict(plan: SamplingPlan, defective: int) -> str:
    """Accepted while no more of the sample fail than the plan accepts."""
    return ACCEPTED if defective <= plan.accept else REJECTED


def in_force(session: Session, code: str, *, at: datetime) -> Standard:
    """The revision of a standard in force at a moment. Raises ``Invalid`` when there is none."""
    found = session.scalars(
        select(Standard)
        .where(Standard.code == code, Standard.in_force_from <= at)
        .order_by(Standard.revision.desc())
        .limit(1)
    ).first()
    if found is None:
        raise Invalid("check.no_standard", field="standard", clause="3.4.1-a", standard=code)
    return found


def inspect(
    session: Session, case: Any, standard: Standard, readings: Mapping[str, Any], *, by: Actor, at: datetime
) -> Inspection:
    """Record readings; the verdict follows from them.

    Raises:
        Invalid: a criterion of the standard has no reading.
    """
    for criterion in standard.criteria:
        if readings.get(criterion["code"]) is None:
            raise Invalid("check.reading_missing", field="readings", clause="5.2.2-c", criterion=criterion["code"])
    inspection = Inspection(
        standard_id=standard.id,
        subject_kind=case.__case_kind__,
        subject_id=case.id,
        readings=dict(readings),
        verdict=verdict(standard.criteria, readings),
        by_id=by.id,
        at=at,
    )
    session.add(inspection)
    session.flush()
    return inspection


def inspect_lot(
    session: Session,
    case: Any,
    standard: Standard,
    plan: SamplingPlan,
    *,
    lot_size: int,
    defective: int,
    by: Actor,
    at: datetime,
) -> Inspection:
    """Record how many units of a lot's sample failed; a plan that asks for more than the lot takes all of it.

    Raises:
        Invalid: an empty lot, or more failures than units looked at.
    """
    size = min(plan.size, lot_size)
    if lot_size < 1:
        raise Invalid("check.lot_size", field="lot_size", clause="3.4.1-b")
    if not 0 <= defective <= size:
        raise Invalid("check.defective", field="defective", clause="3.4.1-b", most=size)
    inspection = Inspection(
        standard_id=standard.id,
        subject_kind=case.__case_kind__,
        subject_id=case.id,
        readings={},
        verdict=sample_verdict(plan, defective),
        by_id=by.id,
        at=at,
        lot_size=lot_size,
        sample_size=size,
        defective=defective,
    )
    session.add(inspection)
    session.flush()
    return inspection


@carries("check", "3.4.1-a")
def require(session: Session, case: Any, code: str, *, at: datetime) -> Inspection:
    """The accepted inspection that lets a case through a gate: the newest one, under the standard in force now.

    Raises:
        Invalid: no such standard; Conflict: not inspected under the revision in force, or not accepted.
    """
    standard = in_force(session, code, at=at)
    newest = session.scalars(
        select(Inspection)
        .join(Standard, Standard.id == Inspection.standard_id)
        .where(Inspection.subject_kind == case.__case_kind__, Inspection.subject_id == case.id)
        .where(Standard.code == code)
        .order_by(Inspection.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.standard_id != standard.id or newest.verdict != ACCEPTED:
        raise Conflict("check.not_accepted", clause="3.4.1-a", standard=code, revision=standard.revision)
    return newest


def last_verdict(session: Session, case: Any, gate: str) -> str | None:
    """The verdict of the newest inspection of a case at a gate, or None."""
    return session.scalars(
        select(Inspection.verdict)
        .join(Standard, Standard.id == Inspection.standard_id)
        .where(Inspection.subject_kind == case.__case_kind__, Inspection.subject_id == case.id)
        .where(Standard.gate == gate)
        .order_by(Inspection.id.desc())
        .limit(1)
    ).first()
