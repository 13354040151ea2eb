"""What a design says (3.2.2-a): documents, characteristics with target and verification, needs that are waived."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid, NotFound
from order_core.execution.design import rules
from order_core.execution.design.lifecycle import OWNER, needs_of, of_department, waiver, waiver_content
from order_core.execution.design.models import Characteristic, Design, DesignDocument
from order_core.execution.design.rules import Need, Trait
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book

CLAUSE = "3.2.2-a"
SHA256 = re.compile(r"[0-9a-f]{64}")
VERIFIERS = ("RND", "QUA")


@dataclass(frozen=True)
class Paper:
    """A document as it is handed in; ``size`` in bytes, ``sha256`` of the file in hex."""

    name: str
    link: str
    sha256: str
    size: int


def in_draft(design: Design, *, by: Actor, departments: Sequence[str] = (OWNER,)) -> None:
    """Raise unless a design can still be written on, by somebody of these departments (3.2.3-a: later by a change)."""
    of_department(by, *departments, step="draft", clause=CLAUSE)
    in_draft_now(design)


def set_characteristics(session: Session, design: Design, traits: Sequence[Trait], *, by: Actor, at: datetime) -> None:
    """Write the characteristics in place of the former ones; one that stays as it was keeps its result.

    Raises:
        Invalid: one without code or name, limits that do not hold the target, a code twice, a need that is none.
    """
    in_draft(design, by=by)
    _sound(traits, {need.code for need in needs_of(session, design)})
    former = {row.code: row for row in design.characteristics}
    kept = [row for trait in traits if (row := former.get(trait.code)) and _same(row.trait, trait)]
    for row in list(design.characteristics):
        if row not in kept:
            design.characteristics.remove(row)
    session.flush()
    stays = {row.code: row for row in kept}
    for position, trait in enumerate(traits, 1):
        if trait.code in stays:
            stays[trait.code].position = position
        else:
            design.characteristics.append(_row(position, trait))
    session.flush()
    session.refresh(design, ["characteristics"])
    data = {"characteristics": [trait.code for trait in traits]}
    design.changed_at = at  # whoever has read it before does not write over this
    note(session, design, "design_characteristics", by=by, at=at, data=data, clauses=(CLAUSE,))


def _sound(traits: Sequence[Trait], known: set[str]) -> None:
    codes = [trait.code for trait in traits]
    for position, trait in enumerate(traits, 1):
        broken = rules.fault(trait)
        if broken is not None:
            raise Invalid(broken[1], field=f"characteristics.{position}.{broken[0]}", clause=CLAUSE, trait=trait.code)
        if codes.count(trait.code) > 1:
            raise Invalid("design.code_twice", field="characteristics", clause=CLAUSE, twice=trait.code)
        strange = next((code for code in trait.needs if code not in known), None)
        if strange is not None:
            raise Invalid("design.need_unknown", field=f"characteristics.{position}.needs", clause=CLAUSE, need=strange)


def _same(was: Trait, now: Trait) -> bool:
    return replace(was, result=None) == replace(now, result=None)


def _row(position: int, trait: Trait) -> Characteristic:
    return Characteristic(
        position=position,
        code=trait.code,
        name=trait.name,
        kind=trait.kind,
        target=_figure(trait.target),
        lower=_figure(trait.lower),
        upper=_figure(trait.upper),
        unit=trait.unit,
        method=trait.method,
        needs=list(trait.needs),
    )


def _figure(value: float | None) -> float | None:
    """As the database gives it back: what is signed is the same after it has been kept."""
    return None if value is None else float(value)


def verify(session: Session, design: Design, code: str, result: float, *, by: Actor, at: datetime) -> None:
    """Record what the verification of a characteristic found, whether it is within the target or not.

    Raises:
        NotFound: no such characteristic; Invalid: it says nothing of how it is verified, or yes/no is answered
        by another figure than 1 or 0.
    """
    in_draft(design, by=by, departments=VERIFIERS)
    row = next((row for row in design.characteristics if row.code == code), None)
    if row is None:
        raise NotFound("record.unknown", field="code", number=code)
    if not row.method.strip():
        raise Invalid("design.trait.method", field="method", clause=CLAUSE, trait=code)
    if row.kind == rules.YES_NO and result not in (0, 1):
        raise Invalid("design.trait.yes_no", field="result", clause=CLAUSE, trait=code)
    row.result, row.verified_by, row.verified_at = float(result), by.id, at
    data = {"code": code, "result": result}
    design.changed_at = at  # whoever has read it before does not write over this
    note(session, design, "design_verified", by=by, at=at, data=data, clauses=(CLAUSE,))


def set_documents(session: Session, design: Design, papers: Sequence[Paper], *, by: Actor, at: datetime) -> None:
    """Name the documents in place of the former ones.

    Raises:
        Invalid: no name, no SHA-256, or no size.
    """
    in_draft(design, by=by)
    for position, paper in enumerate(papers, 1):
        for field, good in (
            ("name", bool(paper.name.strip())),
            ("sha256", SHA256.fullmatch(paper.sha256.lower()) is not None),
            ("size", paper.size > 0),
        ):
            if not good:
                raise Invalid(f"design.document.{field}", field=f"documents.{position}.{field}", clause=CLAUSE)
    design.documents.clear()
    session.flush()
    design.documents.extend(
        DesignDocument(name=paper.name.strip(), link=paper.link.strip(), sha256=paper.sha256.lower(), size=paper.size)
        for paper in papers
    )
    session.flush()
    data = {"documents": [paper.sha256.lower() for paper in papers]}
    design.changed_at = at  # whoever has read it before does not write over this
    note(session, design, "design_documents", by=by, at=at, data=data, clauses=(CLAUSE,))


def waive(session: Session, design: Design, code: str, reason: str, *, by: Actor, at: datetime) -> None:
    """Ask SAL and the customer to do without a key need; both sign its words and the reason.

    Raises:
        NotFound: no such need; Invalid: no reason.
    """
    in_draft(design, by=by)
    need = _need(session, design, code)
    if not reason.strip():
        raise Invalid("design.reason", field="reason", clause=CLAUSE)
    design.waivers = design.waivers | {code: reason.strip()}
    required = book(session, at).signoff("requirement_waiver").parties()
    sign.ask(session, design, f"waiver:{code}", waiver_content(design, need), required=required, by=by, at=at)
    note(session, design, "design_waiver", by=by, at=at, data={"need": code}, clauses=(CLAUSE,))
    params = {"number": design.number, "need": code}
    hand_over(session, design, to="SAL", key="design.waiver", at=at, params=params)


def sign_waiver(session: Session, design: Design, code: str, verdict: str, *, by: Actor, at: datetime) -> None:
    """SAL, or a contact person of the order's customer, agrees to do without the need or does not.

    Raises:
        NotFound: nobody has asked for it; Forbidden: neither SAL nor this customer's contact person.
    """
    in_draft_now(design)
    need, sign_off = _need(session, design, code), waiver(session, design, code)
    if sign_off is None:
        raise NotFound("record.unknown", field="need", number=code)
    if by.kind == "customer":
        _of_this_customer(session, design, by)
    digest = sign.digest_of(waiver_content(design, need))
    sign.give(session, sign_off, verdict, digest=digest, by=by, at=at)
    data = {"need": code, "verdict": verdict}
    note(session, design, "design_waiver_signed", by=by, at=at, data=data, clauses=(CLAUSE,))


def in_draft_now(design: Design) -> None:
    """Raise ``Conflict`` once a design is submitted."""
    if design.state != "draft":
        raise Conflict("design.frozen", clause="3.2.3-a", number=design.number)


def _need(session: Session, design: Design, code: str) -> Need:
    need = next((need for need in needs_of(session, design) if need.code == code), None)
    if need is None:
        raise NotFound("record.unknown", field="need", number=code)
    return need


def _of_this_customer(session: Session, design: Design, by: Actor) -> None:
    contact = session.get(ContactPerson, by.id) if by.id else None
    customer = design.task.line.order.customer_id if design.task else None
    if contact is None or contact.customer_id != customer:
        raise Forbidden("case.not_an_actor", clause=CLAUSE, step="waive", actors=sign.CUSTOMER)
