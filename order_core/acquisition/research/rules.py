"""What a finding and a report must state, and when a round is complete, on plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

KINDS = ("industry", "competitor", "demand")
"""What is collected: moves of the industry, moves of competitors, changes of customers' demand (2.1.1-a)."""
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
LONGEST = {"source": 200, "text": 4000, "link": 500, "title": 120, "heading": 120, "reason": 400}
"""Characters."""
MOST_UNITS = 1_000_000_000
"""Of a model in a month."""


@dataclass(frozen=True)
class FindingFacts:
    """A finding as it is told. ``dated_on``: the day of the source; ``models``: codes of the models it concerns."""

    kind: str
    source: str
    dated_on: date | None
    text: str
    link: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A broken rule: the field and the code of the sentence that explains it."""

    field: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


def finding_fault(finding: FindingFacts, today: date, known: Collection[str]) -> Fault | None:
    """The first rule of 2.1.1-a that a finding breaks; ``known``: codes of our models."""
    if finding.kind not in KINDS:
        return Fault("kind", "research.kind", {"allowed": ", ".join(KINDS)})
    if not finding.source.strip():
        return Fault("source", "research.source")
    if finding.dated_on is None:
        return Fault("dated_on", "research.dated_on")
    if finding.dated_on > today:
        return Fault("dated_on", "research.dated_later")
    if not finding.text.strip():
        return Fault("text", "research.text")
    if finding.link and not _is_address(finding.link):
        return Fault("link", "research.link")
    unknown = next((code for code in finding.models if code not in known), None)
    if unknown is not None:
        return Fault("models", "research.model", {"model": unknown})
    return _too_long(source=finding.source, text=finding.text, link=finding.link)


def _is_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not any(c.isspace() for c in link)


def _too_long(**texts: str) -> Fault | None:
    for name, text in texts.items():
        if len(text.strip()) > LONGEST[name]:
            return Fault(name, "research.too_long", {"most": LONGEST[name]})
    return None


def missing_kinds(found: Iterable[str], silent: Iterable[str]) -> list[str]:
    """Kinds of which a round has neither a finding nor the word of somebody that nothing was found."""
    answered = {*found, *silent}
    return [kind for kind in KINDS if kind not in answered]


@dataclass(frozen=True)
class ReportFacts:
    """A report as it is written. ``sections``: (heading, text); ``cited``: numbers of findings."""

    title: str
    language: str
    sections: Sequence[tuple[str, str]]
    cited: Collection[str]


def report_fault(report: ReportFacts) -> Fault | None:
    """The first rule that a report's form breaks, however unfinished it may be."""
    if not report.title.strip():
        return Fault("title", "research.title")
    if report.language not in LANGUAGES:
        return Fault("language", "research.language", {"allowed": ", ".join(LANGUAGES)})
    too_long = (_too_long(heading=heading, text=text) for heading, text in report.sections)
    return _too_long(title=report.title) or next((fault for fault in too_long if fault), None)


def unfinished(report: ReportFacts) -> Fault | None:
    """What keeps a report from being submitted: it says something, and it cites what it rests on (2.1.1-b)."""
    if not any(text.strip() for _, text in report.sections):
        return Fault("sections", "research.sections")
    if not report.cited:
        return Fault("cited", "research.cited")
    return report_fault(report)


@dataclass(frozen=True)
class PointFacts:
    """What was asked for of a model in a month. ``month``: its first day."""

    model: str
    month: date | None
    quantity: int | None


def point_fault(point: PointFacts, today: date, known: Collection[str]) -> Fault | None:
    """The first rule that a typed month breaks; only months that are over have a quantity."""
    if point.model not in known:
        return Fault("model", "research.model", {"model": point.model})
    if point.month is None or point.month.day != 1:
        return Fault("month", "research.month")
    if next_month(point.month) > today:
        return Fault("month", "research.month_not_over")
    if point.quantity is None or not 0 <= point.quantity <= MOST_UNITS:
        return Fault("quantity", "research.quantity", {"most": MOST_UNITS})
    return None


def month_of(text: str) -> date | None:
    """The first day of a month written as ``2026-11``; None for anything else."""
    try:
        return date.fromisoformat(f"{text.strip()}-01") if len(text.strip()) == 7 else None
    except ValueError:
        return None


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_span(first: date, last: date) -> list[date]:
    """The first days of every month from one to another, both included."""
    months = []
    while first <= last:
        months.append(first)
        first = next_month(first)
    return months
