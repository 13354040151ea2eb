"""What every process here needs: the app made once, and one transaction round one piece of work."""

import os
import socket
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from sqlalchemy.orm import Session

from helpdesk import schema
from helpdesk.app import OrderCare, create_app
from helpdesk.channels import addresses
from helpdesk.channels.gateway import Gateway
from helpdesk.database import in_transaction
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.wakeup import TOPICS
from order_core.kernel.outbox import PUBLISHED

T = TypeVar("T")


@lru_cache(maxsize=1)
def app() -> OrderCare:
    """The app of this process; a forking worker makes it in the parent, so that its children need not."""
    made = create_app()
    schema.import_models()
    os.register_at_fork(after_in_child=forget_connections)
    return made


@lru_cache(maxsize=1)
def gateway() -> Gateway:
    """The way to the provider, or the console's."""
    return addresses.gateway(app().settings)


def forget_connections() -> None:
    """Leave the parent's database connections to the parent."""
    with app().app_context():
        db.engine.dispose(close=False)


def process_name(role: str) -> str:
    """Who claims: role, host and process, for logs and the outbox."""
    return f"{role} {socket.gethostname()[:40]}:{os.getpid()}"


def transaction(work: Callable[[Session, datetime], T], *, write: bool = True, draining: str | None = None) -> T:
    """Run ``work(session, business time)`` in one transaction with a session of its own.

    The session is closed afterwards: a process that lives for weeks must not see yesterday's rows.

    Args:
        draining: the queue that this process is draining; it needs no wake-up for its own rows.
    """

    def body() -> T:
        session = db.session()
        result = work(session, now(session))
        if draining:
            published = session.info.get(PUBLISHED, [])
            session.info[PUBLISHED] = [row for row in published if TOPICS[row[1]].queue != draining]
        return result

    try:
        return in_transaction(db.session(), body, write=write)
    finally:
        db.session.remove()
