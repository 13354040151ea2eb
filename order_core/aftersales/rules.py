"""Warranty, surveys and recurring faults on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SCORES = range(1, 6)
LOW_SCORE = 2
SURVEY_VALID = timedelta(days=14)
ASK_AGAIN_AFTER = timedelta(days=7)
"""Nobody is surveyed twice within this time, however many visits he had."""

PATTERN_WINDOW = timedelta(days=90)
PATTERN_LIMIT = 3
"""So many units of one lot with one cause within the window are one quality case (5.3.2-b)."""

CAUSES = (
    "drain_heater_open", "door_gasket", "thermostat", "compressor", "drain_pump", "inlet_valve", "fan_motor",
    "control_board", "refrigerant_leak", "installation", "user_setting", "none_found",
)  # fmt: skip
REMEDIES = ("part_replaced", "repaired", "adjusted", "cleaned", "explained", "unit_swapped", "nothing_done")


@dataclass(frozen=True)
class Terms:
    """Months free from acceptance."""

    code: str
    parts_months: int
    labour_months: int
    travel_months: int


@dataclass(frozen=True)
class Entitlement:
    """What a customer may claim now. ``until``: when the parts warranty ends (None: unknown acceptance)."""

    parts: bool
    labour: bool
    travel: bool
    until: datetime | None
    rule: str

    @property
    def covered(self) -> bool:
        """Whether parts and labour are free."""
        return self.parts and self.labour


def add_months(moment: datetime, months: int) -> datetime:
    """The same day ``months`` later, or the month's last day where there is none such."""
    index = moment.month - 1 + months
    year, month = moment.year + index // 12, index % 12 + 1
    first_of_next = moment.replace(year=year + month // 12, month=month % 12 + 1, day=1)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month, day=min(moment.day, last_day))


def entitlement(accepted_at: datetime | None, terms: Terms | None, at: datetime) -> Entitlement:
    """What is free at a moment; the warranty's last instant is the one before its anniversary."""
    if accepted_at is None or terms is None:
        return Entitlement(False, False, False, None, "unknown")

    def runs(months: int) -> bool:
        return accepted_at <= at < add_months(accepted_at, months)

    return Entitlement(
        parts=runs(terms.parts_months),
        labour=runs(terms.labour_months),
        travel=runs(terms.travel_months),
        until=add_months(accepted_at, terms.parts_months),
        rule=terms.code,
    )
