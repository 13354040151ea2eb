"""What simple systems do with a day: each job in turn to the nearest technician who can still take it."""

from __future__ import annotations

from collections.abc import Callable

from helpdesk.dispatch.planning.draft import Draft
from helpdesk.dispatch.planning.engine import checked
from helpdesk.dispatch.planning.insertion import study
from helpdesk.dispatch.planning.labels import INFINITE
from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.plan import Plan
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.replan import driven
from helpdesk.dispatch.planning.search import Outcome

Give = Callable[[Draft, int, int], bool]
"""(plan in the making, job node, technician) → whether he has it now."""


def append(draft: Draft, node: int, tech: int) -> bool:
    """At the end of his route."""
    stops = draft.routes[tech].stops
    route = driven(draft.p, tech, (*stops[:-1], node, stops[-1]))
    return route is not None and draft.install(route)


def insert(draft: Draft, node: int, tech: int) -> bool:
    """Wherever it is cheapest in his route."""
    found = study(draft.p, draft.routes[tech], node, INFINITE)
    return found[1] >= 0 and draft.insert(node, tech, found)


def nearest(instance: Instance, give: Give) -> Plan:
    """Jobs in the order in which they came; technicians by the way from home."""
    p = Problem(instance)
    draft = Draft(p)
    for node in range(p.jobs):
        for tech in sorted(p.able[node], key=lambda tech: p.seconds[p.first_start + tech][node]):
            if give(draft, node, tech):
                break
    draft.keep()
    return checked(p, Outcome(draft.snapshot(), 0), instance, seed=0)
