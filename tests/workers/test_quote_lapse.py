"""The scheduled job that lets offers expire: all that are due, each once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from order_core.acquisition.days import end_of
from order_core.kernel.case import history
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House
from tests.order_core.conftest import house as house
from workers.jobs import quote_lapse
from workers.schedule import ENTRIES


@pytest.mark.clause("2.3.1-b")
def test_an_offer_that_is_over_expires_at_the_next_run_and_not_again(
    session: Session, house: House, at: datetime
) -> None:
    quote = deals.sent(session, house, at)
    over = end_of(quote.valid_until)
    for moment in (at, over - timedelta(minutes=1), over, over + timedelta(hours=1)):
        quote_lapse.run(session, {}, moment)
    assert quote.state == "expired"
    assert [entry.step for entry in history(session, quote)].count("lapse") == 1


def test_it_is_asked_for_every_hour() -> None:
    (entry,) = [entry for entry in ENTRIES if entry.topic == "quote.lapse"]
    assert entry.every == timedelta(hours=1)
