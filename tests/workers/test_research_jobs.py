"""Rounds and forecasts as the workers keep them going."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.now import wall
from order_core.acquisition.research.models import Forecast
from order_core.rounds.models import Round
from tests.workers.conftest import Publish, again
from workers import executor, schedule


@pytest.mark.clause("2.1.1-a")
def test_the_first_round_opens_by_itself(session: Session, publish: Publish, company: Any) -> None:
    row = publish("rounds.keep_going")
    executor.drain("plan")
    assert again(session, row).state == "done"
    states = [turn.state for turn in session.scalars(select(Round).where(Round.kind == "research"))]
    assert states.count("open") == 1


@pytest.mark.clause("2.1.2-b")
def test_a_forecast_is_computed_when_history_was_typed(session: Session, publish: Publish, company: Any) -> None:
    before = session.scalars(select(Forecast)).all()
    row = publish("forecast.compute")
    executor.drain("heavy")
    assert again(session, row).state == "done"
    assert len(session.scalars(select(Forecast)).all()) == len(before) == 4


def test_both_are_asked_for_in_time(session: Session) -> None:
    entries = {entry.topic: entry.every for entry in schedule.ENTRIES}
    assert entries["rounds.keep_going"] <= timedelta(hours=1)
    assert entries["forecast.compute"] <= timedelta(days=1)
    asked = schedule.ask_for_due(session, wall())
    assert {"rounds", "forecasts"} <= set(asked)
