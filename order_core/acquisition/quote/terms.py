"""What is negotiated: each term opened, current and agreed, folded from the rounds. A term has no other place.

A value is a whole number (price a unit in the smallest unit, volume in units), a day (ISO text) or words. A term
belongs to a line (1, 2, …) or, as 0, to the quote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from order_core.clauses import carries

PRICE, DELIVERY, PAYMENT, SERVICE = "price", "delivery_date", "payment", "service"
SPECIFICATION, VOLUME = "specification", "volume"
OF_LINE = (PRICE, DELIVERY, SPECIFICATION, VOLUME)
OF_QUOTE = (PAYMENT, SERVICE)
TERMS = (*OF_LINE, *OF_QUOTE)
TO_AGREE = (PRICE, DELIVERY, PAYMENT, SERVICE)
"""Without these four agreed nothing is won (2.3.2-a)."""
CONFIDENTIAL = frozenset({PRICE})

Value = int | str
Key = tuple[str, int]


@dataclass(frozen=True)
class Change:
    """What a round did to a term. ``value`` None: it stays as it is; ``gone``: its line was taken off.

    ``computed``: the day (ISO) computed beside the one that stands after it; ``reason``: why that one is offered.
    """

    term: str
    line: int = 0
    value: Value | None = None
    agreed: bool = False
    gone: bool = False
    computed: str | None = None
    reason: str = ""

    @property
    def key(self) -> Key:
        return self.term, self.line


@dataclass(frozen=True)
class Standing:
    """A term after some rounds; ``agreed`` None: not yet, or not any more."""

    opened: Value
    current: Value
    agreed: Value | None = None


def fold(opened: Mapping[Key, Value], rounds: Iterable[Sequence[Change]]) -> dict[Key, Standing]:
    """Where each term stands after the rounds, from what the first offer opened with.

    A new value is agreed only if the same change says so; a line added later opens with its first value.
    """
    standing = {key: Standing(value, value) for key, value in opened.items()}
    for changes in rounds:
        for change in changes:
            if change.gone:
                standing.pop(change.key, None)
            else:
                _apply(standing, change)
    return standing


def _apply(standing: dict[Key, Standing], change: Change) -> None:
    before = standing.get(change.key)
    if before is None:
        if change.value is None:
            return
        before = Standing(change.value, change.value)
    value = before.current if change.value is None else change.value
    same = value == before.current
    agreed = value if change.agreed else before.agreed if same else None
    standing[change.key] = Standing(before.opened, value, agreed)


def moved(before: Mapping[Key, Standing], after: Mapping[Key, Standing]) -> list[Key]:
    """The terms whose current value is not what it was, new and gone ones too, in a steady order."""
    keys = set(before) | set(after)
    return sorted(
        key for key in keys if key not in before or key not in after or before[key].current != after[key].current
    )


def differences(before: Mapping[Key, Standing], offered: Mapping[Key, Value]) -> list[Change]:
    """The changes that lead from where the terms stand to what a new revision offers."""
    changed = [
        Change(term, line, value)
        for (term, line), value in offered.items()
        if (term, line) not in before or before[term, line].current != value
    ]
    gone = [Change(term, line, gone=True) for term, line in before if (term, line) not in offered]
    return sorted([*changed, *gone], key=lambda change: change.key)


def everything_agreed(standing: Mapping[Key, Standing]) -> list[Change]:
    """The changes of a customer who accepts all terms as they stand."""
    return [Change(term, line, agreed=True) for term, line in sorted(standing)]


@carries("check", "2.3.2-a")
def open_terms(standing: Mapping[Key, Standing]) -> list[Key]:
    """Which of the four are not agreed, line by line."""
    return sorted(key for key, term in standing.items() if key[0] in TO_AGREE and term.agreed is None)


def concession(standing: Mapping[Key, Standing]) -> dict[Key, int]:
    """Opened − agreed of each agreed price (smallest units a unit) and delivery (days earlier than opened)."""
    found: dict[Key, int] = {}
    for key, term in standing.items():
        if term.agreed is None:
            continue
        if key[0] == PRICE:
            found[key] = int(term.opened) - int(term.agreed)
        elif key[0] == DELIVERY:
            found[key] = (day(term.opened) - day(term.agreed)).days
    return found


def given_way_bp(standing: Mapping[Key, Standing]) -> int | None:
    """The price concession of the whole in basis points of what it opened with, at the agreed volumes; None before."""
    prices = {key[1]: term for key, term in standing.items() if key[0] == PRICE}
    if not prices or any(term.agreed is None for term in prices.values()):
        return None
    opened = agreed = 0
    for line, term in prices.items():
        volume = standing.get((VOLUME, line))
        units = int(volume.current) if volume else 1
        opened += units * int(term.opened)
        agreed += units * int(term.agreed or 0)
    return (opened - agreed) * 10_000 // opened if opened > 0 else 0


def day(value: Value) -> date:
    """The day that a delivery term is."""
    return date.fromisoformat(str(value))


def dump(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes as they are kept, JSON."""
    return [asdict(change) for change in changes]


def load(rows: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Changes as they were kept."""
    return [Change(**row) for row in rows]
