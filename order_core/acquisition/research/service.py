"""Market rounds: opened by their clock, filled with findings, done when each of three kinds is answered (2.1.1-a)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.research import rules
from order_core.acquisition.research.models import Citation, Finding, NothingFound, ResearchReport
from order_core.acquisition.research.rules import Fault, FindingFacts
from order_core.clauses import carries, probe
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel import clock
from order_core.kernel.actor import Actor
from order_core.kernel.case import Step, note
from order_core.kernel.numbers import next_number
from order_core.parties.models import ProductModel
from order_core.rounds import service as rounds
from order_core.rounds.models import Round
from order_core.rounds.service import Duty, checklist, register
from order_core.rulebook.clocks import house_calendar

KIND = "research"
OWNER = "SAL"
ROLE = "market"
CLAUSE = "2.1.1-a"
DEADLINE = "T-01"

DUTY = register(
    Duty(
        kind=KIND,
        department=OWNER,
        every="month",
        clause=CLAUSE,
        zone=house_calendar().zone,
        role=ROLE,
        deadline=DEADLINE,
    )
)


def is_researcher(by: Actor) -> bool:
    """Whether somebody is of sales or of the market-research team."""
    return by.kind == "person" and (by.department == OWNER or ROLE in by.roles)


def researcher(by: Actor, clause: str = CLAUSE) -> int:
    """The id of such a person. Raises ``Forbidden`` for others."""
    if by.id is None or not is_researcher(by):
        raise Forbidden("research.not_yours", clause=clause)
    return by.id


def refuse(fault: Fault | None, clause: str = CLAUSE, *, path: str = "") -> None:
    """Raise ``Invalid`` for a broken rule; ``path``: what the field lies in."""
    if fault is not None:
        raise Invalid(fault.code, field=path + fault.field, clause=clause, **fault.params)


def known_models(session: Session) -> set[str]:
    """Codes of our product models."""
    return set(session.scalars(select(ProductModel.code)))


def record(session: Session, turn: Round, found: FindingFacts, *, by: Actor, at: datetime) -> Finding:
    """Write a finding down.

    Raises:
        Forbidden: neither sales nor market research; Conflict: the round is not collecting;
        Invalid: kind, source, date, text, link or model breaks its rule.
    """
    return record_all(session, turn, [found], by=by, at=at)[0]


def record_all(
    session: Session, turn: Round, found: Sequence[FindingFacts], *, by: Actor, at: datetime
) -> list[Finding]:
    """Write several down, all or none."""
    person = researcher(by)
    _require_collecting(turn)
    known = known_models(session)
    for one in found:
        refuse(rules.finding_fault(one, house_day(at), known))
    return [_written(session, turn, one, person, by=by, at=at) for one in found]


def _written(session: Session, turn: Round, found: FindingFacts, person: int, *, by: Actor, at: datetime) -> Finding:
    assert found.dated_on is not None
    finding = Finding(
        number=next_number(session, "MF", at),
        round_id=turn.id,
        kind=found.kind,
        source=found.source.strip(),
        dated_on=found.dated_on,
        text=found.text.strip(),
        link=found.link.strip() or None,
        models=sorted(set(found.models)),
        by_id=person,
        at=at,
    )
    session.add(finding)
    data = {"finding": finding.number, "kind": finding.kind}
    note(session, turn, "finding", by=by, at=at, data=data, clauses=(CLAUSE,))
    return finding


def nothing_found(session: Session, turn: Round, kind: str, *, by: Actor, at: datetime) -> NothingFound:
    """Somebody's word that nothing of a kind was found; said again, the first word stands.

    Raises:
        Conflict: something was found, or the round is not collecting.
    """
    person = researcher(by)
    _require_collecting(turn)
    if kind not in rules.KINDS:
        raise Invalid("research.kind", field="kind", clause=CLAUSE, allowed=", ".join(rules.KINDS))
    if kind in found_kinds(session, turn):
        raise Conflict("research.was_found", field="kind", clause=CLAUSE, number=turn.number)
    said = session.scalars(
        select(NothingFound).where(NothingFound.round_id == turn.id, NothingFound.kind == kind)
    ).first()
    if said is None:
        said = NothingFound(round_id=turn.id, kind=kind, by_id=person, at=at)
        session.add(said)
        note(session, turn, "nothing_found", by=by, at=at, data={"kind": kind}, clauses=(CLAUSE,))
    return said


def strike(session: Session, finding: Finding, reason: str, *, by: Actor, at: datetime) -> None:
    """Take a wrong finding out of account; it stays readable.

    Raises:
        Conflict: its round is done, it is struck already, or a report that is out rests on it.
    """
    person = researcher(by)
    turn = session.get_one(Round, finding.round_id)
    _require_collecting(turn)
    if not reason.strip() or len(reason) > rules.LONGEST["reason"]:
        raise Invalid("research.reason", field="reason", clause=CLAUSE, most=rules.LONGEST["reason"])
    if finding.struck_at is not None:
        raise Conflict("research.struck", field="finding", clause=CLAUSE, number=finding.number)
    citing = session.scalars(
        select(ResearchReport)
        .join(Citation)
        .where(Citation.finding_id == finding.id, ResearchReport.state.in_(("in_review", "released")))
    ).first()
    if citing is not None:
        raise Conflict("research.cited_by", field="finding", clause="2.1.1-b", number=citing.number)
    finding.struck_at, finding.struck_by, finding.struck_because = at, person, reason.strip()
    note(session, turn, "finding_struck", by=by, at=at, data={"finding": finding.number}, clauses=(CLAUSE,))


def _require_collecting(turn: Round) -> None:
    if turn.state != "open":
        raise Conflict("research.not_collecting", clause=CLAUSE, number=turn.number)


def found_kinds(session: Session, turn: Round) -> set[str]:
    """Kinds of which the round has a finding that counts."""
    counts = select(Finding.kind).where(Finding.round_id == turn.id, Finding.struck_at.is_(None)).distinct()
    return set(session.scalars(counts))


def missing(session: Session, turn: Round) -> list[str]:
    """Kinds that the round has still to answer."""
    silent = session.scalars(select(NothingFound.kind).where(NothingFound.round_id == turn.id))
    return rules.missing_kinds(found_kinds(session, turn), silent)


@checklist(KIND)
@carries("check", "2.1.1-a")
def _each_kind_answered(step: Step) -> None:
    open_kinds = missing(step.session, step.case)
    if open_kinds:
        raise Conflict("research.kind_missing", field="kind", clause=CLAUSE, allowed=", ".join(open_kinds))


def finish(session: Session, turn: Round, *, by: Actor, at: datetime) -> None:
    """Collecting ends. Where nothing at all was found there is nothing to report, and the deadline ends with it."""
    found = session.scalars(select(Finding.kind).where(Finding.round_id == turn.id, Finding.struck_at.is_(None)))
    kinds = list(found)
    rounds.do(session, turn, {kind: kinds.count(kind) for kind in rules.KINDS}, by=by, at=at)
    if not kinds:
        clock.stop(session, turn, DEADLINE, at=at, calendar=house_calendar(session))


@probe("2.1.1-a")
def _incomplete_rounds(session: Session, _at: datetime) -> int:
    """Rounds that left collecting without an answer for each kind."""
    done = select(Round).where(Round.kind == KIND, Round.state.in_(("done", "applied")))
    return sum(1 for turn in session.scalars(done) if missing(session, turn))
