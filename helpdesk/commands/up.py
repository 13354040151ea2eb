"""``helpdesk up``: everything on one machine, kept running."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime

import click
import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import embedded, schema
from helpdesk.child import Child
from helpdesk.commands import in_app
from helpdesk.config import ConfigError, Settings, load_settings
from helpdesk.search import index
from helpdesk.supervisor import Supervisor
from helpdesk.wakeup import QUEUES, request_redis
from order_core.parties.service import ensure_departments

READY_SECONDS = 2.0
DEMO_LOGINS = (
    ("mei@demo.test", "agent"),
    ("jun@demo.test", "dispatcher"),
    ("wei@demo.test", "technician"),
    ("hua@demo.test", "head of after-sales"),
    ("admin@demo.test", "administrator"),
)


@click.command()
def up() -> None:
    """Start everything and keep it running: database, Redis, web, workers, scheduler. Ctrl-C stops it all."""
    settings = load_settings()
    prepare(settings)
    sys.exit(Supervisor(children(settings), announce=announcement(settings)).run())


def prepare(settings: Settings) -> None:
    """Check what can be checked beforehand, migrate, and load the demo company where nobody is yet."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _ = settings.secret_key
    if settings.is_embedded_redis:
        embedded.server_binary(settings.redis_server_bin)
    else:
        _check_redis(settings.redis_url)
    schema.upgrade(settings.database_url)
    in_app(lambda session, _at: (ensure_departments(session), index.fill_if_empty(session)))
    if settings.demo:
        in_app(_load_demo)


def children(settings: Settings) -> list[Child]:
    """The processes: web, one worker a queue, scheduler, and Redis under them when it is ours."""
    found = [Child("web", _helpdesk("serve"))]
    found += [Child(f"worker-{queue}", _helpdesk("worker", "--queue", queue)) for queue in QUEUES]
    found.append(Child("scheduler", _helpdesk("scheduler")))
    if settings.is_embedded_redis:
        server = embedded.command(settings.data_dir, settings.redis_server_bin)
        found.insert(0, Child("redis", server, ready=lambda: embedded.ready(settings.data_dir)))
    return found


def announcement(settings: Settings) -> Callable[[], bool]:
    """A function that says where to go once everything answers, and until then false."""

    def announce() -> bool:
        if not is_ready(local_address(settings)):
            return False
        click.echo(f"\nOrderCare is ready: {settings.public_url}\n")
        if settings.demo:
            for email, role in DEMO_LOGINS:
                click.echo(f"  {email:<18} {role}")
            click.echo(f"  password: demo      telephone: {settings.public_url}/simulator\n")
        sys.stdout.flush()
        return True

    return announce


def local_address(settings: Settings) -> str:
    """Where this machine reaches its own web server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def is_ready(address: str) -> bool:
    """Whether ``/readyz`` says that everything is there."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=READY_SECONDS) as answer:  # noqa: S310
            return bool(json.load(answer)["ready"])
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _helpdesk(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "helpdesk.cli", *arguments]


def _check_redis(url: str) -> None:
    try:
        fault = embedded.eviction_fault(request_redis(url))
    except (redis.RedisError, OSError) as error:
        click.echo(f"helpdesk: Redis does not answer yet ({error}); work waits in the database", err=True)
        return
    if fault:
        raise ConfigError("REDIS_URL", fault)


def _load_demo(session: Session, at: datetime) -> None:
    from helpdesk import demo
    from order_core.parties.models import Person

    if session.scalar(select(Person.id).limit(1)) is None:
        demo.load(session, at=at)
        click.echo("the demo company is loaded")
