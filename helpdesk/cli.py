"""The ``helpdesk`` command. Each subcommand is loaded when it is asked for, so that ``--help`` is quick.

Errors are one line on stderr: status 2 for what was asked or configured wrongly, 1 for what went wrong.
"""

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.config import ConfigError
from helpdesk.late import LateCommands
from order_core.errors import Refusal

COMMANDS = {
    "up": ("helpdesk.commands.up:up", "Start everything and keep it running."),
    "serve": ("helpdesk.commands.processes:serve", "Serve the web."),
    "worker": ("helpdesk.commands.processes:worker", "Work off one queue."),
    "scheduler": ("helpdesk.commands.processes:scheduler", "Watch the time."),
    "db": ("helpdesk.commands.data:db", "The database's schema: upgrade, current."),
    "demo": ("helpdesk.commands.data:demo", "Load or refresh the demo company."),
    "doctor": ("helpdesk.commands.doctor:doctor", "Examine everything; --repair mends what is safe."),
    "backup": ("helpdesk.commands.backup:backup", "Write all data into one file."),
    "restore": ("helpdesk.commands.backup:restore", "Load a backup into an empty database."),
    "verify-backup": ("helpdesk.commands.backup:verify_backup", "Try a backup in a scratch database."),
    "story": ("helpdesk.commands.story:story", "Play the main story against a running server."),
    "lab": ("helpdesk.commands.lab:lab", "The engines on anybody's data, without a database."),
    "user": ("helpdesk.commands.accounts:user", "People who sign in: add."),
    "token": ("helpdesk.commands.accounts:token", "API tokens: add."),
}
"""Name → module:command, one line for the list. A command of one's own is one more line."""


@click.group(cls=LateCommands, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ordercare", message="OrderCare %(version)s")
def helpdesk() -> None:
    """OrderCare: the orders and the after-sales service of a manufacturer.

    Start with `helpdesk up`. Settings come from the environment; see docs/settings.md.
    """


def main() -> None:
    """The entry point: every expected error is one clear line."""
    try:
        helpdesk(prog_name="helpdesk")
    except ConfigError as error:
        _leave(2, f"setting {error}")
    except Refusal as error:
        _leave(1, str(error))
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        _leave(1, f"database: {str(cause).strip().splitlines()[0]}")
    except OSError as error:
        _leave(1, str(error))


def _leave(status: int, line: str) -> None:
    click.echo(f"helpdesk: {line}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
