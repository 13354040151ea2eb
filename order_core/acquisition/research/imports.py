"""Findings and monthly history from CSV: every row is checked before any is taken; a fault names row, field, rule."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from order_core.acquisition.research import rules
from order_core.acquisition.research.rules import Fault, FindingFacts, PointFacts
from order_core.errors import Invalid

MOST_ROWS = 2000
FINDING_COLUMNS = ("kind", "source", "date", "text", "link", "models")
HISTORY_COLUMNS = ("model", "month", "quantity")
OPTIONAL = frozenset({"link", "models"})

Facts = TypeVar("Facts")
Cells = dict[str, str]


@dataclass(frozen=True)
class RowFault:
    """``row``: its number in the file, the heading being row 1."""

    row: int
    fault: Fault


@dataclass(frozen=True)
class Checked(Generic[Facts]):
    """What an import would take, and what is wrong with it; with any fault nothing is taken."""

    rows: list[Facts]
    faults: list[RowFault]


def decoded(content: bytes) -> str:
    """The text of a file. Raises ``Invalid`` when it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("import.encoding", field="file") from error


def findings(text: str, today: date, known: Collection[str]) -> Checked[FindingFacts]:
    """Findings, one a row; models are separated by spaces or semicolons."""

    def read(cells: Cells) -> FindingFacts:
        return FindingFacts(
            kind=cells["kind"].lower(),
            source=cells["source"],
            dated_on=_day(cells["date"]),
            text=cells["text"],
            link=cells.get("link", ""),
            models=tuple(re.split(r"[\s;,]+", cells.get("models", "")) if cells.get("models") else ()),
        )

    return _checked(text, FINDING_COLUMNS, read, lambda facts: rules.finding_fault(facts, today, known))


def history(text: str, today: date, known: Collection[str]) -> Checked[PointFacts]:
    """Months of models (``2026-11``), one a row; a month of a model may come once."""
    seen: set[tuple[str, date | None]] = set()

    def read(cells: Cells) -> PointFacts:
        quantity = cells["quantity"].replace(",", "")
        return PointFacts(
            cells["model"], rules.month_of(cells["month"]), int(quantity) if _is_count(quantity) else None
        )

    def fault(point: PointFacts) -> Fault | None:
        key = (point.model, point.month)
        found = rules.point_fault(point, today, known)
        if found is None and key in seen:
            found = Fault("month", "research.month_twice")
        seen.add(key)
        return found

    return _checked(text, HISTORY_COLUMNS, read, fault)


def _checked(
    text: str,
    columns: tuple[str, ...],
    read: Callable[[Cells], Facts],
    fault_of: Callable[[Facts], Fault | None],
) -> Checked[Facts]:
    rows, faults = [], []
    for number, cells in _table(text, columns):
        facts = read(cells)
        fault = fault_of(facts)
        if fault is None:
            rows.append(facts)
        else:
            faults.append(RowFault(number, fault))
    return Checked(rows, faults)


def _table(text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, Cells]]:
    """(row, cells by column) of every row that is not empty; commas, semicolons or tabs part them.

    Raises:
        Invalid: the heading lacks a column that is needed, there is no row, there are too many, or it is no CSV.
    """
    heading = text.lstrip("\ufeff").split("\n", 1)[0]
    comma = max(",;\t", key=heading.count)
    try:
        lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=comma))
    except csv.Error as error:
        raise Invalid("import.unreadable", field="file") from error
    names = [name.strip().lower() for name in lines[0]] if lines else []
    lacking = [column for column in columns if column not in names and column not in OPTIONAL]
    if lacking:
        raise Invalid("import.heading", field=lacking[0], columns=", ".join(columns))
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if any(cell.strip() for cell in line)]
    if not rows:
        raise Invalid("import.empty", field="file")
    if len(rows) > MOST_ROWS:
        raise Invalid("import.many", field="file", most=MOST_ROWS)
    for number, line in rows:
        cells = dict(zip(names, (cell.strip() for cell in line), strict=False))
        yield number, {column: cells.get(column, "") for column in columns}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
