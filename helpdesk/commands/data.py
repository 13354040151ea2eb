"""The schema and the demo company."""

import time

import click

from helpdesk import schema
from helpdesk.commands import in_app, log_to_stderr
from helpdesk.config import load_settings
from helpdesk.database import in_transaction
from helpdesk.now import now
from helpdesk.search import index
from order_core.parties.service import ensure_departments


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest revision; makes an empty one."""
    settings = load_settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema.upgrade(settings.database_url)
    in_app(lambda session, _at: (ensure_departments(session), index.fill_if_empty(session)))
    click.echo(f"database is at {schema.head()}")


@db.command()
def current() -> None:
    """Say which revision the database is at; status 1 when it is not the newest."""
    found, newest = schema.current(load_settings().database_url), schema.head()
    click.echo(f"{found or 'none'}{' (newest)' if found == newest else f', newest is {newest}'}")
    if found != newest:
        raise SystemExit(1)


@click.command()
@click.option("--tickets", type=click.IntRange(1), help="Two years of tickets besides, until there are so many.")
def demo(tickets: int | None) -> None:
    """Load or refresh the demo company. Running it twice changes nothing."""
    from helpdesk import demo as company

    log_to_stderr()
    in_app(lambda session, at: company.load(session, at=at))
    click.echo("the demo company is loaded; every login has the password `demo`")
    if tickets:
        _add_tickets(tickets)


def _add_tickets(upto: int) -> None:
    """In transactions of a chunk each: interrupted, it goes on where it stopped."""
    from helpdesk.app import create_app
    from helpdesk.demo import tickets as bulk
    from helpdesk.extensions import db

    started = time.monotonic()

    def say(there: int) -> None:
        spent = time.monotonic() - started
        click.echo(f"\r{there:,} of {upto:,} tickets, {spent:,.0f} s", nl=there >= upto)

    with create_app().app_context():
        session = db.session()
        new = bulk.load(lambda work: in_transaction(session, lambda: work(session)), upto, at=now(session), say=say)
    click.echo(f"{new:,} tickets are new")
