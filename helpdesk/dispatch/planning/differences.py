"""What a new proposal changes: which customers would notice, by how much, and what it saves."""

from __future__ import annotations

from dataclasses import dataclass

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.model import Instance, Told
from helpdesk.dispatch.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Change:
    """What a customer was told and is told now; ``technician`` None: nobody comes any more."""

    job: str
    before: Told
    technician: str | None
    start: int | None

    @property
    def other_technician(self) -> bool:
        return self.technician != self.before.technician

    @property
    def later_s(self) -> int:
        """Seconds later than told; below zero: earlier."""
        return 0 if self.start is None else self.start - self.before.start


def changes(instance: Instance, plan: Plan) -> list[Change]:
    """Every customer who would notice: another technician, another time beyond the grace, or nobody."""
    if instance.replan is None:
        return []
    grace, visits, found = instance.weights.moved_start_free_s, plan.visits(), []
    known = {job.id for job in instance.jobs}
    for job, told in instance.replan.baseline.items():
        if job in known:
            technician, visit = visits.get(job, [(None, None)])[0]
            change = Change(job, told, technician, visit.start if visit else None)
            if change.other_technician or abs(change.later_s) > grace:
                found.append(change)
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """``cost``: what the proposal costs, by kind; ``saved``: so much less than the one it was compared with."""

    changes: tuple[Change, ...]
    cost: dict[str, float]
    saved: float | None = None


def difference(instance: Instance, plan: Plan, *, since: Plan | None = None) -> Difference:
    """A proposal against what customers were told, and its objective against that of ``since``, both on ``instance``.

    ``since`` is the first answer, or what the dispatcher would publish otherwise.
    """
    cost = check(instance, plan).breakdown
    saved = None if since is None else check(instance, since).objective - sum(cost.values())
    return Difference(tuple(changes(instance, plan)), cost, saved)
