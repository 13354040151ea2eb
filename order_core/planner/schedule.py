"""The job shop: which machine does which operation when, so that everything is finished soonest.

The model is the usual one (disjunctive; Fisher & Thompson 1963 is its classical data). OR-Tools' CP-SAT solves what is
small at once; otherwise tabu search improves its plan, and CP-SAT goes on from there (docs/adr/0021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from ortools.sat.python import cp_model

from order_core.errors import Invalid
from order_core.planner import tabu

CLAUSE = "3.3.1-a"
SHARES = (0.1, 0.7, 0.2)
"""Of the time: for an exact search, for tabu search, for an exact search from there."""
LONGEST = 2**50
"""Units of time that all operations may take together; the search counts in 64 bits."""


@dataclass(frozen=True)
class Operation:
    """One step of a job: ``machine`` by number from 0, ``duration`` in whole units of time."""

    machine: int
    duration: int


Job = Sequence[Operation]
"""Operations in the order in which they must be done."""


@dataclass(frozen=True)
class Schedule:
    """A plan of the shop.

    Attributes:
        makespan: when the last operation ends.
        starts: start of each operation, by job and position.
        bound: no plan ends earlier than this.
    """

    makespan: int
    starts: tuple[tuple[int, ...], ...]
    bound: int

    @property
    def optimal(self) -> bool:
        return self.makespan == self.bound


def schedule(jobs: Sequence[Job], *, seconds: float) -> Schedule:
    """The best plan found within a time; nothing is drawn by chance, only the time may cut a search short.

    Raises:
        Invalid: ``schedule.empty``, ``schedule.number`` (job, position, both from 1: a negative machine or
            duration), ``schedule.long``, ``schedule.seconds``.
    """
    _check(jobs, seconds)
    first, improving, last = (share * seconds for share in SHARES)
    plan = _exact(jobs, first, _dispatched(jobs))
    if _usual(jobs) and not plan.optimal:
        plan = _improved(jobs, plan, improving)
    return plan if plan.optimal else _exact(jobs, last, plan)


def _usual(jobs: Sequence[Job]) -> bool:
    """Whether every operation takes time and no job comes back to a machine: what tabu search relies on."""
    return all(all(o.duration for o in job) and len({o.machine for o in job}) == len(job) for job in jobs)


def _dispatched(jobs: Sequence[Job]) -> Schedule:
    """Whatever can start soonest is started, of several the one with most work behind it: a plan at once.

    Its bound: no job ends sooner than all its work, no machine than all its load.
    """
    machines: dict[int, int] = {}
    loads: dict[int, int] = {}
    ready = [0] * len(jobs)
    starts: list[list[int]] = [[] for _ in jobs]
    work = [sum(operation.duration for operation in job) for job in jobs]
    open_ = set(range(len(jobs)))
    while open_:
        upcoming = ((job, jobs[job][len(starts[job])]) for job in open_)
        start, _, job = min((max(ready[j], machines.get(o.machine, 0)), -work[j], j) for j, o in upcoming)
        operation = jobs[job][len(starts[job])]
        starts[job].append(start)
        ready[job] = machines[operation.machine] = start + operation.duration
        work[job] -= operation.duration
        loads[operation.machine] = loads.get(operation.machine, 0) + operation.duration
        if len(starts[job]) == len(jobs[job]):
            open_.remove(job)
    longest = max(sum(operation.duration for operation in job) for job in jobs)
    return Schedule(max(ready), tuple(map(tuple, starts)), max(longest, *loads.values()))


def _by_job(jobs: Sequence[Job], starts: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    counted = iter(starts)
    return tuple(tuple(islice(counted, len(job))) for job in jobs)


def _improved(jobs: Sequence[Job], plan: Schedule, seconds: float) -> Schedule:
    steps = [[(operation.machine, operation.duration) for operation in job] for job in jobs]
    starts = _by_job(jobs, tabu.improved(steps, [start for row in plan.starts for start in row], plan.bound, seconds))
    makespan = max(row[-1] + job[-1].duration for job, row in zip(jobs, starts, strict=True))
    return Schedule(makespan, starts, plan.bound)


def _exact(jobs: Sequence[Job], seconds: float, known: Schedule) -> Schedule:
    """The best plan that CP-SAT finds within a time, starting from a known one."""
    model, starts = _model(jobs, known)
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = seconds
    # One thread of pure scheduling: beats the default portfolio on two cores, and repeats itself.
    parameters.num_workers = 1
    parameters.linearization_level = 0
    parameters.use_dynamic_precedence_in_disjunctive = True
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return known
    found = tuple(tuple(solver.value(start) for start in row) for row in starts)
    bound = max(round(solver.best_objective_bound), known.bound)
    return Schedule(round(solver.objective_value), found, bound)


def _check(jobs: Sequence[Job], seconds: float) -> None:
    if not jobs or not all(jobs):
        raise Invalid("schedule.empty", field="jobs", clause=CLAUSE)
    for number, job in enumerate(jobs, 1):
        for position, operation in enumerate(job, 1):
            if operation.machine < 0 or operation.duration < 0:
                raise Invalid("schedule.number", field="jobs", clause=CLAUSE, job=number, position=position)
    if sum(operation.duration for job in jobs for operation in job) > LONGEST:
        raise Invalid("schedule.long", field="jobs", clause=CLAUSE)
    if not seconds > 0:
        raise Invalid("schedule.seconds", field="seconds", clause=CLAUSE)


def _model(jobs: Sequence[Job], known: Schedule) -> tuple[cp_model.CpModel, list[list[cp_model.IntVar]]]:
    model = cp_model.CpModel()
    latest = known.makespan
    makespan = model.new_int_var(known.bound, latest, "")
    machines: dict[int, list[cp_model.IntervalVar]] = {}
    starts = []
    for job in jobs:
        row = [model.new_int_var(0, latest, "") for _ in job]
        for place, (operation, start) in enumerate(zip(job, row, strict=True)):
            interval = model.new_fixed_size_interval_var(start, operation.duration, "")
            machines.setdefault(operation.machine, []).append(interval)
            following = row[place + 1] if place + 1 < len(row) else makespan
            model.add(following >= start + operation.duration)
        starts.append(row)
    for intervals in machines.values():
        model.add_no_overlap(intervals)
    for row, hints in zip(starts, known.starts, strict=True):
        for start, hint in zip(row, hints, strict=True):
            model.add_hint(start, hint)
    model.minimize(makespan)
    return model, starts
