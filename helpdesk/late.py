"""Groups of commands that load a command's module only when that command is wanted."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LateCommands(click.Group):
    """A group whose commands are listed by name, place and line, and imported when they are called."""

    def __init__(self, name: str, places: Mapping[str, tuple[str, str]], **attributes: Any) -> None:
        """``places``: name → (``module:command``, one line for the list)."""
        super().__init__(name, **attributes)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.places:
            return None
        module, name = self.places[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.places.items()])
