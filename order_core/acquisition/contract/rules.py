"""What a contract must state, on plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

CURRENCY = re.compile(r"[A-Z]{3}")
"""An ISO 4217 code; whether it is in use the bank says."""


@dataclass(frozen=True)
class LineFacts:
    """A line as the rules see it; ``quantity`` None: each order says it."""

    specification: str
    quantity: int | None
    unit_price: int


def fault(
    currency: str, valid_from: date, valid_until: date | None, payment_terms: str, lines: Sequence[LineFacts]
) -> tuple[str, str] | None:
    """(field, rule) of the first thing that is missing or wrong, or None (clause 2.3.2-a)."""
    if not CURRENCY.fullmatch(currency):
        return "currency", "contract.currency"
    if valid_until is not None and valid_until < valid_from:
        return "valid_until", "contract.valid_until"
    if not payment_terms.strip():
        return "payment_terms", "contract.payment_terms"
    if not lines:
        return "lines", "contract.lines"
    faults = (_line_fault(n, line) for n, line in enumerate(lines, 1))
    return next((found for found in faults if found is not None), None)


def _line_fault(n: int, line: LineFacts) -> tuple[str, str] | None:
    if not line.specification.strip():
        return f"lines.{n}.specification", "contract.line.specification"
    if line.quantity is not None and line.quantity < 1:
        return f"lines.{n}.quantity", "contract.line.quantity"
    if line.unit_price < 0:
        return f"lines.{n}.unit_price", "contract.line.unit_price"
    return None
