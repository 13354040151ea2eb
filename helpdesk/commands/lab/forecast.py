"""``helpdesk lab forecast``: series in, forecasts out."""

import click

from helpdesk.commands.lab.lines import BadInput, parsed, said, stdin_lines
from order_core.errors import Refusal


@click.command()
@click.option("--horizon", required=True, type=int, help="Periods ahead.")
@click.option("--season", default=1, show_default=True, help="Periods in a season: 12 for months, 4 for quarters.")
def forecast(horizon: int, season: int) -> None:
    """Read one series a line, values between commas, and write as many forecasts a line.

    Nothing between two commas is a period that is not known.
    """
    from order_core.planner import forecast as planner

    for number, line in stdin_lines():
        series = parsed(line, f"line {number}", _known)
        try:
            found = planner.forecast(series, horizon=horizon, season=season)
        except Refusal as refusal:
            raise BadInput(f"line {number}: {said(refusal)}") from None
        click.echo(",".join(f"{value:.10g}" for value in found.values))


def _known(field: str) -> float | None:
    return float(field) if field else None
