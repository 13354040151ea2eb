"""Issues as the pages show them: plain dictionaries with labels in the reader's language."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext
from sqlalchemy.orm import Session

from helpdesk.i18n import datetimeformat
from helpdesk.tickets.queries import Due, Row
from helpdesk.tickets.rules import COLUMNS, Filter
from order_core.issues.models import Issue
from order_core.kernel.clock import Clock
from order_core.parties.models import Customer, Person

STEPPER = ("open", "classified", "assigned", "acting", "verifying", "closed")
"""The states a ticket usually passes, as the page's stepper shows them."""


def label(kind: str, value: str | None) -> str:
    """A word of ours in the reader's language; nothing for nothing."""
    return str(gettext(f"{kind}.{value}")) if value else ""


def clock_pill(clock: Clock | Due | None, at: datetime) -> dict[str, Any] | None:
    """The clock that runs out first: time left, overdue or paused."""
    if clock is None:
        return None
    if clock.due_at is None:
        return {"kind": "paused", "due_at": None, "label": gettext("clock.paused")}
    left = clock.due_at - at
    kind = "over" if left < timedelta(0) else "soon" if left < timedelta(minutes=60) else "left"
    return {"kind": kind, "due_at": clock.due_at, "label": span(abs(left)), "policy": clock.policy}


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return str(gettext("span.minutes", n=minutes))
    if minutes < 60 * 48:
        return str(gettext("span.hours", n=minutes // 60, m=minutes % 60))
    return str(gettext("span.days", n=minutes // 1440))


Cell = tuple[str, str, str | None, str, str, str]
"""Column, text, tone of its pill or None, icon, words for ears only, ISO moment."""


def summary(row: Row, at: datetime, columns: Sequence[str]) -> dict[str, Any]:
    """A line of the list, with the columns that the reader has."""
    issue = row.issue
    return {
        "number": issue.number,
        "subject": issue.subject,
        "href": f"/tickets/{issue.number}",
        "urgent": issue.safety or issue.urgency in URGENT,
        "glyph": "phone-call" if issue.kind == "callback" else GLYPHS.get(issue.appliance or "", "message-square"),
        "cells": [_cell(name, row, at) for name in columns],
    }


def _cell(name: str, row: Row, at: datetime) -> Cell:
    issue = row.issue
    if name == "state":
        return (name, label("state.Issue", issue.state), TONES.get(issue.state, ""), "", "", "")
    if name == "urgency":
        if not (issue.safety or issue.urgency in URGENT):
            return (name, "", None, "", "", "")
        tone = "bad" if issue.safety or issue.urgency == "emergency" else "warn"
        return (name, label("urgency", issue.urgency), tone, "triangle-alert", "", "")
    if name == "clock":
        return _clock_cell(clock_pill(row.clock, at))
    if name in ("touched", "opened"):
        moment = issue.touched_at if name == "touched" else issue.opened_at
        return (name, datetimeformat(moment, "short"), None, "", "", moment.isoformat())
    return (name, _text(name, row), None, "", "", "")


def _clock_cell(pill: dict[str, Any] | None) -> Cell:
    if pill is None:
        return ("clock", "", None, "", "", "")
    over = pill["kind"] == "over"
    text = f"−{pill['label']}" if over else str(pill["label"])
    icon = "circle-alert" if over else "clock"
    return ("clock", text, CLOCK_TONES[pill["kind"]], icon, label("clock", f"{pill['kind']}.sr"), "")


def _text(name: str, row: Row) -> str:
    issue = row.issue
    if name == "customer":
        return row.customer or issue.phone or label("customer", "unknown")
    if name == "assignee":
        return row.assignee or ""
    return label(name, getattr(issue, name))


URGENT = ("emergency", "high")
CLOCK_TONES = {"over": "bad", "soon": "warn", "left": "", "paused": ""}
TONES = {"open": "info", "classified": "info", "assigned": "info", "contacted": "info", "acting": "warn",
         "verifying": "warn", "closed": "good"}  # fmt: skip
GLYPHS = {
    "refrigerator": "refrigerator",
    "washing_machine": "washing-machine",
    "air_conditioner": "air-vent",
    "dishwasher": "utensils",
    "water_heater": "heater",
    "tv": "tv",
    "stove_oven": "microwave",
}
MANY = 1_000


def said_count(found: int | None) -> str:
    """A count as the pane shows it: counting stops at a thousand."""
    return "" if found is None else "999+" if found >= MANY else str(found)


def headings(columns: Sequence[str]) -> list[tuple[str, str]]:
    """(column, what it is called)."""
    return [(name, str(gettext(f"tickets.column.{name}"))) for name in columns]


def every_column(shown: Sequence[str]) -> list[dict[str, Any]]:
    """Every column there is, and whether the reader has it."""
    return [{"name": n, "label": gettext(f"tickets.column.{n}"), "shown": n in shown} for n in COLUMNS]


def facts(
    issue: Issue, customer: Customer | None, assignee: Person | None, clock: Due | None, at: datetime
) -> dict[str, Any]:
    """What list and page show of an issue."""
    return {
        "number": issue.number,
        "kind": issue.kind,
        "subject": issue.subject,
        "customer_name": customer.name if customer else issue.phone or gettext("customer.unknown"),
        "channel": issue.channel,
        "state": issue.state,
        "state_label": label("state.Issue", issue.state),
        "urgency": issue.urgency,
        "urgency_label": label("urgency", issue.urgency),
        "safety": issue.safety,
        "appliance": issue.appliance,
        "appliance_label": label("appliance", issue.appliance),
        "symptom_label": label("symptom", issue.symptom),
        "clock": clock_pill(clock, at),
        "assignee_name": assignee.name if assignee else "",
        "last_at": issue.changed_at,
        "opened_at": issue.opened_at,
        "href": f"/tickets/{issue.number}",
        "version": issue.version,
    }


def stepper(state: str) -> list[dict[str, Any]]:
    """The usual way of a ticket with where this one stands."""
    position = {"contacted": "assigned", "void": "closed"}.get(state, state)
    here = STEPPER.index(position)
    return [
        {"state": s, "label": label("state.Issue", s), "done": i < here, "current": i == here}
        for i, s in enumerate(STEPPER)
    ]


def view_link(
    name: str, key: str, wanted: Filter, found: int | None, *, active: bool, extra: str = ""
) -> dict[str, Any]:
    """A line of the left pane."""
    query = urlencode({**wanted.narrowed(), **({"saved": extra} if extra else {})})
    return {"key": key, "label": name, "count": said_count(found), "href": f"/tickets?{query}", "active": active,
            "id": extra}  # fmt: skip


def names_of(session: Session, ids: set[int]) -> dict[int, str]:
    """Names of people of ours."""
    return {i: person.name for i in ids if (person := session.get(Person, i)) is not None}
