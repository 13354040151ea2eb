"""One technician's day as arrays: what ``slots`` must know of each way between two of his stops."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np

from helpdesk.dispatch.planning.insertion import detours, study
from helpdesk.dispatch.planning.labels import INFINITE
from helpdesk.dispatch.planning.model import Bands, Instance, Job, Place, Span, Technician
from helpdesk.dispatch.planning.plan import Pickup, PlannedRoute, Visit
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.routes import Route, build, empty
from helpdesk.dispatch.planning.travel import Floats, Ints

COLUMNS = (
    "lat", "lon", "to_lat", "to_lon", "way", "hungry", "fed", "by_hungry", "by_fed", "free_hungry", "free_fed",
    "early", "latest", "pause", "open", "fetched", "plain", "rest", "shift_end", "soft", "fetch",
)  # fmt: skip
"""Radians; cost; seconds by label (see ``labels``); lunch; whether a job may be put there, whether a pick-up lies
before it, and whether nobody is late before it on any schedule; seconds of driving and work from the next stop on, end
of the shift, what overtime and lateness cost now, the least detour by a depot."""


class Row:
    """A technician's day. Its jobs keep to their windows; those tied to others keep to their very times."""

    def __init__(self, instance: Instance, one: Technician, planned: PlannedRoute | None, bands: Bands) -> None:
        self.instance, self.one = instance, one
        steps = planned.steps if planned is not None else ()
        jobs = {job.id: job for job in instance.jobs}
        waited = {other.job for job in instance.jobs for other in job.after}
        visits = [step for step in steps if isinstance(step, Visit)]
        self.day = dataclasses.replace(
            instance,
            travel=bands,
            technicians=(one,),
            jobs=tuple(_alone(jobs[step.job], step, waited) for step in visits),
        )
        stays = [step for step in steps if isinstance(step, Pickup | Visit)]
        self.order = [step.depot if isinstance(step, Pickup) else step.job for step in stays]
        p = Problem(self.day)
        route = self._route(p)
        self.closed = route is None
        """The day cannot be driven as these ways are estimated: nothing more is offered on it."""
        self.route = empty(p, 0) if route is None else route
        self.columns = self._arrays(p, self.route)

    def _route(self, p: Problem) -> Route | None:
        nodes = {job.id: n for n, job in enumerate(self.day.jobs)}
        nodes |= {depot.id: p.jobs + n for n, depot in enumerate(p.instance.depots)}
        return build(p, 0, (p.first_start, *(nodes[name] for name in self.order), p.first_end))

    def _arrays(self, p: Problem, route: Route) -> dict[str, Floats | Ints]:
        labels, n = route.labels(p), len(route.stops) - 1
        places = [self._place(p, node) for node in route.stops]
        radians = np.radians(np.array([(place.lat, place.lon) for place in places]))
        early, latest, pause = p.lunch[0]
        arcs = np.arange(n)
        return {
            "lat": radians[:-1, 0],
            "lon": radians[:-1, 1],
            "to_lat": radians[1:, 0],
            "to_lon": radians[1:, 1],
            "way": np.array(route.arcs),
            **{name: np.array(getattr(labels, name)[:-1]) for name in ("hungry", "fed")},
            **{
                name: np.array(getattr(labels, name)[1:]) for name in ("by_hungry", "by_fed", "free_hungry", "free_fed")
            },
            "early": np.full(n, early),
            "latest": np.full(n, latest),
            "pause": np.full(n, pause),
            "open": (arcs >= route.first) & (not self.closed),
            "fetched": arcs >= route.pickup,
            "plain": np.full(n, labels.calm_fed is labels.fed),
            "rest": np.array(_rest(p, route)),
            "shift_end": np.full(n, p.shift_end[0]),
            "soft": np.full(n, route.soft),
            "fetch": np.full(n, _fetch(p, route)),
        }

    def _place(self, p: Problem, node: int) -> Place:
        if node < p.jobs:
            return p.instance.jobs[node].place
        if node < p.first_start:
            return p.instance.depots[node - p.jobs].place
        return self.one.start if node < p.first_end else self.one.end

    def left(self, part: str) -> int:
        """What the van has to spare of a part before its first pick-up."""
        return self.one.van.get(part, 0) - self.route.used.get(part, 0)

    def ask(self, job: Job, span: Span) -> float | None:
        """What the job adds to the cost of the day, exactly, when it begins inside ``span``; None: it does not fit."""
        job = dataclasses.replace(job, windows=(span,), access=None, after=(), crew=1, prize=math.inf)
        p = Problem(dataclasses.replace(self.day, jobs=(*self.day.jobs, job)))
        route = self._route(p)
        if route is None:
            return None
        found = study(p, route, p.jobs - 1, INFINITE)
        return found[0] if found[1] >= 0 else None


def _rest(p: Problem, route: Route) -> list[int]:
    """By arc: seconds of work and driving from the arrival at its further end to the end of the day."""
    found, total = [0], 0
    for here, there in reversed(list(pairwise(route.stops[1:]))):
        total += p.service[here] + p.seconds[here][there]
        found.append(total)
    return found[::-1]


def _fetch(p: Problem, route: Route) -> float:
    """The least that a visit to a depot adds to the way."""
    return min((way for depot in range(p.jobs, p.first_start) for way in detours(p, route, depot)), default=INFINITE)


def _alone(job: Job, visit: Visit, waited: set[str]) -> Job:
    """A job that is tied to others, as an ordinary one at its time."""
    if job.crew == 1 and not job.after and job.id not in waited:
        return job
    parts = job.parts if visit.lead else {}
    return dataclasses.replace(job, windows=((visit.start, visit.start),), crew=1, after=(), parts=parts)
