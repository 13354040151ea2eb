"""``helpdesk backup``, ``restore`` and ``verify-backup``."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine, create_engine

from helpdesk import backup as backups
from helpdesk import database, schema
from helpdesk.archive import ArchiveError
from helpdesk.config import Settings, load_settings
from helpdesk.now import wall

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@FILE
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
def backup(file: Path, force: bool) -> None:
    """Write all data and attachments into FILE, as of one moment. OrderCare may go on working."""
    with _clean(), _configured() as (engine, settings):
        manifest = backups.write(engine, file, data_dir=settings.data_dir, made_at=wall(), force=force, say=click.echo)
    rows = sum(table.rows for table in manifest.tables)
    click.echo(f"{file}: {rows} rows, {file.stat().st_size} bytes. Try it: helpdesk verify-backup {file}")


@click.command()
@FILE
@click.option("--force", is_flag=True, help="Delete everything that is in the database and replace the attachments.")
@click.option("--keep-sending", is_flag=True, help="Hold no waiting work back: only when nothing ran since the backup.")
def restore(file: Path, force: bool, keep_sending: bool) -> None:
    """Load FILE into an empty database, of either kind. Stop OrderCare first.

    Messages and other work that was waiting when the backup was made may have been done since; it is held back
    until `helpdesk doctor --release-held`.
    """
    with _clean(), _configured() as (engine, settings):
        done = backups.restore(
            engine, file, data_dir=settings.data_dir, force=force, keep_sending=keep_sending, say=click.echo
        )
    click.echo(f"restored the state of {done.manifest.made_at:%F %H:%M:%S %Z}")
    if done.held:
        click.echo(
            f"{done.held} pieces of waiting work are held back, for they may have been done since the backup; "
            "helpdesk doctor --release-held lets them go"
        )


@click.command("verify-backup")
@FILE
def verify_backup(file: Path) -> None:
    """Restore FILE into a scratch database, compare everything and examine it. Status 1 on a fault."""
    with _clean():
        faults = backups.faults(file, at=wall(), say=click.echo)
    for fault in faults:
        click.echo(f"  - {fault}")
    click.echo(f"{file}: {'not good' if faults else 'ok'}")
    sys.exit(1 if faults else 0)


@contextmanager
def _configured() -> Iterator[tuple[Engine, Settings]]:
    settings = load_settings()
    current = schema.current(settings.database_url)
    if current != schema.head():
        raise click.ClickException(f"the database is at {current or 'nothing'}: run `helpdesk db upgrade`")
    engine = create_engine(settings.database_url)
    database.configure(engine)
    try:
        yield engine, settings
    finally:
        engine.dispose()


@contextmanager
def _clean() -> Iterator[None]:
    """Make errors one line, and let SIGTERM end us as Ctrl-C does: with nothing half-done left behind."""

    def leave(_signal: int, _frame: Any) -> None:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except ArchiveError as error:
        raise click.ClickException(str(error)) from error
    finally:
        signal.signal(signal.SIGTERM, before)
