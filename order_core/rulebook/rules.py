"""What a revision of the rulebook may change, and to what, on plain values (9.1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from order_core.errors import Invalid
from order_core.rulebook.recurrence import Recurrence

CLAUSE = "9.1"
Kind = Literal["minutes", "fraction", "number", "weight", "recurrence", "whom", "parties", "departments"]
LONGEST_BUDGET = 366 * 24 * 60


@dataclass(frozen=True)
class Setting:
    """A value that may be revised.

    Attributes:
        path: its address, ``clocks.T-03.budget``; keys: where it lies, the file first.
        low, high: the bounds of a number; choices: the words that the kind allows.
    """

    path: str
    kind: Kind
    clause: str
    keys: tuple[str, ...]
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()


def _wrong(setting: Setting, rule: str, **params: Any) -> Invalid:
    return Invalid(f"rulebook.{rule}", field=setting.path, clause=CLAUSE, path=setting.path, **params)


def _number(setting: Setting, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(setting, "not_a_number")
    if not setting.low <= value <= setting.high:
        raise _wrong(setting, "out_of_bounds", low=f"{setting.low:g}", high=f"{setting.high:g}")
    return value


def _minutes(setting: Setting, value: Any) -> Any:
    """Whole minutes, at least one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(setting, "not_a_number")
    if not 1 <= value <= LONGEST_BUDGET:
        raise _wrong(setting, "budget", longest=LONGEST_BUDGET)
    return value


def _recurrence(setting: Setting, value: Any) -> Any:
    try:
        Recurrence.spelled(value)
    except (TypeError, ValueError) as error:
        raise _wrong(setting, "recurrence") from error
    return value


def _whom(setting: Setting, value: Any) -> Any:
    if value not in setting.choices:
        raise _wrong(setting, "choice", allowed=", ".join(setting.choices))
    return value


def _parties(setting: Setting, value: Any) -> Any:
    """A set of parties, sorted; whether it may be empty is the setting's ``low``."""
    if not isinstance(value, list) or not all(isinstance(party, str) for party in value):
        raise _wrong(setting, "not_a_list")
    unknown = [party for party in value if party not in setting.choices]
    if unknown:
        raise _wrong(setting, "choice", allowed=", ".join(setting.choices))
    if len(value) < setting.low:
        raise _wrong(setting, "nobody")
    return sorted(set(value))


READERS: Mapping[Kind, Callable[[Setting, Any], Any]] = {
    "minutes": _minutes,
    "fraction": _number,
    "number": _number,
    "weight": _number,
    "recurrence": _recurrence,
    "whom": _whom,
    "parties": _parties,
    "departments": _parties,
}


def fitting(settings: Mapping[str, Setting], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as they are kept, each of its setting's kind.

    Raises:
        Invalid: nothing to change, an unknown path, a value of another kind or out of bounds; ``field`` is the path.
    """
    if not changes:
        raise Invalid("rulebook.nothing", field="changes", clause=CLAUSE)
    kept = {}
    for path, value in changes.items():
        setting = settings.get(path)
        if setting is None:
            raise Invalid("rulebook.unknown_path", field=path, clause=CLAUSE, path=path)
        kept[path] = READERS[setting.kind](setting, value)
    return kept


def amended(
    data: Mapping[str, Any], settings: Mapping[str, Setting], revisions: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """A copy of the rulebook's data (file → content) with revisions worked in, one after the other.

    A path that a later edition of the program no longer knows is passed over: the revision was right in its time.
    """
    copy: dict[str, Any] = deepcopy(dict(data))
    for changes in revisions:
        for path, value in changes.items():
            setting = settings.get(path)
            if setting is None:
                continue
            place = copy
            for key in setting.keys[:-1]:
                place = place[key]
            place[setting.keys[-1]] = value
    return copy


def at_path(data: Mapping[str, Any], setting: Setting) -> Any:
    """The value that a setting has in the rulebook's data."""
    found: Any = data
    for key in setting.keys:
        found = found[key]
    return found


def contradiction(data: Mapping[str, Any]) -> Invalid | None:
    """What is wrong with the rulebook as a whole after a change: each value alone was right."""
    for group, weights in data["weights"].items():
        total = sum(weights.values())
        if abs(total - 100) > 1e-6:
            return Invalid("rulebook.weights", field=f"weights.{group}", clause=CLAUSE, group=group, total=f"{total:g}")
    for code, row in data["thresholds"]["indicators"].items():
        ladder = [row["target"], row["warning"], row["alarm"]]
        if ladder != sorted(ladder, reverse=row["up_is_good"]):
            return Invalid("rulebook.levels", field=f"thresholds.{code}.target", clause=CLAUSE, indicator=code)
    if "HR" not in data["signoffs"]["rulebook_change"]["always"]:
        return Invalid("rulebook.hr_signs", field="signoffs.rulebook_change.always", clause=CLAUSE)
    accepted, limit = (data["thresholds"][name]["value"] for name in ("risk_accept_limit", "risk_limit"))
    if accepted >= limit:
        return Invalid("rulebook.risk_zones", field="thresholds.risk_limit", clause=CLAUSE, accepted=accepted)
    return None
