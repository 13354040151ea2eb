"""The job shop: which machine does which operation when, so that everything is finished soonest.

The model is the usual one (disjunctive; Fisher & Thompson 1963 is its classical data), the search OR-Tools' CP-SAT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from order_core.errors import Invalid

CLAUSE = "3.3.1-a"
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
    """The best plan found within a time; nothing is drawn by chance, only the time may cut the search short.

    Raises:
        Invalid: ``schedule.empty``, ``schedule.number`` (job, position, both from 1: a negative machine or
            duration), ``schedule.long``, ``schedule.seconds``; ``schedule.none``: no plan at all within the time.
    """
    _check(jobs, seconds)
    model, starts = _model(jobs)
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = seconds
    # One thread of pure scheduling: beats the default portfolio on two cores (ADR 21), and repeats itself.
    parameters.num_workers = 1
    parameters.linearization_level = 0
    parameters.use_dynamic_precedence_in_disjunctive = True
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        raise Invalid("schedule.none", field="seconds", clause=CLAUSE, seconds=seconds)
    found = tuple(tuple(solver.value(start) for start in row) for row in starts)
    return Schedule(round(solver.objective_value), found, round(solver.best_objective_bound))


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


def _model(jobs: Sequence[Job]) -> tuple[cp_model.CpModel, list[list[cp_model.IntVar]]]:
    model = cp_model.CpModel()
    latest = sum(operation.duration for job in jobs for operation in job)
    makespan = model.new_int_var(0, latest, "")
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
    model.minimize(makespan)
    return model, starts
