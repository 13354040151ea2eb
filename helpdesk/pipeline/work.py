"""What waits for a department, from every room of the pipeline, in order of its latest start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from order_core.kernel.actor import Actor


@dataclass(frozen=True)
class Work:
    """One thing to do.

    Attributes:
        kind: catalogue key ``work.<kind>``: what is to be done (sign, answer, plan, review …).
        number, href, about: the case, its page, and words that tell it from others (customer, model).
        due_at: by when; takes: how long it usually takes; whose: the person it waits for, None: the department.
    """

    kind: str
    number: str
    href: str
    about: str
    due_at: datetime | None
    takes: timedelta = timedelta(0)
    whose: int | None = None

    @property
    def latest_start(self) -> datetime | None:
        return self.due_at - self.takes if self.due_at else None


Provider = Callable[[Session, Actor, datetime], list[Work]]
PROVIDERS: list[Provider] = []


def provides(provider: Provider) -> Provider:
    """Register a room's work for an actor's department (and himself)."""
    PROVIDERS.append(provider)
    return provider


def work_list(session: Session, by: Actor, *, at: datetime) -> list[Work]:
    """Everything that waits for the actor's department or himself, the latest start first; undated last."""
    found = [work for provider in PROVIDERS for work in provider(session, by, at)]
    return sorted(found, key=lambda work: (work.latest_start is None, work.latest_start or at, work.number))
