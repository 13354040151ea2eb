"""Research reports: drafted from the findings they cite, signed by the head of sales, then read-only (2.1.1-b)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.research import rules
from order_core.acquisition.research.models import PUBLISHED, Citation, Finding, ResearchReport
from order_core.acquisition.research.rules import ReportFacts
from order_core.acquisition.research.service import OWNER, is_researcher, refuse, researcher
from order_core.clauses import probe
from order_core.errors import Conflict, Invalid
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.rounds.models import Round
from order_core.rounds.service import SIGNED
from order_core.rulebook.machines import machine

CLAUSE = "2.1.1-b"
PUBLISH = "publish"


def _facts(report: ResearchReport, cited: Sequence[str]) -> ReportFacts:
    sections = [(section["heading"], section["text"]) for section in report.sections]
    return ReportFacts(report.title, report.language, sections, cited)


def cited_findings(session: Session, report: ResearchReport) -> list[Finding]:
    """The findings that a report rests on, the oldest first."""
    ids = [citation.finding_id for citation in report.citations]
    return list(session.scalars(select(Finding).where(Finding.id.in_(ids)).order_by(Finding.id)))


def content(session: Session, report: ResearchReport) -> dict[str, Any]:
    """What is signed and published."""
    return {
        "number": report.number,
        "revision": report.revision,
        "title": report.title,
        "language": report.language,
        "sections": report.sections,
        "cited": [finding.number for finding in cited_findings(session, report)],
    }


def _content_complete(step: Step) -> None:
    report: ResearchReport = step.case
    cited = cited_findings(step.session, report)
    refuse(rules.unfinished(_facts(report, [finding.number for finding in cited])), CLAUSE)
    struck = next((finding for finding in cited if finding.struck_at is not None), None)
    if struck is not None:
        raise Conflict("research.struck", field="cited", clause=CLAUSE, number=struck.number)
    turn = step.session.get_one(Round, report.round_id)
    if turn.state in ("planned", "open"):
        raise Conflict("research.still_collecting", clause="2.1.1-a", number=turn.number)


def _reason_given(step: Step) -> None:
    reason = str(step.data.get("reason") or "").strip()
    if not reason or len(reason) > rules.LONGEST["reason"]:
        raise Invalid("research.reason", field="reason", clause=CLAUSE, most=rules.LONGEST["reason"])


def _all_signed(step: Step) -> None:
    if not sign.complete(sign.for_purpose(step.session, step.case, PUBLISH)):
        raise Conflict("research.unsigned", clause=CLAUSE, number=step.case.number)


def _successor_released(step: Step) -> None:
    released = select(ResearchReport.id).where(
        ResearchReport.supersedes_id == step.case.id, ResearchReport.state == "released"
    )
    if step.session.scalar(released) is None:
        raise Conflict("research.no_successor", clause=CLAUSE, number=step.case.number)


def _owner(report: ResearchReport, by: Actor) -> bool:
    return is_researcher(by) or by.is_same_person(report.author_id)


def _reviewer(report: ResearchReport, by: Actor) -> bool:
    """The head of sales, or somebody of sales who did not write it."""
    return by.kind == "person" and by.department == OWNER and (by.head or not by.is_same_person(report.author_id))


REPORT = Procedure(
    machine("Revision"),
    conditions={
        "content_complete": _content_complete,
        "points_given": _reason_given,
        "all_signed": _all_signed,
        "successor_released": _successor_released,
        "reason_given": _reason_given,
    },
    relations={"owner": _owner, "reviewer": _reviewer},
)


def draft(
    session: Session, turn: Round, *, title: str, language: str, cited: Sequence[str], by: Actor, at: datetime
) -> ResearchReport:
    """A new report on a round, citing findings by number; its sections are written afterwards.

    Raises:
        Forbidden: neither sales nor market research; Invalid: no title, an unknown language or finding.
    """
    author = researcher(by, CLAUSE)
    if turn.state == "planned":
        raise Conflict("research.not_collecting", clause=CLAUSE, number=turn.number)
    refuse(rules.report_fault(ReportFacts(title, language, (), cited)), CLAUSE)
    report = ResearchReport(round_id=turn.id, title=title.strip(), language=language, author_id=author)
    report.citations = [Citation(finding_id=finding.id) for finding in _findings(session, cited)]
    REPORT.open(session, report, series="MR", by=by, at=at, clauses=(CLAUSE,))
    return report


def _findings(session: Session, numbers: Sequence[str]) -> list[Finding]:
    """The findings of these numbers that count. Raises ``Invalid`` for one that there is not."""
    rows = session.scalars(select(Finding).where(Finding.number.in_(numbers), Finding.struck_at.is_(None)))
    found = {finding.number: finding for finding in rows}
    unknown = next((number for number in numbers if number not in found), None)
    if unknown is not None:
        raise Invalid("research.finding", field="cited", clause=CLAUSE, number=unknown)
    return [found[number] for number in dict.fromkeys(numbers)]


def write(
    session: Session,
    report: ResearchReport,
    *,
    title: str,
    language: str,
    sections: Sequence[tuple[str, str]],
    cited: Sequence[str],
    by: Actor,
    at: datetime,
) -> None:
    """Replace a draft's content.

    Raises:
        Conflict: it is no draft (a published report is corrected by a new revision).
    """
    researcher(by, CLAUSE)
    if report.state != "draft":
        raise Conflict("research.read_only", clause=CLAUSE, number=report.number)
    refuse(rules.report_fault(ReportFacts(title, language, sections, cited)), CLAUSE)
    findings = _findings(session, cited)
    report.title, report.language, report.changed_at = title.strip(), language, at
    report.sections = [{"heading": heading.strip(), "text": text.strip()} for heading, text in sections]
    kept = {citation.finding_id: citation for citation in report.citations}
    report.citations = [kept.get(finding.id) or Citation(finding_id=finding.id) for finding in findings]
    session.flush()


def _report_published(step: Step) -> None:
    """A round is signed off when its report is out; where nothing was found there is none to wait for."""
    published = select(ResearchReport.id).where(
        ResearchReport.round_id == step.case.id, ResearchReport.state.in_(PUBLISHED)
    )
    if any(step.case.outcome.values()) and step.session.scalar(published.limit(1)) is None:
        raise Conflict("research.no_report", clause=CLAUSE, number=step.case.number)


SIGNED["research"] = _report_published


@probe("2.1.1-b")
def _reports_not_as_signed(session: Session, _at: datetime) -> int:
    """Published reports that cite nothing, or are not what was signed."""
    rows = session.scalars(select(ResearchReport).where(ResearchReport.state.in_(PUBLISHED)))
    return sum(
        1 for report in rows if not report.citations or report.digest != sign.digest_of(content(session, report))
    )
