"""A report on its way out: submitted, signed by the head of sales and thereby published, corrected by a successor."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.research import rules
from order_core.acquisition.research.models import Citation, ResearchReport
from order_core.acquisition.research.reports import CLAUSE, PUBLISH, REPORT, content
from order_core.acquisition.research.service import DEADLINE, researcher
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.notice import tell
from order_core.rounds.models import Round
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book

SIGNED_BY = "research_report"
"""The rule of the rulebook that says who signs: the head of sales, unless it was revised."""
READERS = ("SAL", "RND", "PRO", "MGT")


def submit(session: Session, report: ResearchReport, *, by: Actor, at: datetime) -> None:
    """Put it before those who sign; whoever submits it does not sign it."""
    REPORT.advance(session, report, "submit", by=by, at=at)
    rule = book(session, at).signoff(SIGNED_BY)
    signed = content(session, report)
    barred = not rule.submitter_signs
    sign.ask(session, report, PUBLISH, signed, required=rule.parties(), by=by, at=at, bar_submitter=barred)
    for party in rule.parties():
        department = party.removesuffix(sign.AS_HEAD)
        tell(session, key="research.to_sign", at=at, about=report, department=department,
             params={"number": report.number})  # fmt: skip


def send_back(session: Session, report: ResearchReport, reason: str, *, by: Actor, at: datetime) -> None:
    """Back to its author, who is told; with what is to be changed."""
    REPORT.advance(session, report, "send_back", by=by, at=at, data={"reason": reason})
    params = {"number": report.number}
    tell(session, key="research.sent_back", at=at, about=report, person=report.author_id, params=params)


def withdraw(session: Session, report: ResearchReport, reason: str, *, by: Actor, at: datetime) -> None:
    """Give it up before it was published."""
    REPORT.advance(session, report, "withdraw", by=by, at=at, data={"reason": reason})


def approve(session: Session, report: ResearchReport, *, by: Actor, at: datetime, opinion: str | None = None) -> bool:
    """Sign it; the last signature publishes it. True when it is published now.

    Raises:
        Conflict: not submitted; Forbidden: not asked to sign, or one's own submission.
    """
    sign_off = sign.for_purpose(session, report, PUBLISH)
    if sign_off is None or report.state != "in_review":
        raise Conflict("research.not_submitted", clause=CLAUSE, number=report.number)
    digest = sign.digest_of(content(session, report))
    sign.give(session, sign_off, "approve", digest=digest, by=by, at=at, opinion=opinion)
    if not sign.complete(sign_off):
        return False
    _publish(session, report, digest, by=by, at=at)
    return True


@carries("notice", "2.1.1-b")
def _publish(session: Session, report: ResearchReport, digest: str, *, by: Actor, at: datetime) -> None:
    report.digest, report.published_at = digest, at
    REPORT.advance(session, report, "release", by=by, at=at, data={"digest": digest})
    if report.supersedes_id is not None:
        former = session.get_one(ResearchReport, report.supersedes_id)
        REPORT.advance(session, former, "supersede", by=by, at=at, data={"successor": report.number})
    turn = session.get_one(Round, report.round_id)
    clock.stop(session, turn, DEADLINE, at=at, calendar=house_calendar(session))
    key = "research.published" if report.supersedes_id is None else "research.corrected"
    for department in READERS:
        tell(session, key=key, at=at, about=report, department=department, everyone=True,
             params={"number": report.number, "title": report.title})  # fmt: skip


def correct(session: Session, report: ResearchReport, reason: str, *, by: Actor, at: datetime) -> ResearchReport:
    """A new revision of a published report: a draft with its content, which supersedes it once it is published.

    Raises:
        Conflict: not published, or a correction is under way.
    """
    author = researcher(by, CLAUSE)
    if report.state != "released":
        raise Conflict("research.not_published", clause=CLAUSE, number=report.number)
    if not reason.strip() or len(reason) > rules.LONGEST["reason"]:
        raise Invalid("research.reason", field="reason", clause=CLAUSE, most=rules.LONGEST["reason"])
    under_way = session.scalars(
        select(ResearchReport).where(ResearchReport.supersedes_id == report.id, ResearchReport.state != "withdrawn")
    ).first()
    if under_way is not None:
        raise Conflict("research.correction_open", clause=CLAUSE, number=under_way.number)
    successor = ResearchReport(
        round_id=report.round_id,
        title=report.title,
        language=report.language,
        author_id=author,
        sections=[dict(section) for section in report.sections],
        supersedes_id=report.id,
        reason=reason.strip(),
    )
    successor.citations = [Citation(finding_id=citation.finding_id) for citation in report.citations]
    successor.revision = report.revision + 1
    data = {"supersedes": report.number}
    REPORT.open(session, successor, series="MR", by=by, at=at, data=data, clauses=(CLAUSE,))
    return successor
