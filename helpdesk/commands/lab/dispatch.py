"""``helpdesk lab dispatch``: a day's technicians and jobs in, a plan out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from helpdesk.commands.lab.lines import BadInput, said
from order_core.errors import Refusal

if TYPE_CHECKING:
    from helpdesk.dispatch.planning.model import Instance
    from helpdesk.dispatch.planning.plan import Plan

EVERY_SECONDS = 1.0
"""Distance of the lines that say how far it has come."""
NAMED = 10
"""So many of the jobs that nobody can do are named."""
FINISH_SECONDS = 0.03
"""What checking and writing a plan takes, kept free of the search."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seconds", default=10.0, show_default=True, help="How long to look for a better plan.")
@click.option("--replan", type=click.Path(path_type=Path), help="The plan that customers were told, to keep close to.")
@click.option("--seed", type=int, help="Begins the search; else the one in FILE.")
@click.option("--iterations", type=click.IntRange(min=0), help="Stop after so many rounds: the same plan every time.")
def dispatch(file: Path, seconds: float, replan: Path | None, seed: int | None, iterations: int | None) -> None:
    """Read FILE (dispatch-instance/1) and write a plan (dispatch-plan/1), both JSON.

    Jobs that nobody can do are left out of the plan and named on the standard error.
    """
    since = monotonic()
    from helpdesk.dispatch.planning.engine import plan_day
    from helpdesk.dispatch.planning.limits import Limit
    from helpdesk.dispatch.planning.plan import written
    from helpdesk.dispatch.planning.reading import read_instance, read_plan
    from helpdesk.dispatch.planning.replan import Replanning

    if not 0 <= seconds < math.inf:
        raise BadInput("--seconds: a number of seconds, please, zero or more")
    if iterations is not None and click.get_current_context().get_parameter_source("seconds") is _DEFAULT:
        limit = Limit(iterations=iterations)
    else:
        limit = Limit(max(0.0, seconds - FINISH_SECONDS - (monotonic() - since)), iterations)
    try:
        instance = read_instance(_bytes(file), leave=True)
        old = None if replan is None else read_plan(_bytes(replan))
        _warn(instance)
        if old is None:
            plan = plan_day(instance, limit, seed=seed, progress=_progress())
        else:
            plan = Replanning(instance, old, seed=seed, limit=limit).better(progress=_progress())
    except Refusal as refusal:
        raise BadInput(f"{refusal.field}: {said(refusal)}" if refusal.field else said(refusal)) from None
    _report(instance, plan)
    click.echo(written(plan))


_DEFAULT = click.core.ParameterSource.DEFAULT


def _bytes(file: Path) -> bytes:
    """A file's content. Raises ``BadInput``."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror or error}") from None


def _warn(instance: Instance) -> None:
    """Jobs that no plan can serve, and why."""
    from helpdesk.dispatch.planning.sound import unservable

    faults = list(unservable(instance))
    for fault in faults[:NAMED]:
        click.echo(f"left out: {said(fault)}", err=True)
    if len(faults) > NAMED:
        click.echo(f"left out: {len(faults) - NAMED} more that nobody can do", err=True)


def _progress() -> Callable[[float, float], None]:
    """Says how far the search has come, now and then."""
    last = monotonic()

    def progress(done: float, cost: float) -> None:
        nonlocal last
        if monotonic() - last >= EVERY_SECONDS:
            last = monotonic()
            click.echo(f"{done:4.0%}  cost {cost:.2f}", err=True)

    return progress


def _report(instance: Instance, plan: Plan) -> None:
    click.echo(
        f"objective {plan.objective:.2f}, {len(instance.jobs) - len(plan.unserved)} of {len(instance.jobs)} jobs, "
        f"{len(plan.routes)} of {len(instance.technicians)} technicians, {plan.iterations} iterations",
        err=True,
    )
