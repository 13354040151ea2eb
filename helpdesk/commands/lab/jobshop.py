"""``helpdesk lab jobshop``: a shop in the usual text format in, a plan out."""

import json
import re
from pathlib import Path

import click

from helpdesk.commands.lab.lines import BadInput, numbered, said
from order_core.errors import Refusal

WHOLE = re.compile(r"[+-]?\d{1,18}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seconds", default=10.0, show_default=True, help="How long to look for a better plan.")
def jobshop(file: Path, seconds: float) -> None:
    """Read FILE and write {"makespan": …, "starts": [[…]]}.

    First line: number of jobs, number of machines. Then one line a job: machine (from 0) and duration of each
    operation, in the order of the work. Lines that begin with # are comments.
    """
    from order_core.planner.schedule import Operation, schedule

    text = file.read_text("utf-8", errors="replace")
    jobs = [[Operation(*pair) for pair in row] for row in _rows(text)]
    try:
        plan = schedule(jobs, seconds=seconds)
    except Refusal as refusal:
        raise BadInput(said(refusal)) from None
    click.echo(json.dumps({"makespan": plan.makespan, "starts": plan.starts}))


def _rows(text: str) -> list[list[tuple[int, int]]]:
    """Machine and duration, pair by pair, of each job, as the first line announces them."""
    told = (line if not line.startswith("#") else "" for line in text.splitlines())
    (number, head), *rows = numbered(told, "the file is empty")
    size = _integers(number, head)
    if len(size) != 2 or min(size) < 1:
        raise BadInput(f"line {number}: the number of jobs and the number of machines, please")
    jobs, machines = size
    if len(rows) != jobs:
        raise BadInput(f"{jobs} jobs are announced, {len(rows)} are there")
    return [_row(number, line, machines) for number, line in rows]


def _row(number: int, line: str, machines: int) -> list[tuple[int, int]]:
    values = _integers(number, line)
    if len(values) != 2 * machines:
        raise BadInput(f"line {number}: {machines} pairs of machine and duration, please, not {len(values)} numbers")
    pairs = list(zip(values[::2], values[1::2], strict=True))
    for machine, duration in pairs:
        if not 0 <= machine < machines:
            raise BadInput(f"line {number}: there is no machine {machine}; they are 0 to {machines - 1}")
        if duration < 0:
            raise BadInput(f"line {number}: a duration of {duration}")
    return pairs


def _integers(number: int, line: str) -> list[int]:
    odd = next((word for word in line.split() if not WHOLE.fullmatch(word)), None)
    if odd is not None:
        raise BadInput(f"line {number}: {odd[:40]!r} is no whole number")
    return [int(word) for word in line.split()]
