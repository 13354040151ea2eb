"""The embedded web server: waitress, set up to stay awake under many slow connections.

gunicorn died with 40 slow connections (sync and gthread alike); waitress reads requests in one event loop and
gives a thread only to complete ones. In front of the internet put a real proxy all the same (deploy/).
"""

import logging
import resource
import signal
from types import FrameType

import waitress

from helpdesk import schema, wakeup
from helpdesk.app import OrderCare, create_app
from helpdesk.config import Settings

THREADS = 16
"""Requests worked on at once; live streams take one each (capped by their view)."""
CONNECTIONS = 4000
"""Open connections before new ones have to wait."""
SILENT_SECONDS = 30
"""An idle or stalled connection is closed after this long."""


def serve(settings: Settings) -> None:
    """Serve the app on HOST and PORT until SIGTERM or SIGINT."""
    app = create_app(settings)
    schema.import_models()
    wakeup.from_a_thread()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _stop)
    listen(app, settings)


def listen(app: OrderCare, settings: Settings) -> None:
    """Run waitress in this thread."""
    waitress.serve(
        app,
        host=settings.host,
        port=settings.port,
        threads=THREADS,
        connection_limit=min(CONNECTIONS, _open_files() - 100),
        channel_timeout=SILENT_SECONDS,
        cleanup_interval=10,
        asyncore_use_poll=True,  # select() knows no file number above 1023
        max_request_body_size=17 * 1024 * 1024,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )


def _open_files() -> int:
    """Raise this process's limit of open files to what it may have, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 200
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _stop(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
