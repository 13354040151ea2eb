"""Every model whose history has changed is forecast anew: nightly, and when somebody typed history in."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.research import forecasts


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """A night without change does nothing."""
    forecasts.recompute(session, at=at)
