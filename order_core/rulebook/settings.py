"""Every value of the rulebook that may be revised, with its address: found by walking the shipped files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from order_core.kernel.sign import AS_HEAD, CUSTOMER
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.rules import Setting
from order_core.rulebook.source import REVISABLE, shipped
from order_core.rulebook.thresholds import INDICATORS, LIMITS

PARTIES = tuple(sorted({CUSTOMER, *DEPARTMENTS, *(f"{code}{AS_HEAD}" for code in DEPARTMENTS)}))
WHOM = ("owner", "party", *DEPARTMENTS)
OF_A_CLOCK = {"budget": "minutes", "warn_at": "fraction", "warn_to": "whom", "escalate_to": "whom"}
USUAL = {"warn_at": 0.75, "warn_to": "owner"}
"""What a deadline with a budget says where the file leaves it out."""
WEIGHED = {"evaluation": "8.2.2-b", "aspects": "8.2.2-b"}
"""Groups of weights that are no department's; those are 8.2.2-a."""


@lru_cache(maxsize=1)
def base_data() -> dict[str, Any]:
    """File → content of everything revisable, as shipped, with what the files leave to its default written out."""
    data: dict[str, Any] = {name: dict(shipped(name)) for name in REVISABLE}
    clocks = data["clocks"]
    for code, row in clocks.items():
        if "budget" in row:
            clocks[code] = row | {key: value for key, value in USUAL.items() if key not in row}
    return data


@lru_cache(maxsize=1)
def settings() -> dict[str, Setting]:
    """Every setting by its path, file by file."""
    data = base_data()
    found = [
        *_clocks(data["clocks"]),
        *_thresholds(data["thresholds"]),
        *_signoffs(data["signoffs"]),
        *_notices(data["notices"]),
        *_weights(data["weights"]),
    ]
    return {setting.path: setting for setting in found}


def _clocks(data: Mapping[str, Any]) -> Iterator[Setting]:
    for code, row in data.items():
        if "clause" not in row:
            continue
        yield from _clock((code,), row, row["clause"])
        for word, variant in row.items():
            if isinstance(variant, dict):
                yield from _clock((code, word), variant, row["clause"])


def _clock(keys: tuple[str, ...], row: Mapping[str, Any], clause: str) -> Iterator[Setting]:
    for name in row:
        path, place = ".".join(("clocks", *keys, name)), ("clocks", *keys, name)
        if name == "budget":
            yield Setting(path, "minutes", clause, place, unit="minutes", low=1)
        elif name == "warn_at":
            yield Setting(path, "fraction", clause, place, low=0.05, high=1)
        elif name in ("warn_to", "escalate_to"):
            yield Setting(path, "whom", clause, place, choices=WHOM)
        elif name == "every":
            yield Setting(path, "recurrence", clause, place)


def _thresholds(data: Mapping[str, Any]) -> Iterator[Setting]:
    for name, row in data.items():
        if name != INDICATORS:
            low, high = row["between"]
            number = ("thresholds", name, "value")
            yield Setting(f"thresholds.{name}", "number", row["clause"], number, row["unit"], low, high)
    for code, row in data[INDICATORS].items():
        for limit in LIMITS:
            place = ("thresholds", INDICATORS, code, limit)
            yield Setting(f"thresholds.{code}.{limit}", "number", row["clause"], place, row["unit"], -1e12, 1e12)


def _signoffs(data: Mapping[str, Any]) -> Iterator[Setting]:
    for name, row in data.items():
        places = [("always",), *(("when", fact) for fact in row.get("when", ()))]
        for least, rest in zip((1, *[0] * len(places)), places, strict=False):
            place = ("signoffs", name, *rest)
            yield Setting(".".join(place), "parties", row["clause"], place, low=least, choices=PARTIES)


def _notices(data: Mapping[str, Any]) -> Iterator[Setting]:
    for term in data["terms"]:
        place = ("notices", "terms", term)
        yield Setting(f"notices.{term}", "departments", "2.3.2-c", place, low=0, choices=tuple(DEPARTMENTS))


def _weights(data: Mapping[str, Any]) -> Iterator[Setting]:
    for group, weights in data.items():
        for item in weights:
            clause = WEIGHED.get(group, "8.2.2-a")
            yield Setting(f"weights.{group}.{item}", "weight", clause, ("weights", group, item), "percent", 0, 100)
