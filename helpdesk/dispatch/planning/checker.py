"""Is a plan right, and what does it cost? An opinion of its own: nothing here is shared with the search.

Every hard rule is tried on every step; the objective is added up again from the plan's own times.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from helpdesk.dispatch.planning.mileage import Mileage
from helpdesk.dispatch.planning.model import Depot, Instance, Job, Technician
from helpdesk.dispatch.planning.plan import Break, End, Pickup, Plan, PlannedRoute, Start, Step, Visit


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule (``planning.rule.<rule>``) that a technician's route breaks, and at which job or depot."""

    rule: str
    technician: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; ``breakdown`` adds up to the objective, ``figures`` are counts, seconds and metres."""

    breaches: tuple[Breach, ...]
    breakdown: dict[str, float]
    figures: dict[str, float]

    @property
    def feasible(self) -> bool:
        return not self.breaches

    @property
    def objective(self) -> float:
        return sum(self.breakdown.values())


def check(instance: Instance, plan: Plan) -> Verdict:
    """Try every rule on a plan."""
    return _Check(instance, plan).verdict()


@dataclass
class _Walk:
    """Where a technician is while his route is followed."""

    one: Technician
    here: str
    time: int
    stock: Counter[str]
    lunch: Break | None = None
    lunches: int = 0
    jobs: list[str] = field(default_factory=list)


class _Check:
    def __init__(self, instance: Instance, plan: Plan) -> None:
        self.instance, self.plan = instance, plan
        self.jobs = {job.id: job for job in instance.jobs}
        self.depots = {depot.id: depot for depot in instance.depots}
        self.team = {one.id: one for one in instance.technicians}
        self.way = Mileage(instance)
        self.breaches: list[Breach] = []
        self.served: dict[str, list[tuple[str, int, int]]] = {}
        self.taken: Counter[tuple[str, str]] = Counter()
        self.leads: Counter[str] = Counter()
        self.sum: defaultdict[str, float] = defaultdict(float)
        replan = instance.replan
        self.pins = {pin.technician: pin.job for pin in replan.pinned} if replan else {}
        self.now = replan.now if replan else 0

    def verdict(self) -> Verdict:
        if self.plan.instance not in (None, self.instance.name):
            self._broken("other_instance")
        for technician, count in Counter(route.technician for route in self.plan.routes).items():
            if count > 1:
                self._broken("two_routes", technician)
        for route in self.plan.routes:
            self._route(route)
        self._whole()
        return Verdict(tuple(self.breaches), self._breakdown(), dict(self.sum))

    def _broken(self, rule: str, technician: str = "", subject: str = "") -> None:
        self.breaches.append(Breach(rule, technician, subject))

    def _route(self, route: PlannedRoute) -> None:
        name, steps = route.technician, route.steps
        if name not in self.team:
            return self._broken("unknown", name)
        if not steps:
            return None
        middle = steps[1:-1]
        if not isinstance(steps[0], Start) or not isinstance(steps[-1], End):
            return self._broken("ends", name)
        if any(isinstance(step, Start | End) for step in middle):
            return self._broken("ends", name)
        one = self.team[name]
        earliest = one.shift[0] if name in self.pins else max(one.shift[0], self.now)
        if steps[0].departure < earliest:
            self._broken("too_early", name)
        walk = _Walk(one, name, steps[0].departure, Counter(one.van))
        for step in (*middle, steps[-1]):
            self._step(walk, step)
        if walk.jobs and one.lunch is not None and walk.lunches != 1:
            self._broken("lunch_count", name)
        if name in self.pins and walk.jobs[:1] != [self.pins[name]]:
            self._broken("pin", name, self.pins[name])
        self.sum["used"] += bool(walk.jobs)
        return None

    def _step(self, walk: _Walk, step: Step) -> None:
        if isinstance(step, Break):
            self._lunch(walk, step)
        elif isinstance(step, Visit):
            job = self.jobs.get(step.job)
            if job is None:
                return self._broken("unknown", walk.one.id, step.job)
            self._arrive(walk, job.id, step.arrival)
            self._visit(walk, job, step)
        elif isinstance(step, Pickup):
            depot = self.depots.get(step.depot)
            if depot is None:
                return self._broken("unknown", walk.one.id, step.depot)
            self._arrive(walk, depot.id, step.arrival)
            self._pickup(walk, depot, step)
        elif isinstance(step, End):
            self._arrive(walk, f"{walk.one.id}#end", step.arrival)
            over = max(0, step.arrival - walk.one.shift[1])
            self.sum["overtime_s"] += over
            if over > walk.one.max_overtime_s:
                self._broken("overtime", walk.one.id)
        return None

    def _arrive(self, walk: _Walk, there: str, arrival: int) -> None:
        seconds, metres = self.way(walk.here, there)
        earliest = walk.time + seconds
        if walk.lunch is not None:
            pause = walk.lunch.departure - walk.lunch.start
            earliest = max(earliest + pause, walk.lunch.departure)
            walk.lunch = None
        if arrival < earliest:
            self._broken("travel", walk.one.id, there)
        self.sum["drive_s"] += seconds
        self.sum["metres"] += metres
        walk.here = there

    def _lunch(self, walk: _Walk, step: Break) -> None:
        bounds, name = walk.one.lunch, walk.one.id
        walk.lunches += 1
        if bounds is None or walk.lunches > 1:
            self._broken("lunch_count", name)
            return
        if step.start < walk.time or not bounds.earliest <= step.start <= bounds.latest:
            self._broken("lunch_time", name)
        if step.departure - step.start < bounds.duration:
            self._broken("lunch_short", name)
        walk.lunch = step

    def _stay(self, walk: _Walk, subject: str, step: Visit | Pickup, service: int) -> None:
        if step.start < step.arrival:
            self._broken("before_arrival", walk.one.id, subject)
        if step.departure < step.start + service:
            self._broken("too_short", walk.one.id, subject)
        self.sum["wait_s"] += max(0, step.start - step.arrival)
        walk.time = step.departure

    def _pickup(self, walk: _Walk, depot: Depot, step: Pickup) -> None:
        self._stay(walk, depot.id, step, depot.pickup_s)
        if not depot.open <= step.start <= depot.close:
            self._broken("depot_closed", walk.one.id, depot.id)
        for part, quantity in step.parts.items():
            if quantity < 0:
                self._broken("quantity", walk.one.id, depot.id)
            walk.stock[part] += quantity
            self.taken[depot.id, part] += quantity

    def _visit(self, walk: _Walk, job: Job, step: Visit) -> None:
        name = walk.one.id
        self._stay(walk, job.id, step, job.service_s)
        if not any(begins <= step.start <= ends for begins, ends in job.windows):
            self._broken("window", name, job.id)
        if job.access is not None and not any(a <= step.start and step.departure <= b for a, b in job.access):
            self._broken("access", name, job.id)
        if any(self._level(walk.one, skill) < level for skill, level in job.skills.items()):
            self._broken("skill", name, job.id)
        if name in job.excluded:
            self._broken("excluded", name, job.id)
        if job.technician not in (None, name):
            self._broken("hand", name, job.id)
        for part, quantity in job.parts.items() if step.lead else ():
            walk.stock[part] -= quantity
            if walk.stock[part] < 0:
                self._broken("part", name, job.id)
        walk.jobs.append(job.id)
        self.leads[job.id] += step.lead
        self.served.setdefault(job.id, []).append((name, step.start, step.departure))

    def _level(self, one: Technician, skill: str) -> int:
        until = one.valid_until.get(skill)
        expired = until is not None and self.instance.date is not None and until < self.instance.date
        return 0 if expired else one.skills.get(skill, 0)

    def _whole(self) -> None:
        """What concerns several routes."""
        for job, visits in self.served.items():
            self._together(self.jobs[job], visits)
        for technician, job in self.pins.items():
            if technician not in {name for name, _, _ in self.served.get(job, ())}:
                self._broken("pin", technician, job)
        for (depot, part), quantity in self.taken.items():
            stock = self.depots[depot].stock
            if stock is not None and quantity > stock.get(part, 0):
                self._broken("depot_stock", subject=depot)
        left = [job for job in self.jobs if job not in self.served]
        if sorted(self.plan.unserved) != sorted(left):
            self._broken("unserved")

    def _together(self, job: Job, visits: list[tuple[str, int, int]]) -> None:
        """A job's crew, and its place after the jobs it waits for."""
        if len(visits) != job.crew or len({name for name, _, _ in visits}) != job.crew:
            self._broken("twice" if len(visits) > job.crew else "crew", subject=job.id)
        if self.leads[job.id] != 1:
            self._broken("lead", subject=job.id)
        if len({start for _, start, _ in visits}) > 1:
            self._broken("together", subject=job.id)
        for other in job.after:
            ends = [end for _, _, end in self.served.get(other.job, ())]
            if not ends or min(start for _, start, _ in visits) < max(ends) + other.gap_s:
                self._broken("order", subject=job.id)

    def _breakdown(self) -> dict[str, float]:
        weights, total = self.instance.weights, self.sum
        self._count()
        return {
            "travel": weights.travel_per_min * total["drive_s"] / 60,
            "distance": weights.km * total["metres"] / 1000,
            "overtime": weights.overtime_per_min * total["overtime_s"] / 60,
            "sla_late": weights.sla_late_per_min * total["late_s"] / 60,
            "unserved": sum(job.prize for job in self.jobs.values() if job.id not in self.served),
            "moved": weights.moved_technician * total["moved"] + weights.moved_start_per_min * total["moved_s"] / 60,
            "not_preferred": weights.not_preferred * total["not_preferred"],
        }

    def _count(self) -> None:
        """Lateness, moves and wishes, by visit."""
        total, replan = self.sum, self.instance.replan
        total["served"], total["unserved"] = len(self.served), len(self.jobs) - len(self.served)
        for job, visits in self.served.items():
            wanted = self.jobs[job]
            told = replan.baseline.get(job) if replan else None
            for name, start, end in visits:
                if wanted.sla_deadline is not None:
                    total["late_s"] += max(0, end - wanted.sla_deadline)
                total["not_preferred"] += bool(wanted.preferred) and name not in wanted.preferred
                if told is not None:
                    total["moved"] += name != told.technician
                    total["moved_s"] += max(0, abs(start - told.start) - self.instance.weights.moved_start_free_s)
