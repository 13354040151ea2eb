"""The commands behind ``helpdesk``, and what several of them need."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import click
from sqlalchemy.orm import Session

from helpdesk import schema
from helpdesk.config import load_settings
from helpdesk.database import in_transaction
from helpdesk.now import now

T = TypeVar("T")


def log_to_stderr(level: int = logging.INFO) -> None:
    """One line an event, with process and level. Twilio's client would log every number it is given."""
    logging.getLogger("twilio").setLevel(logging.WARNING)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s", force=True)


def in_app(work: Callable[[Session, datetime], T], *, write: bool = True) -> T:
    """Run ``work(session, business time)`` in one transaction of the configured database.

    Raises:
        click.ClickException: the database has no schema yet, or an old one.
    """
    from helpdesk.app import create_app
    from helpdesk.extensions import db

    settings = load_settings()
    current = schema.current(settings.database_url)
    if current != schema.head():
        raise click.ClickException(f"the database is at {current or 'nothing'}: run `helpdesk db upgrade`")
    app = create_app(settings)
    schema.import_models()
    with app.app_context():
        session = db.session()
        return in_transaction(session, lambda: work(session, now(session)), write=write)
