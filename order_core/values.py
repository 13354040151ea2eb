"""Values that more than one room speaks of: storable texts, telephone numbers and what kind of sender one is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import phonenumbers

SenderKind = Literal["number", "short_code", "alphanumeric", "withheld"]
WITHHELD = {"", "anonymous", "unknown", "restricted", "unavailable", "+266696687", "+86282452253", "+256"}
"""What carriers and providers put where a number is withheld (the digits spell ANONYMOUS, UNAVAILABLE, BLOCKED)."""


@dataclass(frozen=True)
class Sender:
    """Who a message or call says it comes from. ``number`` is E.164 for kind ``number``, else None."""

    kind: SenderKind
    text: str
    number: str | None = None


def storable(text: str) -> str:
    """The text as every database keeps it: no NUL, no lone surrogates; zero-width and direction marks stay."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")


def parse_number(text: str, region: str) -> str | None:
    """A written telephone number → E.164, or None when it cannot be one.

    ``0912-345-678``, ``+886912345678`` and ``00886 912 345 678`` are one number for region TW.
    """
    text = text.strip().removeprefix("whatsapp:")
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def read_sender(text: str, region: str) -> Sender:
    """What kind of sender a provider's From field names."""
    plain = text.strip()
    if plain.lower() in WITHHELD:
        return Sender("withheld", plain)
    if re.search(r"[^\W\d_]", plain.removeprefix("whatsapp:")):
        return Sender("alphanumeric", plain)
    digits = re.sub(r"\D", "", plain)
    if not plain.startswith("+") and len(digits) <= 6:
        return Sender("short_code", plain)
    number = parse_number(plain, region)
    return Sender("number", plain, number) if number else Sender("alphanumeric", plain)


@lru_cache(maxsize=4096)
def country_of(number: str) -> str | None:
    """The country of a number in E.164, in two letters; None for one that belongs to none."""
    try:
        found = phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return None
    return str(found) if found and found != "001" else None
