"""A token bucket for each sender of ours, in the database: all workers share it (``data/senders.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy.orm import Session

from helpdesk.channels.capabilities import DATA, channel_of
from helpdesk.channels.models import Message, SenderBudget
from helpdesk.channels.sms import measure
from helpdesk.now import wall
from order_core.db import insert_new

TOLL_FREE = re.compile(r"\+1(800|833|844|855|866|877|888)\d{7}")

_sender: str | None = None


@dataclass(frozen=True)
class Rate:
    """``rate``: parts a second; ``burst``: parts at once after a rest."""

    rate: float
    burst: float


def configure(sender: str | None) -> None:
    """Say who sends: a number, a name, a Messaging Service; None: nobody limits us (the console)."""
    global _sender
    _sender = sender


def kind_of(sender: str) -> str:
    """The kind of a sender, as ``data/senders.toml`` names it."""
    if re.fullmatch(r"MG[0-9a-fA-F]{32}", sender):
        return "messaging_service"
    if re.search(r"[^\W\d_]", sender):
        return "alphanumeric"
    if TOLL_FREE.fullmatch(sender):
        return "toll_free"
    return "long_code" if len(sender.removeprefix("+")) > 6 else "short_code"


@lru_cache(maxsize=16)
def rate_of(kind: str) -> Rate:
    """How fast a kind of sender may be."""
    row = tomllib.loads((DATA / "senders.toml").read_text(encoding="utf-8"))[kind]
    return Rate(float(row["rate"]), float(row["burst"]))


def refill(tokens: float, seconds: float, rate: Rate) -> float:
    """What is in the bucket after a time; a clock that went back adds nothing."""
    return min(rate.burst, tokens + max(0.0, seconds) * rate.rate)


def seconds_to_wait(tokens: float, rate: Rate) -> float:
    """How long until a bucket that was overdrawn is at zero again."""
    return max(0.0, -tokens / rate.rate)


def take(session: Session, message: Message, *, at: datetime, urgent: bool = False) -> datetime | None:
    """Take the message's parts out of its sender's bucket; until when it has to wait, if they are not there yet.

    A bucket may be overdrawn: what waits has paid, and goes when its time has come. What is ``urgent`` pays and goes.
    """
    if _sender is None or message.paced_at is not None:
        return None
    whatsapp = channel_of(message.to_number) == "whatsapp"
    name, kind = (f"whatsapp:{_sender}", "whatsapp") if whatsapp else (_sender, kind_of(_sender))
    parts, rate, moment = 1 if whatsapp else measure(message.body).parts, rate_of(kind), wall()
    wait = seconds_to_wait(_spend(session, name, parts, rate, moment), rate)
    message.paced_at = at
    return at + timedelta(seconds=wait) if wait and not urgent else None


def _spend(session: Session, name: str, tokens: float, rate: Rate, moment: datetime) -> float:
    """Take tokens out of a bucket, which is full at first; returns what is left, perhaps less than nothing."""
    connection = session.connection()
    first = {"sender": name, "tokens": rate.burst, "at": moment}
    connection.execute(insert_new(SenderBudget, connection.dialect.name), first)
    bucket = session.get_one(SenderBudget, name, with_for_update=True, populate_existing=True)
    bucket.tokens = refill(bucket.tokens, (moment - bucket.at).total_seconds(), rate) - tokens
    bucket.at = moment
    session.flush()
    return bucket.tokens


GUESSES = Rate(1.0, 30.0)
"""How fast codes may be tried, by everybody together: ten digits last for centuries."""


def may_guess(session: Session) -> bool:
    """Count an attempt at a code; whether there are not too many."""
    return _spend(session, "guesses", 1, GUESSES, wall()) >= 0
