"""The rulebook in force at a moment: what was shipped, with every released revision that had started by then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.kernel.clock import Policy
from order_core.rulebook import clocks, notices, rules, signoffs, thresholds
from order_core.rulebook.clocks import ClockRule
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.settings import base_data, settings
from order_core.rulebook.signoffs import SignRule
from order_core.rulebook.thresholds import Limits, Threshold

_NEWEST = "SELECT stamp FROM rulebook_change WHERE edition IS NOT NULL ORDER BY edition DESC LIMIT 1"
"""All that a hot path pays: one row at the end of an index."""
KEPT = 4


@dataclass(frozen=True)
class Book:
    """The rulebook as a value. ``revisions``: how many changes are in it; 0: as shipped."""

    data: Mapping[str, Any]
    revisions: int = 0

    @cached_property
    def clocks(self) -> Mapping[str, ClockRule]:
        """Deadlines by code."""
        return clocks.read(self.data["clocks"])

    @cached_property
    def thresholds(self) -> Mapping[str, Threshold]:
        """Numbers by name."""
        return thresholds.read(self.data["thresholds"])

    @cached_property
    def limits(self) -> Mapping[str, Limits]:
        """Indicators' targets and levels by code."""
        return thresholds.read_limits(self.data["thresholds"])

    @cached_property
    def signoffs(self) -> Mapping[str, SignRule]:
        """Who signs what, by name."""
        return signoffs.read(self.data["signoffs"])

    @cached_property
    def terms(self) -> Mapping[str, tuple[str, ...]]:
        """Who is told of a changed term."""
        return notices.read(self.data["notices"])

    @property
    def weights(self) -> Mapping[str, Mapping[str, float]]:
        """Group (a department, ``evaluation``, ``aspects``) → item → percent; each group adds up to 100."""
        found: Mapping[str, Mapping[str, float]] = self.data["weights"]
        return found

    def policy(self, code: str, urgency: str = "normal") -> Policy:
        """A deadline to start. Raises ``KeyError`` for an unknown code, ``ValueError`` for one without a budget."""
        return self.clocks[code].variant(urgency).policy()

    def threshold(self, name: str) -> float:
        """A number by its name. Raises ``KeyError``."""
        return self.thresholds[name].value

    def signoff(self, name: str) -> SignRule:
        """Who signs it. Raises ``KeyError``."""
        return self.signoffs[name]

    def told(self, term: str) -> tuple[str, ...]:
        """Departments that hear of a changed term; nobody for a term that the table does not name."""
        return self.terms.get(term, ())

    def value(self, path: str) -> Any:
        """The value of a setting. Raises ``KeyError``."""
        return rules.at_path(self.data, settings()[path])


@dataclass
class _History:
    """Every released change in the order of its start; the books made of them so far."""

    starts: list[datetime]
    changes: list[Mapping[str, Any]]
    books: dict[int, Book] = field(default_factory=dict)

    def at(self, moment: datetime) -> Book:
        count = bisect_right(self.starts, moment)
        book = self.books.get(count)
        if book is None:
            data = rules.amended(base_data(), settings(), self.changes[:count])
            book = self.books[count] = Book(data, count)
        return book


SHIPPED = Book(base_data())
_known: dict[str, _History] = {}


def book(session: Session, at: datetime) -> Book:
    """The rulebook in force at ``at``: asked about the past, it answers as it would have then.

    A process keeps the released changes by the stamp of the newest, so that a call costs one tiny query. The
    stamp is drawn at each release: a release that was rolled back never stands for another.
    """
    newest = session.connection().exec_driver_sql(_NEWEST).scalar()
    if newest is None:
        return SHIPPED
    history = _known.get(newest)
    if history is None:
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)), None)
        history = _known[newest] = _released(session)
    return history.at(at)


def with_change(session: Session, changes: Mapping[str, Any], start: datetime) -> Iterator[Mapping[str, Any]]:
    """The data of every rulebook that there would be from ``start`` on, had these changes been released for then."""
    released = _released(session)
    position = bisect_right(released.starts, start)
    planned = [*released.changes[:position], changes, *released.changes[position:]]
    for count in range(position + 1, len(planned) + 1):
        yield rules.amended(base_data(), settings(), planned[:count])


def _released(session: Session) -> _History:
    rows = session.execute(
        select(RulebookChange.effective_from, RulebookChange.changes)
        .where(RulebookChange.edition.is_not(None))
        .order_by(RulebookChange.effective_from, RulebookChange.edition)
    ).all()
    return _History([row.effective_from for row in rows], [row.changes for row in rows])
