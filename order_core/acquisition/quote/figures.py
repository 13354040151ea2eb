"""What quotes come to: won, given way, how fast, how many dates were computed. Pure: facts in, figures out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from order_core.acquisition.quote.rules import ONE
from order_core.clauses import carries

POSITIONS = ("below", "level", "above")
DONE = ("won", "lost", "expired")


@dataclass(frozen=True)
class Facts:
    """One quote as the figures see it.

    Attributes:
        asked_at, sent_at: when the enquiry came and the first revision went out.
        position: the price as first sent against the market's, or None where it was not sent.
        given_way_bp: the price concession of a won one.
        computed, lines: lines whose promised date is the computed one, and all lines.
        told_after: days from each round of negotiation to its being written down, which tells the departments.
    """

    state: str
    asked_at: datetime
    sent_at: datetime | None
    position: str | None
    given_way_bp: int | None
    computed: int
    lines: int
    told_after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Share:
    """So many of so many; ``bp``: in basis points, None of none."""

    part: int
    whole: int

    @property
    def bp(self) -> int | None:
        return self.part * ONE // self.whole if self.whole else None


@dataclass(frozen=True)
class Figures:
    """Medians: ``lead_seconds`` from enquiry to first offer, ``told_after`` in days; a mean: the concession."""

    won: Share
    by_position: dict[str, Share]
    given_way_bp: int | None
    lead_seconds: int | None
    computed: Share
    told_after: int | None


@carries("measure", "2.3.1-b", "2.3.2-a", "2.3.2-c")
def figures(facts: Iterable[Facts]) -> Figures:
    """The figures of these quotes. Won of those that came to an end, expired ones among them."""
    kept = tuple(facts)
    done = [f for f in kept if f.state in DONE]
    given = [f.given_way_bp for f in kept if f.state == "won" and f.given_way_bp is not None]
    leads = [int((f.sent_at - f.asked_at).total_seconds()) for f in kept if f.sent_at is not None]
    return Figures(
        won=_won(done),
        by_position={place: _won([f for f in done if f.position == place]) for place in POSITIONS},
        given_way_bp=sum(given) // len(given) if given else None,
        lead_seconds=middle(leads),
        computed=Share(sum(f.computed for f in kept), sum(f.lines for f in kept)),
        told_after=middle([days for f in kept for days in f.told_after]),
    )


def _won(done: Sequence[Facts]) -> Share:
    return Share(sum(f.state == "won" for f in done), len(done))


def middle(values: Sequence[int]) -> int | None:
    """The median (the lower of two middles), None of nothing."""
    return sorted(values)[(len(values) - 1) // 2] if values else None
