"""``helpdesk doctor``: an examination of everything, one line a fault."""

import sys
from datetime import datetime

import click
from sqlalchemy.orm import Session

from helpdesk import doctor as examination
from helpdesk.commands import in_app
from helpdesk.config import load_settings
from helpdesk.now import wall
from order_core.kernel import outbox


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended safely: stuck and dead work.")
@click.option("--release-held", is_flag=True, help="Let work go that a restore has held back.")
@click.option("--offline", is_flag=True, help="Leave out what only a running product has.")
def doctor(repair: bool, release_held: bool, offline: bool) -> None:
    """Examine configuration, database, Redis, work waiting, stock and journals. Status 1 on a fault."""
    settings = load_settings()
    faults = 0

    def examine(session: Session, at: datetime) -> None:
        nonlocal faults
        for finding in examination.examine(session, settings, at=at, wall=wall()):
            if offline and finding.area in {"redis", "processes"}:
                continue
            faults += len(finding.faults)
            found = f"{len(finding.faults)} faults" if finding.faults else "ok"
            click.echo(f"{finding.area:<14} {found}")
            for fault in finding.faults:
                click.echo(f"  - {fault}")
            if finding.faults and finding.hint:
                click.echo(f"  → {finding.hint}")

    if release_held:
        released = in_app(lambda session, _at: outbox.release_held(session))
        click.echo(f"released: {released} held rows; what may have been sent is looked for first")
        if released:
            examination.wake_all(settings)
    if repair:
        revived = in_app(lambda session, at: examination.revive(session, at=at))
        examination.wake_all(settings)
        click.echo(f"repaired: {revived} dead rows have new attempts, workers are woken")
    in_app(examine, write=False)
    sys.exit(1 if faults else 0)
