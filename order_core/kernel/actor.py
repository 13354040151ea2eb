"""Who acts: a person of ours, a customer, or one of the product's own voices (clock, signal, worker, planner)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ActorKind = Literal["person", "customer", "clock", "signal", "worker", "planner"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who takes a step, as a plain value.

    Attributes:
        kind: what sort of actor; only ``person`` and ``customer`` have an ``id``.
        id: ``Person.id`` for a person, ``ContactPerson.id`` for a customer.
        department: code of the person's department (SAL … HR).
        roles: role names, see ``kernel.guard``.
        head: whether the person heads the department.
        recorded_by: ``Person.id`` of whoever recorded a customer's word for him.
    """

    kind: ActorKind
    id: int | None = None
    department: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    head: bool = False
    recorded_by: int | None = None

    def is_same_person(self, person_id: int | None) -> bool:
        """Whether this is the person of ours with that id."""
        return self.kind == "person" and self.id is not None and self.id == person_id


CLOCK = Actor(kind="clock")
SIGNAL = Actor(kind="signal")
WORKER = Actor(kind="worker")
PLANNER = Actor(kind="planner")
