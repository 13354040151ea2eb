"""``helpdesk lab lots``: demands in, lots of least cost out."""

import json
from fractions import Fraction

import click

from helpdesk.commands.lab.lines import BadInput, parsed, said, stdin_lines
from order_core.errors import Refusal


@click.command()
@click.option("--setup", required=True, help="Cost of making a lot at all; or one for each period, between commas.")
@click.option("--hold", required=True, help="Cost of keeping one unit for one period.")
def lots(setup: str, hold: str) -> None:
    """Read one row of demands a line, between commas, and write {"lots": […], "cost": …} for each."""
    from order_core.planner.lots import lot_sizes

    setups, holds = parsed(setup, "--setup", Fraction), parsed(hold, "--hold", Fraction)
    if len(holds) > 1:
        raise BadInput("--hold: one number, please")
    for number, line in stdin_lines():
        demand = parsed(line, f"line {number}", Fraction)
        try:
            plan = lot_sizes(demand, setup=setups if len(setups) > 1 else setups[0], hold=holds[0])
        except Refusal as refusal:
            raise BadInput(f"line {number}: {refusal.field}: {said(refusal)}") from None
        click.echo(json.dumps({"lots": [_plain(lot) for lot in plan.lots], "cost": _plain(plan.cost)}))


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
