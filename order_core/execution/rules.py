"""What an order must state, and who must confirm it, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

ALWAYS_CONFIRM = ("PRO", "QUA", "LOG", "AFS")
"""Production always; quality, logistics and after-sales because every appliance is inspected, shipped and served."""


@dataclass(frozen=True)
class LineFacts:
    """A line as the rules see it."""

    specification: str
    quantity: int
    due_on: date | None
    has_place: bool
    new_design: bool


def line_fault(line: LineFacts, today: date) -> tuple[str, str] | None:
    """(field, rule) that a line breaks, or None when it may be issued (clause 3.1.1-b)."""
    if not line.specification.strip():
        return "specification", "order.line.specification"
    if line.quantity < 1:
        return "quantity", "order.line.quantity"
    if line.due_on is None or line.due_on < today:
        return "due_on", "order.line.due_on"
    if not line.has_place:
        return "place", "order.line.place"
    return None


def required_departments(lines: Iterable[LineFacts]) -> list[str]:
    """Who must confirm, by content: R&D where a line needs design (clause 3.1.2-a)."""
    required = set(ALWAYS_CONFIRM)
    if any(line.new_design for line in lines):
        required.add("RND")
    return sorted(required)
