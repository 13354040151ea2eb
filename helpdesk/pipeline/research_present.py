"""Market research as its pages show it, in the reader's language."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_skeleton
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session

from helpdesk.pipeline.research import ANALYSES, PATH, REPORTS
from helpdesk.tickets.present import label, names_of
from order_core.acquisition.research import measures, queries, rules
from order_core.acquisition.research.models import Analysis, Finding, ResearchReport
from order_core.kernel.signals import Measure, level
from order_core.rounds.models import Round

Row = dict[str, Any]
ICONS = {"industry": "factory", "competitor": "scale", "demand": "users"}
STATES = {
    "planned": "calendar",
    "open": "clock",
    "done": "circle-check",
    "applied": "badge-check",
    "missed": "circle-x",
}
YEAR = timedelta(days=365)


def month(key: str, skeleton: str = "yMMM") -> str:
    """``2026-11`` as people of the reader's language say it; ``skeleton``: CLDR's, MMM for the name alone."""
    day = date.fromisoformat(f"{key}-01")
    return str(format_skeleton(skeleton, day, locale=get_locale()))


def year(session: Session) -> list[Row]:
    """The strip of rounds: state and findings of each kind, the oldest first."""
    turns = queries.rounds(session)
    counts = queries.counts(session, turns)
    most = max((number for found in counts.values() for number in found.values()), default=1) or 1
    return [{**turn_facts(turn), "counts": _counts(counts[turn.id], most)} for turn in turns]


def _counts(found: Any, most: int) -> list[Row]:
    return [
        {
            "kind": kind,
            "icon": ICONS[kind],
            "label": gettext(f"research.kind.{kind}"),
            "number": found[kind],
            "share": round(100 * found[kind] / most),
        }
        for kind in rules.KINDS
    ]


def turn_facts(turn: Round) -> Row:
    """A round's number, month and state."""
    return {
        "number": turn.number,
        "href": f"{PATH}/{turn.number}",
        "month": month(turn.period),
        "state": turn.state,
        "state_label": label("state.ResearchRound", turn.state),
        "icon": STATES[turn.state],
        "closes_at": turn.closes_at,
    }


def findings(session: Session, rows: Sequence[Finding]) -> list[Row]:
    """Findings as cards."""
    names = names_of(session, {row.by_id for row in rows} | {row.struck_by for row in rows if row.struck_by})
    return [
        {
            "number": row.number,
            "kind": row.kind,
            "kind_label": gettext(f"research.kind.{row.kind}"),
            "icon": ICONS[row.kind],
            "text": row.text,
            "source": row.source,
            "dated_on": row.dated_on,
            "link": row.link,
            "site": urlsplit(row.link).hostname if row.link else "",
            "models": row.models,
            "who": names.get(row.by_id, ""),
            "at": row.at,
            "struck": row.struck_at is not None,
            "struck_by": names.get(row.struck_by or 0, ""),
            "struck_because": row.struck_because,
        }
        for row in rows
    ]


def columns(session: Session, turn: Round) -> list[Row]:
    """A round by kinds: findings, or whose word it is that there are none, or that an answer is missing."""
    rows = queries.findings_of(session, turn)
    silence = queries.silence(session, turn)
    names = names_of(session, {said.by_id for said in silence.values()})
    found = []
    for kind in rules.KINDS:
        mine = [row for row in rows if row.kind == kind]
        counting = sum(row.struck_at is None for row in mine)
        said = silence.get(kind) if not counting else None
        found.append(
            {
                "kind": kind,
                "icon": ICONS[kind],
                "label": gettext(f"research.kind.{kind}"),
                "meaning": gettext(f"research.kind.{kind}.meaning"),
                "findings": findings(session, mine),
                "count": counting,
                "nothing": {"who": names.get(said.by_id, ""), "at": said.at} if said else None,
            }
        )
    return found


def reports(session: Session, rows: Sequence[ResearchReport]) -> list[Row]:
    """Reports as lines of a list."""
    names = names_of(session, {row.author_id for row in rows})
    return [report_facts(row) | {"who": names.get(row.author_id, "")} for row in rows]


def report_facts(report: ResearchReport) -> Row:
    """A report's number, revision, title and state."""
    return {
        "number": report.number,
        "href": f"{REPORTS}/{report.number}",
        "title": report.title,
        "language": report.language,
        "language_label": gettext(f"language.{report.language}"),
        "revision": report.revision,
        "state": report.state,
        "state_label": label("state.ResearchReport", report.state),
        "published_at": report.published_at,
        "changed_at": report.changed_at,
        "citations": len(report.citations),
    }


def analyses(rows: Sequence[Analysis]) -> list[Row]:
    """Analyses as lines of a list."""
    return [
        {
            "number": row.number,
            "href": f"{ANALYSES}/{row.number}",
            "title": row.title,
            "method": gettext(f"research.method.{row.method}"),
            "at": row.at,
        }
        for row in rows
    ]


def figures(session: Session, at: datetime) -> list[Row]:
    """What market research is measured by, over the last year."""
    return [_figure(session, measure, at) for measure in (measures.ON_TIME, measures.PUBLISHED, measures.ERROR)]


def _figure(session: Session, measure: Measure, at: datetime) -> Row:
    found = measure.formula(session, at - YEAR, at)
    return {
        "name": gettext(f"research.measure.{measure.clause}"),
        "meaning": gettext(f"research.measure.{measure.clause}.meaning"),
        "value": found.value,
        "digits": 2 if measure.unit == "ratio" else 0,
        "unit": "%" if measure.unit == "percent" else "",
        "count": found.count,
        "level": "none" if found.value is None else level(found.value, measure),
        "judged": measure is not measures.PUBLISHED,
    }
