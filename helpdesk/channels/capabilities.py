"""What a message to an address can do there: replies, pictures, links, quiet hours. Facts as data, rules as functions.

An address is a number in E.164, or one with the name of another channel before it: ``whatsapp:+886912345678``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from order_core.values import country_of

DATA = Path(__file__).parent / "data"
LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|tw|hk|cn|me|io|app)\b(?:/\S*)?", re.IGNORECASE
)
WHATSAPP = "whatsapp:"

Links = Literal["yes", "listed", "no"]


@dataclass(frozen=True)
class Span:
    """A time of day from ``start`` to ``end``, perhaps over midnight; the end is outside."""

    start: time
    end: time

    @classmethod
    def read(cls, text: str) -> Span:
        """``21:00-09:00``."""
        start, end = (time.fromisoformat(part) for part in text.split("-"))
        return cls(start, end)

    def covers(self, moment: time) -> bool:
        """Whether a local time lies in it."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True)
class Capability:
    """What is possible with an address; the fields are explained in ``data/capabilities.toml``."""

    channel: str
    country: str | None
    two_way: bool
    mms: str
    links: Links
    sender: str
    parts: int
    zone: str | None
    verified: bool
    quiet: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def lacks(self, needs: frozenset[str]) -> frozenset[str]:
        """What of ``reply`` and ``link`` is needed and cannot be."""
        missing = {"reply"} if "reply" in needs and not self.two_way else set()
        return frozenset(missing | ({"link"} if "link" in needs and self.links != "yes" else set()))


def bare(address: str) -> str:
    """The number in an address, whatever the channel."""
    return address.removeprefix(WHATSAPP)


def channel_of(address: str) -> str:
    """``sms`` or ``whatsapp``."""
    return "whatsapp" if address.startswith(WHATSAPP) else "sms"


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    return tomllib.loads((DATA / "capabilities.toml").read_text(encoding="utf-8"))


def capability(address: str) -> Capability:
    """What is possible with an address; the cautious default where nobody has looked."""
    return _capability(channel_of(address), country_of(bare(address)))


@lru_cache(maxsize=256)
def _capability(channel: str, country: str | None) -> Capability:
    facts = _facts()[channel]
    row = dict(facts.get(country or "", facts["default"]))
    spans = {scope: tuple(map(Span.read, texts)) for scope, texts in row.pop("quiet", {}).items()}
    row.setdefault("zone", _facts()["sms"].get(country or "", {}).get("zone"))
    return Capability(channel=channel, country=country, quiet=spans, **row)


def known() -> list[Capability]:
    """Every row of the table, for a page."""
    found = [_capability("sms", country) for country in _facts()["sms"] if country != "default"]
    return [*found, _capability("sms", None), _capability("whatsapp", None)]


@lru_cache(maxsize=1)
def _night() -> Span:
    return Span.read(_facts()["house"]["night"])


def barred_links(text: str, able: Capability) -> list[str]:
    """The links in a text that may not go there."""
    if able.links == "yes":
        return []
    listed = tuple(_facts()["house"]["listed_links"]) if able.links == "listed" else ()
    return [match[0] for match in LINK.finditer(text) if match[0] not in listed]


def without_barred_links(text: str, able: Capability) -> str:
    """The text without the links that may not go there."""
    for link in barred_links(text, able):
        text = text.replace(link, "")
    return text


def quiet_until(scope: str, able: Capability, zone: str, at: datetime, *, night: bool) -> datetime | None:
    """When a message of a scope may be sent that may not be sent at ``at``; None: at once.

    Args:
        scope: service, survey or marketing; ``required`` goes at any time.
        zone: where the addressee is.
        night: whether the house's own night counts for it too.
    """
    if scope == "required":
        return None
    spans = [*able.quiet.get("all", ()), *able.quiet.get(scope, ()), *([_night()] if night else [])]
    free = _free_from(spans, at.astimezone(ZoneInfo(zone)))
    return free.astimezone(at.tzinfo) if free > at else None


def _free_from(spans: list[Span], local: datetime) -> datetime:
    """The first moment from ``local`` on that lies in none of the spans; spans of a day leave some time free."""
    moment = local
    for _ in range(2 * len(spans)):
        held = next((span for span in spans if span.covers(moment.time())), None)
        if held is None:
            return moment
        day = moment.date() + timedelta(days=int(held.end <= moment.time().replace(tzinfo=None)))
        moment = datetime.combine(day, held.end, tzinfo=moment.tzinfo)
    return moment
