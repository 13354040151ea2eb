"""What a requirement must say before it is understood and ranked, and which two may be one, on plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from order_core.clauses import carries

CHANNELS = ("visit", "talk", "phone", "email", "fair", "feedback", "ticket", "web")
"""The ways on which needs come in (2.2.1-a)."""
FROM_TICKET = "ticket"
ASPECTS = ("function", "quality", "price", "time")
"""In which a need is understood (2.2.1-b)."""
CLASSES = ("standard", "variant", "new_product", "spare_parts", "service", "delivery")
"""The agreed list (2.2.2-a): as in the catalogue, with changes, to be designed, parts, service, terms of delivery."""
TECHNICAL = ("variant", "new_product")
"""Classes whose key needs R&D and production hear of (2.2.2-b)."""
KEY = "key"
RANKS = (KEY, "secondary")
OPEN_STATES = ("captured", "understood", "classified")
Likeness = Callable[[str, str], int]
"""How much two texts say the same, 0 to 100. Handed in: the library knows no fuzzy matcher."""
Aspects = Mapping[str, str | None]
"""Aspect → what the customer said of it; None: not stated by customer; missing: nobody has asked yet."""


def unfilled(aspects: Aspects) -> list[str]:
    """The aspects that are neither filled nor marked as not stated, in their order."""
    return [aspect for aspect in ASPECTS if aspect not in aspects or aspects[aspect] == ""]


def rank_of(ranks: Iterable[str | None]) -> str | None:
    """The rank of requirements that are one: key when one of them is, None while none of them has a rank."""
    given = set(ranks) - {None}
    return KEY if KEY in given else "secondary" if given else None


@dataclass(frozen=True, order=True)
class Candidate:
    """Two requirements (ids, the older first) that may be one, and how alike their words are."""

    first: int
    second: int
    score: int


@carries("check", "2.2.2-a")
def candidates(
    words: Mapping[int, str], likeness: Likeness, least: float, decided: Collection[frozenset[int]] = ()
) -> list[Candidate]:
    """The likely duplicates among one customer's requirements, the likeliest first.

    Args:
        words: id → the customer's own words.
        least: how alike two must be, 0 to 100.
        decided: pairs a person has judged already.

    It does not matter which of two is named first, whatever the matcher does.
    """
    found = [
        Candidate(one, two, max(likeness(words[one], words[two]), likeness(words[two], words[one])))
        for one, two in combinations(sorted(words), 2)
        if frozenset((one, two)) not in decided
    ]
    return sorted((c for c in found if c.score >= least), key=lambda c: (-c.score, c.first, c.second))
