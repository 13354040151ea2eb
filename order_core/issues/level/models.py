"""What a customer has bought in service: targets by urgency, which pauses count, whose hours."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id


class ServiceContract(Base):
    """A paid promise of service.

    Attributes:
        targets: urgency → ``{"response": minutes, "solution": minutes}``, either may be missing (the house's own
            deadline holds then); ``"elapsed": true`` runs day and night.
        pauses: which waiting stops the solution clock: customer, part, later.
        automatic_counts: whether what a machine says counts as the first response.
        hours: ``{"zone", "country", "week": {"0": [["09:00", "18:00"]]}}``, or None for the house's calendar.
    """

    __tablename__ = "service_contract"

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    targets: Mapped[dict[str, Any]]
    pauses: Mapped[list[str]]
    automatic_counts: Mapped[bool] = mapped_column(default=False)
    hours: Mapped[dict[str, Any] | None] = mapped_column(default=None)
