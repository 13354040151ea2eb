"""Tiny topics of the tests' own, worked off by the real executor on the test's database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.wakeup import Topic
from order_core.kernel import outbox
from order_core.kernel.outbox import OutboxRow
from workers import executor, runtime

Publish = Callable[..., OutboxRow]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def again(session: Session, row: OutboxRow) -> OutboxRow:
    session.expire_all()
    return session.get_one(OutboxRow, row.id)


def make_due(session: Session, row: OutboxRow) -> None:
    """Let the row's pause or lease be over."""
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(due_at=LONG_AGO))
    session.execute(
        update(OutboxRow).where(OutboxRow.id == row.id, OutboxRow.lease_until.is_not(None)).values(lease_until=LONG_AGO)
    )
    session.commit()


class Jobs:
    """Makes modules under ``workers.jobs`` for as long as a test lasts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def _module(self, topic: str, external: bool, **functions: Any) -> None:
        module = ModuleType(f"workers.jobs.test_{topic}")
        module.__dict__.update(functions)
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        self._monkeypatch.setitem(wakeup.TOPICS, topic, Topic("fast", module.__name__, external))

    def local(self, topic: str, run: Callable[[Session, dict[str, Any], datetime], None]) -> None:
        """A local topic whose job is ``run``."""
        self._module(topic, external=False, run=run)

    def external(self, topic: str, provider: Provider) -> None:
        """An external topic whose job asks ``provider``."""
        self._module(
            topic,
            external=True,
            prepare=provider.prepare,
            perform=provider.perform,
            settle=provider.settle,
        )


class Provider:
    """An external job that remembers. ``answers``: what each call returns or raises, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[int, bool]] = []
        self.settled: list[Any] = []
        self.prepared = 0

    def prepare(self, _session: Session, payload: dict[str, Any], _at: datetime, again: bool) -> Any:
        self.prepared += 1
        return None if payload.get("nothing") else (payload["id"], again)

    def perform(self, _gateway: Any, request: tuple[int, bool]) -> Any:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def settle(self, _session: Session, _payload: dict[str, Any], outcome: Any, _at: datetime) -> None:
        self.settled.append(outcome)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """A maker of topics."""
    return Jobs(monkeypatch)


@pytest.fixture
def working(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app as the worker's own; no Redis is asked; nobody died before."""
    monkeypatch.setattr(runtime, "app", lambda: app)
    monkeypatch.setattr(runtime, "gateway", lambda: None)
    monkeypatch.setattr(wakeup, "nudge", lambda _url, _queues: None)
    monkeypatch.setattr(executor, "_care", executor._Care(needed=False))
    return app


@pytest.fixture
def publish(session: Session, working: Any) -> Publish:
    """Publish a row that is due, and commit it."""

    def ask(topic: str, due: datetime | None = None, **payload: Any) -> OutboxRow:
        moment = runtime.transaction(lambda _session, at: at, write=False)
        row_id = outbox.publish(session, topic, payload, at=moment, due=due or moment)
        session.commit()
        return session.get_one(OutboxRow, row_id)

    return ask
