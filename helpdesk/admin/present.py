"""The rulebook as its pages show it: clauses with what enforces them, chapters as bars, revisions old → new."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy.orm import Session

from helpdesk.admin import values
from helpdesk.tickets.present import label, names_of
from order_core.kernel.clock import Clock
from order_core.rulebook.calendar import usual_calendar
from order_core.rulebook.clauses import chapters
from order_core.rulebook.clocks import ClockRule
from order_core.rulebook.coverage import STATES, CitedStep, Standing
from order_core.rulebook.inforce import Book
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.rules import Setting
from order_core.rulebook.settings import settings

Row = dict[str, Any]
ICONS = {
    "holds": "circle-check", "enforced": "shield-check", "partly": "hourglass",
    "late": "clock", "broken": "circle-alert", "absent": "minus",
}  # fmt: skip
CASE_PAGES = {"Order": "/orders/", "Issue": "/tickets/", "RulebookChange": "/admin/rulebook/changes/"}
"""Kind of case → where its page is."""


def state(standing: Standing) -> Row:
    """How a clause stands: icon, class, words."""
    word = standing.state
    count = {"broken": standing.broken, "late": standing.late}.get(word) or 0
    return {"key": word, "icon": ICONS[word], "label": str(gettext(f"rulebook.state.{word}", n=count))}


def row(standing: Standing, language: str) -> Row:
    """A clause in the list: its heading in the reader's language, the other language below it."""
    clause = standing.clause
    other = "en" if language.startswith("zh") else "zh-Hant"
    parts = (
        ("steps", len(standing.steps)),
        ("clocks", len(standing.clocks)),
        ("code", len(standing.carriers)),
        ("values", len(standing.settings)),
    )
    return {
        "id": clause.id,
        "href": f"/admin/rulebook/{clause.id}",
        "title": clause.titles[language],
        "other": clause.titles[other],
        "other_language": other,
        "state": state(standing),
        "parts": [str(gettext(f"rulebook.count.{name}", n=count)) for name, count in parts if count],
        "late": standing.late,
    }


def bars(standings: Iterable[Standing], language: str, chosen: str) -> list[Row]:
    """One bar a chapter: how many of its clauses stand how, in a fixed order."""
    counts: dict[str, Counter[str]] = {number: Counter() for number in chapters()}
    for standing in standings:
        counts[standing.clause.chapter][standing.state] += 1
    return [_bar(number, counts[number], language, chosen) for number in counts]


def _bar(number: str, counts: Counter[str], language: str, chosen: str) -> Row:
    total, begun, segments = sum(counts.values()), 0, []
    for word in STATES:
        if counts[word]:
            segments.append({"key": word, "x": begun, "width": counts[word]})
            begun += counts[word]
    said = ", ".join(f"{gettext(f'rulebook.legend.{word}')} {counts[word]}" for word in STATES if counts[word])
    return {
        "number": number,
        "title": chapters()[number][language],
        "href": f"?chapter={number}",
        "total": total,
        "good": counts["holds"] + counts["enforced"],
        "segments": segments,
        "said": said,
        "active": number == chosen,
    }


def legend(standings: Sequence[Standing]) -> list[Row]:
    """What the colours mean, with how many clauses stand so."""
    counts = Counter(standing.state for standing in standings)
    return [
        {"key": word, "icon": ICONS[word], "label": str(gettext(f"rulebook.legend.{word}")), "count": counts[word]}
        for word in STATES
    ]


def step(cited: CitedStep) -> Row:
    """A declared step that names the clause."""
    own = f"step.{cited.machine}.{cited.transition.step}"
    called = str(gettext(own))
    if called == own:
        called = str(gettext(f"rulebook.step.{cited.transition.step}"))
    return {
        "machine": str(gettext(f"rulebook.machine.{cited.machine}")),
        "label": called,
        "actors": " · ".join(actor(word) for word in cited.transition.actors),
        "bound": cited.bound,
    }


def actor(word: str) -> str:
    """Who may take a step or is named by a clause."""
    department = f"department.{word}"
    found = str(gettext(department))
    return str(gettext(f"rulebook.actor.{word}")) if found == department else found


def clock(rule: ClockRule) -> Row:
    """A deadline as it is in force."""
    return {
        "code": rule.code,
        "name": str(gettext(f"deadline.{rule.code}")),
        "length": _length(rule),
        "variants": [
            {"name": str(gettext(f"rulebook.variant.{word}")), "length": _length(variant)}
            for word, variant in rule.variants.items()
        ],
        "warn": values.whom(rule.warn_to) if rule.budget is not None else "",
        "escalate": " → ".join(values.whom(who) for who in (rule.escalate_to, *(who for _, who in rule.ladder))),
    }


def _length(rule: ClockRule) -> str:
    if rule.budget is not None:
        length = values.minutes(int(rule.budget.total_seconds() // 60))
        return str(gettext("rulebook.working" if rule.working else "rulebook.elapsed", length=length))
    if rule.every is not None:
        return values.every(rule.every)
    return str(gettext(f"rulebook.computed.{rule.computed}"))


def setting(one: Setting, book: Book) -> Row:
    """A value of the clause that may be revised."""
    return {"path": one.path, "name": values.name(one), "value": values.shown(one, book.value(one.path))}


def late(clock: Clock, at: datetime) -> Row:
    """A deadline past due, with the case that it is about."""
    assert clock.due_at is not None
    page = CASE_PAGES.get(clock.case_kind)
    return {
        "number": clock.case_number,
        "href": f"{page}{clock.case_number}" if page else None,
        "policy": clock.policy,
        "due_at": clock.due_at,
        "since": values.minutes(int((at - clock.due_at).total_seconds() // 60)),
    }


def change(session: Session, one: RulebookChange, at: datetime) -> Row:
    """A revision: what it changes, from what to what, since when."""
    started = one.edition is not None and one.effective_from <= at
    return {
        "number": one.number,
        "href": f"/admin/rulebook/changes/{one.number}",
        "state": "confirmed" if started else one.state,
        "state_label": str(gettext("rulebook.in_force")) if started else label("state.Rulebook", one.state),
        "reason": one.reason,
        "starts_on": one.effective_from.astimezone(ZoneInfo(usual_calendar().zone)).date(),
        "proposed_by": names_of(session, {one.proposed_by}).get(one.proposed_by, ""),
        "edition": one.edition,
        "lines": [_line(path, one.before.get(path), value) for path, value in one.changes.items()],
    }


def _line(path: str, old: Any, new: Any) -> Row:
    known = settings().get(path)
    if known is None:  # a later edition of the program has dropped it
        return {"name": path, "clause": "", "old": str(old), "new": str(new)}
    was = values.shown(known, old) if old is not None else ""
    return {"name": values.name(known), "clause": known.clause, "old": was, "new": values.shown(known, new)}
