"""Plain calculations of the hotline: keys, waiting, cover of the roster, steps of an agent."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

ABANDONED_AFTER = 8
"""Seconds in the queue from which hanging up counts as abandoned (B13)."""
ANSWERED_WITHIN = timedelta(seconds=20)
"""A call is answered promptly within this time (T-18), for 80 in 100."""
CHECKS = 3
"""Failed checks of a call after which a person takes over (B12)."""
BARRED_AFTER = 6
BARRED_WITHIN = timedelta(hours=24)
"""Failed checks from one number within this time, after which nothing is told by the machine."""
REPEATS = 2
"""Times a step is asked again when nothing fitting came; then a person."""
CODE_MINUTES = 10
USUAL_HANDLING = timedelta(minutes=4)
"""Handling time until enough calls have been measured."""
ENOUGH_CALLS = 5
LONGEST_SPOKEN = 60
"""Minutes; a longer estimate is no promise and is not spoken."""
ALARM_DAYS = 7
"""A gap of the roster within so many days is an alarm (5.1.1-b)."""
WRAP_UPS = ("solved", "ticket", "visit", "callback", "wrong_number", "no_answer")
PRESENCES = ("available", "away")
"""States that an agent chooses; busy and wrap-up follow from calls."""

_KEYPAD = {
    c: str(k) for k, chars in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), 2) for c in chars
}
_SPOKEN = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9",
}  # fmt: skip
_CHINESE = dict(zip("零〇一二兩两三四五六七八九幺", "00122234567891", strict=True))


def keypad(text: str) -> str:
    """A written or spoken code as one keys it in: ``NT-ST`` is 6878, ``九龍 one 二`` is 12. Only digits remain."""
    plain = unicodedata.normalize("NFKC", text).lower()
    for word, digit in _SPOKEN.items():
        plain = re.sub(rf"\b{word}\b", digit, plain)
    signs = (_KEYPAD.get(char) or _CHINESE.get(char) or char for char in plain)
    return "".join(sign for sign in signs if sign.isascii() and sign.isdigit())


def proof(postcode: str, serial: str) -> tuple[str, str] | None:
    """What a caller has to key in for a unit: postcode and the serial's last four; None where either is missing."""
    code, end = keypad(postcode), keypad("".join(char for char in serial if char.isalnum())[-4:])
    return (code, end) if len(code) >= 2 and len(end) == 4 else None


def digest(code: str, call_id: int) -> str:
    """A one-time code as it is stored: of no use without the call."""
    return hashlib.sha256(f"{call_id}:{code}".encode()).hexdigest()


def wait_minutes(position: int, agents: int, handling: Sequence[timedelta]) -> int | None:
    """Minutes until the caller at ``position`` (from 1) is answered, rounded up; None when it cannot be said.

    With every agent busy, each of ``agents`` frees up every mean handling time, so the k-th in line waits k times
    that over their number: the mean of the Erlang queue for a known place.
    """
    if agents < 1:
        return None
    measured = handling if len(handling) >= ENOUGH_CALLS else [USUAL_HANDLING]
    mean = sum(measured, timedelta()) / len(measured)
    minutes = max(1, ceil(position * mean / agents / timedelta(minutes=1)))
    return minutes if minutes <= LONGEST_SPOKEN else None


def promptness(waits: Sequence[timedelta | None]) -> int | None:
    """Per cent of callers answered within 20 seconds (T-18); whoever left before is one who was not."""
    counted = len(waits)
    prompt = sum(wait is not None and wait <= ANSWERED_WITHIN for wait in waits)
    return round(100 * prompt / counted) if counted else None


@dataclass(frozen=True)
class Span:
    """A stretch of time, end excluded."""

    starts_at: datetime
    ends_at: datetime


def gaps(wanted: Iterable[Span], shifts: Iterable[Span]) -> list[Span]:
    """The parts of ``wanted`` in which no shift is on, in order (clause 5.1.1-b)."""
    on_duty = sorted(shifts, key=lambda shift: shift.starts_at)
    found = []
    for span in sorted(wanted, key=lambda one: one.starts_at):
        reached = span.starts_at
        for shift in on_duty:
            if shift.ends_at <= reached or shift.starts_at >= span.ends_at:
                continue
            if shift.starts_at > reached:
                found.append(Span(reached, shift.starts_at))
            reached = max(reached, shift.ends_at)
        if reached < span.ends_at:
            found.append(Span(reached, span.ends_at))
    return found


def covered(wanted: Sequence[Span], open_gaps: Iterable[Span]) -> float:
    """Share of the opening hours in which somebody is on duty, 0 … 1."""
    total = sum((span.ends_at - span.starts_at for span in wanted), timedelta())
    missing = sum((gap.ends_at - gap.starts_at for gap in open_gaps), timedelta())
    return 1 - missing / total if total else 1.0
