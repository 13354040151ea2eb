"""What market research leaves to do for sales: rounds to fill, reports to write and to sign."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.research import PATH, REPORTS
from helpdesk.pipeline.work import Work, provides
from order_core.acquisition.research import service
from order_core.acquisition.research.models import ResearchReport
from order_core.kernel import clock
from order_core.kernel.actor import Actor
from order_core.rounds.models import Round

SIGN = "research_sign"
TAKES = {"research_collect": timedelta(days=2), "research_report": timedelta(days=1), SIGN: timedelta(hours=1)}
"""How long each usually takes."""


@provides
def work(session: Session, by: Actor, at: datetime) -> list[Work]:
    """For sales: the round that is collecting or has no report yet, and reports that wait for the head's signature."""
    if by.department != service.OWNER:
        return []
    return [*_rounds_to_do(session), *(_reports_to_sign(session) if by.head else ())]


def _rounds_to_do(session: Session) -> list[Work]:
    """Rounds that are collecting, and those whose deadline runs on without a report before the head."""
    submitted = select(ResearchReport.round_id).where(ResearchReport.state == "in_review")
    waiting = session.scalars(
        select(Round)
        .where(Round.kind == service.KIND, Round.state.in_(("open", "done")), Round.id.not_in(submitted))
        .order_by(Round.id)
    )
    found = []
    for turn in waiting:
        kind = "research_collect" if turn.state == "open" else "research_report"
        deadline = clock.running(session, turn, service.DEADLINE)
        if turn.state == "open" or deadline is not None:
            due = deadline.due_at if deadline is not None else turn.closes_at
            found.append(Work(kind, turn.number, f"{PATH}/{turn.number}", turn.period, due, TAKES[kind]))
    return found


def _reports_to_sign(session: Session) -> list[Work]:
    waiting = session.scalars(select(ResearchReport).where(ResearchReport.state == "in_review"))
    return [
        Work(SIGN, report.number, f"{REPORTS}/{report.number}", report.title, _due(session, report), TAKES[SIGN])
        for report in waiting
    ]


def _due(session: Session, report: ResearchReport) -> datetime | None:
    turn = session.get_one(Round, report.round_id)
    deadline = clock.running(session, turn, service.DEADLINE)
    return deadline.due_at if deadline is not None else None
