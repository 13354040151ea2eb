"""What is left of a day at a moment of it: the instance to plan anew from.

Done jobs vanish. A technician at work starts where he is, when he will be done; one who drives has his next job
pinned, save for a crew's, which is taken as done together with what comes before it. Of a job's windows the promised
one remains.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from helpdesk.dispatch.planning.draft import Draft
from helpdesk.dispatch.planning.model import (
    Bands,
    Instance,
    Job,
    Lunch,
    Matrix,
    Pin,
    Place,
    Replan,
    Span,
    Technician,
    Told,
)
from helpdesk.dispatch.planning.plan import Break, End, Pickup, Plan, PlannedRoute, Start, Visit
from helpdesk.dispatch.planning.problem import Problem, may_do
from helpdesk.dispatch.planning.travel import place_of, row_of, seconds_between
from order_core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Events:
    """What has happened. ``late``: technician → seconds that his present job takes longer."""

    sick: frozenset[str] = frozenset()
    late: Mapping[str, int] = field(default_factory=dict)
    cancelled: frozenset[str] = frozenset()
    added: tuple[Job, ...] = ()
    promised: Mapping[str, Span] = field(default_factory=dict)
    """Job → window promised; absent: that of its windows in which the plan begins it."""
    missing: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Technician → part → how many of it are not in his van after all."""
    traffic: float = 1.0
    """Every way takes so many times as long."""


@dataclass
class _State:
    """A technician, while his route is walked. ``here``: location id; ``time``: when he left it or will."""

    here: str
    time: int
    stock: Counter[str]
    lunch: Lunch | None
    done: dict[str, int] = field(default_factory=dict)
    """Job → when it ended or will."""
    pinned: str | None = None


def afternoon(instance: Instance, plan: Plan, now: int, events: Events) -> Instance:
    """The rest of the day from ``now`` on, with what has happened; its baseline is the plan's times.

    Who cannot be in time any more where he is driving to is free to be sent elsewhere.
    """
    instance = dataclasses.replace(instance, travel=_slowed(instance.travel, events.traffic))
    states = _states(instance, plan, now, events)
    done = {job: end for state in states.values() for job, end in state.done.items()}
    gone = done.keys() | events.cancelled
    told = {job: Told(visits[0][0], visits[0][1].start) for job, visits in plan.visits().items() if job not in gone}
    places = {name: place_of(instance, state.here) for name, state in states.items()}
    team = [
        _present(one, states[one.id], places[one.id], now) if one.id in states else one
        for one in instance.technicians
        if one.id not in events.sick
    ]
    team = [_less(one, events.missing.get(one.id, {})) for one in team if one.shift[0] < one.shift[1]]
    names = {one.id for one in team}
    pins = [(state.pinned, name) for name, state in states.items() if name in names]
    rest = dataclasses.replace(
        instance,
        technicians=tuple(team),
        jobs=(*(_left(job, told, done, events) for job in instance.jobs if job.id not in gone), *events.added),
        replan=Replan(now, tuple(Pin(job, name) for job, name in pins if job is not None and job not in gone), told),
        travel=_moved(instance, instance.travel, states) if isinstance(instance.travel, Matrix) else instance.travel,
    )
    return _freed(rest)


def _freed(rest: Instance) -> Instance:
    """Without the pins that nobody can keep: of each a plan with nothing else in it is tried."""
    replan = rest.replan
    if replan is None:
        return rest
    jobs, team = {job.id: job for job in rest.jobs}, {one.id: one for one in rest.technicians}
    kept = tuple(pin for pin in replan.pinned if _can_be_kept(rest, replan, pin, jobs[pin.job], team[pin.technician]))
    return dataclasses.replace(rest, replan=dataclasses.replace(replan, pinned=kept))


def _can_be_kept(rest: Instance, replan: Replan, pin: Pin, job: Job, one: Technician) -> bool:
    alone = dataclasses.replace(job, after=(), crew=1)
    alone_there = dataclasses.replace(
        rest, technicians=(one,), jobs=(alone,), replan=dataclasses.replace(replan, pinned=(pin,))
    )
    if not may_do(rest, one, job):
        return False
    try:
        Draft(Problem(alone_there))
    except Invalid:
        return False
    return True


def _less(one: Technician, missing: Mapping[str, int]) -> Technician:
    """What is not in his van after all."""
    van = {part: max(0, quantity - missing.get(part, 0)) for part, quantity in one.van.items()}
    return dataclasses.replace(one, van=van) if missing else one


def _slowed(travel: Bands | Matrix, factor: float) -> Bands | Matrix:
    if factor == 1:
        return travel
    if isinstance(travel, Matrix):
        rows = tuple(tuple(seconds * factor for seconds in row) for row in travel.seconds)
        return dataclasses.replace(travel, seconds=rows)
    bands = tuple((upto, speed / factor) for upto, speed in travel.bands)
    return dataclasses.replace(travel, access_s=travel.access_s * factor, bands=bands)


def _states(instance: Instance, plan: Plan, now: int, events: Events) -> dict[str, _State]:
    """Everybody who has left home by now."""
    team = {one.id: one for one in instance.technicians}
    crews = {job.id for job in instance.jobs if job.crew > 1}
    begun = {step.job for route in plan.routes for step in _begun(route, now) if step.job in crews}
    states = {}
    for route in plan.routes:
        one = team[route.technician]
        start = route.steps[0]
        assert isinstance(start, Start), "a checked plan"
        firm = max(
            (i for i, step in enumerate(route.steps) if isinstance(step, Visit) and step.job in begun), default=0
        )
        if start.departure <= now or firm:
            state = _State(one.id, start.departure, Counter(one.van), one.lunch)
            states[one.id] = state
            _walk(instance, state, route, now, firm, events.late.get(one.id, 0))
    return states


def _begun(route: PlannedRoute, now: int) -> Iterator[Visit]:
    """Visits that are done, under way, or driven to."""
    left = None
    for step in route.steps:
        if isinstance(step, Visit) and left is not None and left <= now:
            yield step
        if not isinstance(step, End | Break):
            left = step.departure


def _walk(instance: Instance, state: _State, route: PlannedRoute, now: int, firm: int, late: int) -> None:
    """Follow the route to where its technician is; the first ``firm`` steps count as done in any case."""
    ahead: Break | None = None
    for i, step in enumerate(route.steps[1:], 1):
        if isinstance(step, Break):
            ahead = step if step.start > now and i > firm else None
            if ahead is None:
                _eat(state, step, now)
        elif state.time > now and i > firm:
            return
        elif isinstance(step, Pickup):
            state.here, state.time = step.depot, step.departure
            state.stock.update(step.parts)
        elif isinstance(step, End):
            state.here, state.time = f"{route.technician}#end", step.arrival
        elif isinstance(step, Visit):
            if step.start > now and i > firm:
                _pin(instance, state, step, now, ahead)
                return
            if step.start <= now < step.departure:
                step = dataclasses.replace(step, departure=step.departure + late)
            _finish(instance, state, step)


def _eat(state: _State, step: Break, now: int) -> None:
    """Lunch is eaten; if he sits where his last job was, he leaves after it."""
    state.lunch = None
    if step.start == state.time and step.departure > now:
        state.time = step.departure


def _pin(instance: Instance, state: _State, step: Visit, now: int, ahead: Break | None) -> None:
    """He is on the way to a job, or waits at its door."""
    state.pinned = step.job
    if step.arrival <= now:
        state.here, state.time = step.job, now
    elif ahead is None:
        state.time = step.arrival - seconds_between(instance, state.here, step.job)


def _finish(instance: Instance, state: _State, step: Visit) -> None:
    state.here, state.time = step.job, step.departure
    state.done[step.job] = max(step.departure, state.done.get(step.job, 0))
    if step.lead:
        state.stock.subtract(next(job.parts for job in instance.jobs if job.id == step.job))


def _present(one: Technician, state: _State, place: Place, now: int) -> Technician:
    """He starts where he is; what he has on the van now is his stock."""
    lunch = state.lunch
    if lunch is not None:
        lunch = dataclasses.replace(lunch, earliest=min(max(lunch.earliest, now), lunch.latest))
    end = one.end
    return dataclasses.replace(
        one,
        lat=place.lat,
        lon=place.lon,
        end_lat=end.lat,
        end_lon=end.lon,
        shift=(state.time if state.pinned else max(state.time, now), one.shift[1]),
        van=dict(+state.stock),
        lunch=lunch,
    )


def _left(job: Job, told: Mapping[str, Told], done: Mapping[str, int], events: Events) -> Job:
    """A job still to be done: its promised window alone, no sooner than what it waited for allows."""
    windows = job.windows
    if job.id in events.promised:
        windows = (events.promised[job.id],)
    elif job.id in told:
        start = told[job.id].start
        windows = tuple(window for window in windows if window[0] <= start <= window[1])
    earliest = max((done[other.job] + other.gap_s for other in job.after if other.job in done), default=0)
    open_yet = tuple((max(a, earliest), b) for a, b in windows if b >= earliest)
    after = tuple(other for other in job.after if other.job not in done)
    return dataclasses.replace(job, windows=open_yet or windows, after=after)


def _moved(instance: Instance, matrix: Matrix, states: Mapping[str, _State]) -> Matrix:
    """The same table, technicians' starts where they are."""
    index = dict(matrix.index)
    for one in instance.technicians:
        index[f"{one.id}#end"] = row_of(matrix, f"{one.id}#end")
    for name, state in states.items():
        index[name] = row_of(matrix, state.here)
    return dataclasses.replace(matrix, index=index)
