"""A plan as values, field for field the exchange format ``dispatch-plan/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

Clock = int
"""Seconds after local midnight of the day."""


@dataclass(frozen=True, slots=True)
class Start:
    """He leaves home, or the place where he is."""

    departure: Clock
    type: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Pickup:
    """Parts are fetched at a depot."""

    depot: str
    arrival: Clock
    start: Clock
    departure: Clock
    parts: Mapping[str, int]
    type: Literal["pickup"] = "pickup"


@dataclass(frozen=True, slots=True)
class Visit:
    """A job is done. Of a crew, one member leads and brings the parts."""

    job: str
    arrival: Clock
    start: Clock
    departure: Clock
    lead: bool = True
    type: Literal["job"] = "job"


@dataclass(frozen=True, slots=True)
class Break:
    """Lunch, anywhere between the stop before and the stop after, on the road too."""

    start: Clock
    departure: Clock
    type: Literal["lunch"] = "lunch"


@dataclass(frozen=True, slots=True)
class End:
    """The last way is driven."""

    arrival: Clock
    type: Literal["end"] = "end"


Step = Annotated[Start | Pickup | Visit | Break | End, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A technician's day, in order."""

    technician: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who does what and when. ``seed``, ``iterations``: how it was found; ``estimated``: no road service answered."""

    routes: tuple[PlannedRoute, ...]
    unserved: tuple[str, ...]
    instance: str | None = None
    format: Literal["dispatch-plan/1"] = "dispatch-plan/1"
    objective: float | None = None
    seed: int | None = None
    iterations: int | None = None
    estimated: bool = False
    breakdown: Mapping[str, float] = field(default_factory=dict)

    def visits(self) -> dict[str, list[tuple[str, Visit]]]:
        """Job → (technician, visit), one for each member of the crew."""
        found: dict[str, list[tuple[str, Visit]]] = {}
        for route in self.routes:
            for step in route.steps:
                if isinstance(step, Visit):
                    found.setdefault(step.job, []).append((route.technician, step))
        return found


PLAN = TypeAdapter(Plan)


def written(plan: Plan) -> str:
    """The plan as JSON, without what says nothing."""
    return PLAN.dump_json(plan, exclude_none=True, exclude_defaults=False).decode("utf-8")
