"""What a list may be narrowed by, as plain values: read from an address, kept in a saved view, written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from order_core.errors import Invalid

VIEWS = ("mine", "unassigned", "open", "overdue", "callbacks", "closed")
"""The list's ready-made views, in the order of the left pane."""
CLOCKS = ("over", "soon", "running", "paused")
CHANNELS = ("sms", "phone", "web", "email", "console")
TEAMS = ("service", "head")
APPLIANCES = ("refrigerator", "washing_machine", "air_conditioner", "water_heater", "tv", "stove_oven", "dishwasher",
              "other")  # fmt: skip
MINE, NOBODY = "me", "none"
COLUMNS = ("customer", "state", "urgency", "clock", "assignee", "team", "channel", "language", "appliance", "touched",
           "opened")  # fmt: skip
USUAL_COLUMNS = ("customer", "state", "urgency", "clock", "assignee", "touched")
DENSITIES = ("normal", "compact")
LONGEST_NAME = 60


@dataclass(frozen=True)
class Filter:
    """What the list shows; an empty string does not narrow. ``since``, ``until``: days of the last touch, ISO."""

    view: str = "open"
    state: str = ""
    urgency: str = ""
    language: str = ""
    appliance: str = ""
    channel: str = ""
    team: str = ""
    assignee: str = ""
    clock: str = ""
    since: str = ""
    until: str = ""
    q: str = ""

    def narrowed(self) -> dict[str, str]:
        """The fields that narrow, for an address or a saved view."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


def read(values: Mapping[str, str]) -> Filter:
    """A filter from an address; what it does not know does not narrow, days that are none are refused.

    Raises:
        Invalid: a day that is none.
    """
    found = {f.name: str(values.get(f.name, "")).strip()[:100] for f in fields(Filter)}
    if found["view"] not in VIEWS:
        found["view"] = "closed" if found["state"] in ("closed", "void") else "open"
    if found["clock"] not in CLOCKS:
        found["clock"] = ""
    for name in ("since", "until"):
        try:
            found[name] = date.fromisoformat(found[name]).isoformat() if found[name] else ""
        except ValueError as error:
            raise Invalid("list.day", field=name, value=found[name]) from error
    return Filter(**found)


def view_name(name: str) -> str:
    """The name of a view to be saved. Raises ``Invalid`` for none or a long one."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("view.name", field="name", maximum=LONGEST_NAME)
    return name


def columns(wanted: list[str]) -> list[str]:
    """Columns in the house's order; what is unknown is left out, none means the usual ones."""
    return [name for name in COLUMNS if name in wanted] or list(USUAL_COLUMNS)
