"""What the instruments that read lines of numbers share: where a fault is, said in one line."""

import sys
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from typing import TypeVar

import click

from order_core.errors import Refusal

T = TypeVar("T")


class BadInput(click.ClickException):
    """Something in what was asked or given is wrong: one line, exit status 2."""

    exit_code = 2


def stdin_lines() -> Iterator[tuple[int, str]]:
    """Lines of the standard input with their numbers, without empty ones.

    Raises:
        BadInput: there is no line at all.
    """
    return numbered(TextIOWrapper(sys.stdin.buffer, "utf-8", errors="replace"), "the standard input is empty")


def numbered(lines: Iterable[str], otherwise: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without empty ones; where none is left, ``otherwise`` is the fault."""
    empty = True
    for number, line in enumerate(lines, 1):
        if line.strip():
            empty = False
            yield number, line.strip()
    if empty:
        raise BadInput(otherwise)


def parsed(text: str, place: str, number: Callable[[str], T]) -> list[T]:
    """What stands between the commas, each made a number.

    Raises:
        BadInput: ``place`` and the first that is none.
    """
    found = []
    for field in text.split(","):
        try:
            found.append(number(field.strip()))
        except (ValueError, ZeroDivisionError):
            raise BadInput(f"{place}: {field.strip()[:40]!r} is not a number") from None
    return found


def said(refusal: Refusal) -> str:
    """A refusal as a sentence, for somebody at a terminal."""
    from helpdesk.i18n import translate

    return translate("en", f"error.{refusal.code}", **refusal.params)
