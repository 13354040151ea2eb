"""How long a search may take, and how it goes about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Limit:
    """When to stop: by the clock, by iterations, or by whichever comes first."""

    seconds: float | None = None
    iterations: int | None = None
    clock: Callable[[], float] = monotonic

    def done(self, since: float, iterations: int) -> float:
        """The fraction that is used up since the clock said ``since``; 1 or more: stop."""
        done = self.spent(since)
        if self.iterations is None:
            return done
        return max(done, iterations / self.iterations if self.iterations > 0 else 1.0)

    def spent(self, since: float) -> float:
        """The fraction of the time, where that is limited."""
        if self.seconds is None:
            return 0.0
        return (self.clock() - since) / self.seconds if self.seconds > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the search goes about it. The figures were found on made-up days: docs/dispatch.md."""

    hot: float = 60.0
    """Temperature at the beginning, in minutes of driving."""
    cold: float = 4.0
    least: int = 2
    """Jobs taken out: at least, beyond that on average, at most."""
    more: float = 2.0
    most: int = 20
    string: int = 7
    """The longest string taken out of one route."""
    pass_over: float = 0.1
    """How often a route near by is left alone."""
    fitting: float = 0.8
    """How often only routes are touched whose technician could do the job it all began with."""
    begin_absent: float = 0.1
    """How often that job is one of the unserved."""
    stray: float = 0.02
    """How often an unserved job from elsewhere is tried again."""
    near: int = 40
    """A job is put where one of so many neighbours is served…"""
    far: float = 0.1
    """…save for so many in a hundred, for which every technician is asked."""
    blink: float = 0.02
    """How often a technician is overlooked."""


TUNING = Tuning()
