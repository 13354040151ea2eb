"""An instance laid out for the search: places are numbered nodes, and what the inner loops ask is one list look-up.

Nodes, in this order: the jobs (one node each; further members of a crew behind all jobs), the depots, the
technicians' starts, their ends.
"""

from __future__ import annotations

from graphlib import TopologicalSorter

import numpy as np

from helpdesk.dispatch.planning.model import Bands, Instance, Job, Span, Technician
from helpdesk.dispatch.planning.travel import Table, table

NEVER = 1 << 40
"""Later than any time of day; minus this: before any."""

Need = tuple[tuple[str, int], ...]
"""(part, quantity) …"""
Spans = tuple[Span, ...]
Group = tuple[tuple[int, ...], ...]


class Problem:
    """Flat lists by node or by technician. Only the windows of tied jobs change once it is built (``agree``)."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        jobs, depots = instance.jobs, instance.depots
        self.job_of = [*range(len(jobs)), *(n for n, job in enumerate(jobs) for _ in range(job.crew - 1))]
        self.jobs = len(self.job_of)
        self.team = len(instance.technicians)
        self.first_start = self.jobs + len(depots)
        self.first_end = self.first_start + self.team
        self._lay_travel(table(instance))
        self._lay_stops()
        self._lay_team()
        self._lay_jobs()
        self._tie()

    def _lay_travel(self, found: Table) -> None:
        weights, given = self.instance.weights, len(self.instance.jobs)
        order = np.array([*self.job_of, *range(given, len(found.seconds))], dtype=np.int64)
        grid = np.ix_(order, order)
        cost = (weights.travel_per_min * found.seconds / 60 + weights.km * found.metres / 1000)[grid]
        self.seconds: list[list[int]] = found.seconds[grid].tolist()
        self.symmetric = bool((cost == cost.T).all())
        self.cost: list[list[float]] = cost.tolist()
        self.cost_back: list[list[float]] = self.cost if self.symmetric else cost.T.tolist()
        travel = self.instance.travel
        self.shortcuts_pay = isinstance(travel, Bands) and travel.concave
        """Leaving a stop out never makes the way longer."""
        near = np.minimum(cost, cost.T)[: self.jobs, : self.jobs]
        self.near: list[list[int]] = np.argsort(near, axis=1, kind="stable").tolist()
        """Job nodes by cost of the way, each first its own neighbour."""

    def _lay_stops(self) -> None:
        """Service, windows and parts of each node. A start has no window, an end has the last permitted minute."""
        instance, jobs = self.instance, self.instance.jobs
        depots, team = instance.depots, instance.technicians
        self.service = [jobs[n].service_s for n in self.job_of] + [depot.pickup_s for depot in depots]
        self.service += [0] * (2 * self.team)
        self.windows: list[Spans] = [start_windows(instance, jobs[n]) for n in self.job_of]
        self.windows += [((depot.open, depot.close),) for depot in depots]
        self.windows += [((-NEVER, NEVER),)] * self.team
        self.windows += [((-NEVER, one.shift[1] + one.max_overtime_s),) for one in team]
        nodes = len(self.windows)
        self.opens, self.closes = [NEVER] * nodes, [-NEVER] * nodes
        self.gaps: list[Spans | None] = [None] * nodes
        for node in range(nodes):
            self.agree(node, self.windows[node])
        self.need: list[Need | None] = [tuple(job.parts.items()) or None for job in jobs]
        """Of a crew, the first brings the parts."""
        self.need += [None] * (nodes - len(jobs))
        self.stock = [depot.stock for depot in depots]
        self.limited = any(stock is not None for stock in self.stock)

    def agree(self, node: int, windows: Spans) -> None:
        """Let a node begin inside ``windows`` only (sorted, disjoint)."""
        self.opens[node] = windows[0][0] if windows else NEVER
        self.closes[node] = windows[-1][1] if windows else -NEVER
        self.gaps[node] = windows if len(windows) > 1 else None

    def _lay_team(self) -> None:
        replan = self.instance.replan
        now = replan.now if replan else 0
        driving = {pin.technician: pin.job for pin in replan.pinned} if replan else {}
        free = self.members()
        self.pinned = [free[driving[one.id]].pop(0) if one.id in driving else -1 for one in self.instance.technicians]
        """Job node that a technician is on his way to; -1: none."""
        self.leaves: list[int] = []
        self.shift_end: list[int] = []
        self.lunch: list[tuple[int, int, int]] = []
        """(earliest, latest, duration); a latest of ``-NEVER``: none."""
        for one in self.instance.technicians:
            self.leaves.append(one.shift[0] if one.id in driving else max(one.shift[0], now))
            self.shift_end.append(one.shift[1])
            lunch = one.lunch
            self.lunch.append((lunch.earliest, lunch.latest, lunch.duration) if lunch else (0, -NEVER, 0))
        self.overtime = self.instance.weights.overtime_per_min / 60
        """Cost of a second."""
        self.van = [one.van for one in self.instance.technicians]

    def _lay_jobs(self) -> None:
        """Who may do which job at what price, what leaving it out costs, when it begins to be late."""
        instance = self.instance
        told = instance.replan.baseline if instance.replan else {}
        weights = instance.weights
        self.prize = [job.prize for job in instance.jobs] + [0.0] * (self.jobs - len(instance.jobs))
        self.able: list[list[int]] = []
        self.extra: list[dict[int, float]] = []
        self.due: list[int] = []
        self.late: list[tuple[int, float, int, float]] = []
        """(promised end − service, cost a second beyond; told start + grace, cost a second beyond)."""
        for n in self.job_of:
            job = instance.jobs[n]
            able = [k for k, one in enumerate(instance.technicians) if may_do(instance, one, job)]
            holder = told[job.id].technician if job.id in told else None
            self.able.append(able)
            self.extra.append({k: self._extra(job, instance.technicians[k], holder) for k in able})
            deadline = NEVER if job.sla_deadline is None else job.sla_deadline - job.service_s
            grace = told[job.id].start + weights.moved_start_free_s if job.id in told else NEVER
            self.late.append((deadline, weights.sla_late_per_min / 60, grace, weights.moved_start_per_min / 60))
            self.due.append(min(deadline, grace))
        self.due += [NEVER] * (len(self.windows) - self.jobs)
        self.early: dict[int, tuple[int, float]] = {}
        """Loosened nodes: told start − grace, cost of a second sooner."""

    def members(self) -> dict[str, list[int]]:
        """Job id → its nodes, one for each of the crew."""
        found: dict[str, list[int]] = {job.id: [] for job in self.instance.jobs}
        for node, n in enumerate(self.job_of):
            found[self.instance.jobs[n].id].append(node)
        return found

    def _tie(self) -> None:
        """Jobs that wait for each other or need a crew come and go together."""
        jobs, members = self.instance.jobs, self.members()
        after = {job.id: tuple(other.job for other in job.after) for job in jobs}
        order = list(TopologicalSorter(after).static_order())
        parent = {job.id: job.id for job in jobs}
        for job in jobs:
            for other in after[job.id]:
                first, second = _root(parent, job.id), _root(parent, other)
                parent[first] = second
        groups: dict[str, list[str]] = {}
        for name in order:
            groups.setdefault(_root(parent, name), []).append(name)
        self.groups = [
            tuple(tuple(members[name]) for name in names)
            for names in groups.values()
            if len(names) > 1 or len(members[names[0]]) > 1
        ]
        """Each a tuple of jobs in the order in which they may begin, a job being the tuple of its nodes."""
        self.waits = [[(members[other.job][0], other.gap_s) for other in jobs[n].after] for n in self.job_of]
        """By job node: the nodes it waits for, and how long after their end."""
        self.tied = {node: group for group in self.groups for nodes in group for node in nodes}

    def _extra(self, job: Job, one: Technician, holder: str | None) -> float:
        weights = self.instance.weights
        other = weights.moved_technician if holder is not None and holder != one.id else 0.0
        return other + (weights.not_preferred if job.preferred and one.id not in job.preferred else 0.0)

    def keeps(self, depot: int, part: str) -> bool:
        """Whether a depot has a part at all."""
        stock = self.stock[depot - self.jobs]
        return stock is None or stock.get(part, 0) > 0

    def lateness(self, node: int, start: int) -> float:
        """What beginning at ``start`` costs beyond what was promised and told."""
        deadline, rate, grace, moved = self.late[node]
        cost = (start - deadline) * rate if start > deadline else 0.0
        if node in self.early:
            earliest, sooner = self.early[node]
            cost += (earliest - start) * sooner if start < earliest else 0.0
        return cost + (start - grace) * moved if start > grace else cost

    def loosen(self, node: int) -> bool:
        """Let a job that is in no route begin sooner than its customer was told, at its price; False: it could already.

        A route with such a job is always priced exactly, for nothing after it is free beyond doubt.
        """
        instance, job = self.instance, self.instance.jobs[self.job_of[node]]
        told = instance.replan.baseline.get(job.id) if instance.replan else None
        wide = start_windows(instance, job, promised=False)
        if told is None or node in self.tied or wide == self.windows[node]:
            return False
        self.windows[node] = wide
        self.agree(node, wide)
        weights = instance.weights
        self.early[node] = told.start - weights.moved_start_free_s, weights.moved_start_per_min / 60
        self.due[node] = -NEVER
        return True


def _root(parent: dict[str, str], name: str) -> str:
    while parent[name] != name:
        name = parent[name]
    return name


def may_do(instance: Instance, one: Technician, job: Job) -> bool:
    """Skill levels on the day, exclusions, and the dispatcher's hand."""
    if one.id in job.excluded or (job.technician is not None and job.technician != one.id):
        return False
    return all(instance.level(one, skill) >= level for skill, level in job.skills.items())


def start_windows(instance: Instance, job: Job, *, promised: bool = True) -> Spans:
    """When service may begin: windows, less what access hours forbid, less what is earlier than a customer was told.

    The last only where he was ``promised`` it.

    Sorted and disjoint; empty when nothing is left.
    """
    spans = list(job.windows)
    if job.access is not None:
        spans = [(max(a, c), min(b, d - job.service_s)) for a, b in spans for c, d in job.access]
    replan = instance.replan
    told = replan.baseline.get(job.id) if replan else None
    priced = promised and instance.weights.moved_start_per_min > 0
    if replan and told is not None and priced and all(pin.job != job.id for pin in replan.pinned):
        earliest = told.start - instance.weights.moved_start_free_s
        spans = [(max(a, earliest), b) for a, b in spans if b >= earliest] or spans
    return merged([(a, b) for a, b in spans if a <= b])


def merged(spans: list[Span]) -> Spans:
    """Sorted, overlapping and adjoining ones made one."""
    found: list[Span] = []
    for a, b in sorted(spans):
        if found and a <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], b))
        else:
            found.append((a, b))
    return tuple(found)
