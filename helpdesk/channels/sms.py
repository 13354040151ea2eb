"""SMS arithmetic: encoding, units and parts of a text (GSM 03.38 and UCS-2, counted as Twilio bills them)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""Characters of the extension table: two units each."""
SINGLE = {"GSM-7": 160, "UCS-2": 70}
JOINED = {"GSM-7": 153, "UCS-2": 67}


@dataclass(frozen=True)
class SmsSize:
    """``units``: septets (GSM-7) or UTF-16 units (UCS-2, an emoji counts two); ``parts``: billed messages."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    parts: int


def offenders(text: str) -> list[str]:
    """The characters that force UCS-2, each once, in order."""
    return list(dict.fromkeys(char for char in text if char not in BASIC and char not in EXTENDED))


def measure(text: str) -> SmsSize:
    """Encoding, units and parts of a text."""
    if offenders(text):
        encoding: Literal["GSM-7", "UCS-2"] = "UCS-2"
        units = len(text.encode("utf-16-be", errors="surrogatepass")) // 2
    else:
        encoding = "GSM-7"
        units = sum(2 if char in EXTENDED else 1 for char in text)
    if units <= SINGLE[encoding]:
        return SmsSize(encoding, units, 1)
    return SmsSize(encoding, units, ceil(units / JOINED[encoding]))
