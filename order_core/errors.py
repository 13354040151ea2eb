"""Coded refusals: what a person may be told, without a sentence in any language.

A refusal names its rule by ``code`` (catalogue key ``error.<code>``), the ``field`` it concerns and the
``clause`` of the regulation behind it; ``params`` fill the sentence in the reader's language.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Something a person asked for that a rule forbids. Never a programming error.

    ``status`` is the HTTP status a door answers with; the library itself knows no HTTP beyond this number.
    """

    status = 400

    def __init__(self, code: str, *, field: str | None = None, clause: str | None = None, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.clause = clause
        self.params = params

    def __str__(self) -> str:
        parts = [self.code]
        if self.field:
            parts.append(f"field={self.field}")
        if self.clause:
            parts.append(f"clause={self.clause}")
        parts.extend(f"{name}={value}" for name, value in self.params.items())
        return " ".join(parts)


class Invalid(Refusal):
    """A value breaks a rule of its field."""

    status = 400


class Forbidden(Refusal):
    """The actor may not do this (guard, or not an actor of the step)."""

    status = 403


class NotFound(Refusal):
    """No such record, or none this actor may know of: the answer is the same on purpose."""

    status = 404


class Conflict(Refusal):
    """The request is sound but does not fit what has happened meanwhile."""

    status = 409


class IllegalStep(Conflict):
    """The machine declares no such step from the present state."""


class StaleVersion(Conflict):
    """The record has changed since the actor read it."""
