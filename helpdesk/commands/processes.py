"""One process each: what ``helpdesk up`` starts, and what real deployments start themselves."""

from importlib import import_module

import click

from helpdesk.commands import log_to_stderr
from helpdesk.config import load_settings
from helpdesk.wakeup import QUEUES


@click.command()
def serve() -> None:
    """Serve the web until stopped (HOST, PORT)."""
    from helpdesk import serve as server

    log_to_stderr()
    server.serve(load_settings())


@click.command()
@click.option("--queue", required=True, type=click.Choice(QUEUES), help="The one queue to work off.")
def worker(queue: str) -> None:
    """Work off one queue until stopped. Start as many as you like, on any machine."""
    log_to_stderr()
    load_settings()
    import_module("workers.worker").run(queue)  # by name: the helpdesk does not import the workers


@click.command()
def scheduler() -> None:
    """Watch the time: wake workers, fire deadlines, ask for periodic work. Several may run; one leads."""
    log_to_stderr()
    load_settings()
    import_module("workers.scheduler").run()
