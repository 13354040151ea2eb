"""What an order states, where it differs from what was agreed, and how much time it has left, on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Protocol

from order_core.workdays import WorkingCalendar

STAGES: Mapping[str, tuple[str, ...]] = {
    "new": ("draft",),
    "confirming": ("issued", "queried"),
    "confirmed": ("confirmed",),
    "making": ("executing",),
    "delivered": ("delivered", "rectifying"),
    "done": ("accepted", "closed"),
}
"""Stage → its states, in the order in which an order passes them; a cancelled order is in none."""
OPEN = tuple(state for stage, states in STAGES.items() for state in states if stage != "done")
"""States of orders that somebody still owes something on."""
UNDELIVERED = tuple(state for state in OPEN if state not in STAGES["delivered"])
"""States in which time still runs against the promise."""
AMENDABLE = ("confirmed", "executing")
"""States of an order into which a change can be worked: what it says is being made."""
TERMS = ("currency", "payment_terms", "service_terms")


class _AgreedLine(Protocol):
    @property
    def model_code(self) -> str: ...
    @property
    def specification(self) -> str: ...
    @property
    def quantity(self) -> int | None: ...
    @property
    def unit_price(self) -> int: ...
    @property
    def due_on(self) -> date | None: ...


class _Agreed(Protocol):
    """What ``acquisition.agreement.Agreement`` has; rules know no session, and so not that module."""

    @property
    def currency(self) -> str: ...
    @property
    def payment_terms(self) -> str: ...
    @property
    def service_terms(self) -> str: ...
    @property
    def lines(self) -> Sequence[_AgreedLine]: ...


@dataclass(frozen=True)
class Line:
    """One position. ``unit_price``: net, smallest unit of the order's currency; what is None is not said yet."""

    model_code: str
    specification: str
    quantity: int
    unit_price: int | None
    due_on: date | None
    site_id: int | None
    new_design: bool = False


@dataclass(frozen=True)
class Content:
    """Everything that an order says: what departments sign and what is compared with the agreement."""

    agreement: str
    currency: str
    payment_terms: str
    service_terms: str
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        """As it is signed and kept: dates in ISO 8601."""
        return {**asdict(self), "lines": [_plain(line) for line in self.lines]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        """What ``as_json`` wrote; keys of other things beside it do not matter."""
        said = {field.name: kept[field.name] for field in fields(cls)}
        return cls(**{**said, "lines": tuple(_line(row) for row in kept["lines"])})


def _plain(line: Line) -> dict[str, Any]:
    return {**asdict(line), "due_on": line.due_on.isoformat() if line.due_on else None}


def _line(row: Mapping[str, Any]) -> Line:
    return Line(**{**row, "due_on": date.fromisoformat(row["due_on"]) if row["due_on"] else None})


def line_fault(line: Line, today: date) -> tuple[str, str] | None:
    """(field, rule) that a line breaks, or None when it may be issued (clause 3.1.1-b)."""
    if not line.specification.strip():
        return "specification", "order.line.specification"
    if line.quantity < 1:
        return "quantity", "order.line.quantity"
    if line.unit_price is None or line.unit_price < 0:
        return "unit_price", "order.line.unit_price"
    if line.due_on is None or line.due_on < today:
        return "due_on", "order.line.due_on"
    if line.site_id is None:
        return "site_id", "order.line.place"
    return None


def fault(content: Content, today: date) -> tuple[str, str] | None:
    """The first (field, rule) that an order breaks: ``lines.2.quantity``; None when it is complete."""
    if not content.lines:
        return "lines", "order.lines"
    for n, line in enumerate(content.lines, 1):
        found = line_fault(line, today)
        if found is not None:
            return f"lines.{n}.{found[0]}", found[1]
    return None


@dataclass(frozen=True)
class Difference:
    """Something ordered other than agreed, or changed from one revision to the next.

    ``field``: ``payment_terms``, ``lines.2.quantity``; ``lines.2``: a line that was not agreed; ``agreed.1``: one
    that was, and is not ordered. Values are JSON: dates in ISO 8601, a whole line by its model code.
    """

    field: str
    agreed: Any
    ordered: Any


COMPARED = ("specification", "quantity", "unit_price", "due_on")


def differences(agreed: _Agreed, ordered: Content) -> list[Difference]:
    """Everything in which an order differs from what it is issued from (3.1.1-a)."""
    found = [
        Difference(name, getattr(agreed, name), getattr(ordered, name))
        for name in TERMS
        if not same(getattr(agreed, name), getattr(ordered, name))
    ]
    pairs = _pairs(agreed.lines, ordered.lines)
    for n, line in enumerate(ordered.lines):
        if n in pairs:
            of_line = _line_differences(agreed.lines[pairs[n]], line)
            found += [Difference(f"lines.{n + 1}.{name}", was, now) for name, was, now in of_line]
        else:
            found.append(Difference(f"lines.{n + 1}", None, line.model_code))
    left = set(range(len(agreed.lines))) - set(pairs.values())
    missing = [m for m in sorted(left) if agreed.lines[m].quantity]
    return found + [Difference(f"agreed.{m + 1}", agreed.lines[m].model_code, None) for m in missing]


def _pairs(agreed: Sequence[_AgreedLine], ordered: Sequence[Line]) -> dict[int, int]:
    """Ordered line → the agreed one of its model that is most like it; one of open quantity serves any number."""
    candidates = sorted(
        (len(list(_line_differences(was, line))), n, m)
        for n, line in enumerate(ordered)
        for m, was in enumerate(agreed)
        if was.model_code == line.model_code
    )
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, n, m in candidates:
        if n not in pairs and m not in used:
            pairs[n] = m
            if agreed[m].quantity is not None:
                used.add(m)
    return pairs


def _line_differences(was: _AgreedLine, line: Line) -> Iterator[tuple[str, Any, Any]]:
    """(field, agreed, ordered); quantity and date are free where the agreement leaves them open."""
    for name in COMPARED:
        before, now = getattr(was, name), getattr(line, name)
        if before is None and name in ("quantity", "due_on"):
            continue
        if not same(before, now):
            yield name, _json(before), _json(now)


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same: a form's line breaks and spaces make no other words."""
    if isinstance(one, str) and isinstance(other, str):
        return one.split() == other.split()
    return bool(one == other)


def changes(before: Content, after: Content) -> list[Difference]:
    """What one revision says otherwise than another, line by line in their order."""
    found = [
        Difference(name, getattr(before, name), getattr(after, name))
        for name in TERMS
        if getattr(before, name) != getattr(after, name)
    ]
    for n in range(max(len(before.lines), len(after.lines))):
        old = before.lines[n] if n < len(before.lines) else None
        new = after.lines[n] if n < len(after.lines) else None
        if old is None or new is None:
            found.append(Difference(f"lines.{n + 1}", old and old.model_code, new and new.model_code))
            continue
        found += [
            Difference(f"lines.{n + 1}.{field.name}", _json(getattr(old, field.name)), _json(getattr(new, field.name)))
            for field in fields(Line)
            if getattr(old, field.name) != getattr(new, field.name)
        ]
    return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def part(content: Content, names: Iterable[str]) -> dict[str, Any]:
    """The part of an order that somebody answers for: these fields of the order and of each of its lines."""
    plain = content.as_json()
    wanted = list(names)
    lines = [{name: line[name] for name in wanted if name in line} for line in plain["lines"]]
    return {**{name: plain[name] for name in wanted if name in plain}, "lines": lines}


def moved(day: date, days: int, calendar: WorkingCalendar) -> date:
    """The day so many working days later (earlier, where negative)."""
    step = timedelta(days=1 if days > 0 else -1)
    for _ in range(abs(days)):
        day += step
        while not calendar.hours(day):
            day += step
    return day


def slack(promised_on: date | None, projected_on: date | None, today: date) -> int | None:
    """Days between what is expected and what is promised; negative: late. Nothing is finished before today."""
    return (promised_on - max(projected_on or today, today)).days if promised_on else None
