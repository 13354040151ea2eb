"""Whether an instance can be meant: what no plan could honour is found before the search, not in its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from helpdesk.dispatch.planning.model import Instance, Job, Matrix, Technician
from helpdesk.dispatch.planning.problem import may_do, start_windows
from helpdesk.dispatch.planning.travel import locations, row_of
from order_core.errors import Invalid


def examine(instance: Instance) -> None:
    """Raises ``Invalid`` (``planning.*``) at the first fault, with the field by the ids in it."""
    _ids(instance)
    for one in instance.technicians:
        _technician(one)
    for depot in instance.depots:
        if depot.open > depot.close:
            raise Invalid("planning.depot_closed", field=f"depots.{depot.id}.open", depot=depot.id)
    known = {job.id for job in instance.jobs}
    team = {one.id for one in instance.technicians}
    for job in instance.jobs:
        _windows(job)
        _names(job, known, team)
    _circles(instance)
    if isinstance(instance.travel, Matrix):
        _matrix(instance, instance.travel)
    _pins(instance)


def unservable(instance: Instance) -> Iterator[Invalid]:
    """Jobs that no plan can serve: a skill nobody has, a part that no van and no depot gives, no permitted minute."""
    kept = [depot.stock for depot in instance.depots]
    for job in instance.jobs:
        field = f"jobs.{job.id}"
        for skill, level in job.skills.items():
            if not any(instance.level(one, skill) >= level for one in instance.technicians):
                yield Invalid("planning.skill", field=f"{field}.skills", job=job.id, skill=skill, level=level)
                break
        else:
            able = [one for one in instance.technicians if may_do(instance, one, job)]
            if len(able) < job.crew:
                yield Invalid("planning.nobody", field=field, job=job.id, crew=job.crew, able=len(able))
                continue
            for part, quantity in job.parts.items():
                in_depot = any(stock is None or stock.get(part, 0) >= quantity for stock in kept)
                if not in_depot and not any(one.van.get(part, 0) >= quantity for one in able):
                    yield Invalid("planning.part", field=f"{field}.parts", job=job.id, part=part, quantity=quantity)
                    break
            else:
                if not start_windows(instance, job):
                    yield Invalid("planning.access", field=f"{field}.access", job=job.id)


def _ids(instance: Instance) -> None:
    for name, rows in (("technicians", instance.technicians), ("jobs", instance.jobs), ("depots", instance.depots)):
        for row, count in Counter(row.id for row in rows).items():
            if count > 1:
                raise Invalid("planning.twice", field=name, id=row)
    shared = Counter(locations(instance))
    for location, count in shared.items():
        if count > 1:
            raise Invalid("planning.twice", field="jobs", id=location)


def _technician(one: Technician) -> None:
    field = f"technicians.{one.id}"
    if one.shift[0] > one.shift[1]:
        raise Invalid("planning.no_shift", field=f"{field}.shift")
    if one.lunch is not None and one.lunch.earliest > one.lunch.latest:
        raise Invalid("planning.lunch", field=f"{field}.lunch", technician=one.id)


def _windows(job: Job) -> None:
    if not job.windows:
        raise Invalid("planning.no_window", field=f"jobs.{job.id}.windows", job=job.id)
    for name, spans in (("windows", job.windows), ("access", job.access or ())):
        for begins, ends in spans:
            if begins > ends:
                raise Invalid("planning.window", field=f"jobs.{job.id}.{name}", job=job.id, begins=begins, ends=ends)


def _names(job: Job, known: set[str], team: set[str]) -> None:
    """People and jobs that a job speaks of. Who is not in today may stay among the preferred and the excluded."""
    if job.technician is not None and job.technician not in team:
        raise Invalid("planning.unknown", field=f"jobs.{job.id}.technician", id=job.technician)
    for other in job.after:
        if other.job not in known:
            raise Invalid("planning.unknown", field=f"jobs.{job.id}.after", id=other.job)


def _circles(instance: Instance) -> None:
    """No job waits for itself, by whatever way round."""
    waits = {job.id: {other.job for other in job.after} for job in instance.jobs}
    while True:
        ready = {job for job, others in waits.items() if not others}
        if not ready:
            break
        waits = {job: others - ready for job, others in waits.items() if job not in ready}
    for job in waits:
        raise Invalid("planning.circle", field=f"jobs.{job}.after", job=job)


def _matrix(instance: Instance, matrix: Matrix) -> None:
    size = len(matrix.seconds)
    for name, rows in (("seconds", matrix.seconds), ("metres", matrix.metres)):
        if len(rows) != size or any(len(row) != size for row in rows):
            raise Invalid("planning.matrix", field=f"travel.{name}", size=size)
    for location in locations(instance):
        try:
            row = row_of(matrix, location)
        except KeyError:
            raise Invalid("planning.unknown", field="travel.index", id=location) from None
        if row >= size:
            raise Invalid("planning.matrix", field="travel.index", size=size)


def _pins(instance: Instance) -> None:
    if instance.replan is None:
        return
    jobs = {job.id: job for job in instance.jobs}
    team = {one.id: one for one in instance.technicians}
    for pin in instance.replan.pinned:
        for known, name in ((jobs, pin.job), (team, pin.technician)):
            if name not in known:
                raise Invalid("planning.unknown", field="replan.pinned", id=name)
        if not may_do(instance, team[pin.technician], jobs[pin.job]):
            raise Invalid("planning.pin_unable", field="replan.pinned", job=pin.job, technician=pin.technician)
    for name, count in Counter(pin.technician for pin in instance.replan.pinned).items():
        if count > 1:
            raise Invalid("planning.twice", field="replan.pinned", id=name)
    for name, count in Counter(pin.job for pin in instance.replan.pinned).items():
        if count > jobs[name].crew:
            raise Invalid("planning.twice", field="replan.pinned", id=name)
