"""A round of recurring work."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base
from order_core.kernel.case import CaseMixin


class Round(CaseMixin, Base):
    """One period's turn of a recurring duty.

    Attributes:
        kind: research, maintenance, bulletin, stock_count, risk_register, …; subject: whose turn, where a kind has
            several (a machine, a location), else "".
        department: whose duty it is; owner_id: the person who does it, if one is named.
        every, period: day | week | month | quarter | year, and the period's key (``2026-11``).
        opens_at, closes_at: it is opened from the first moment on and missed after the second.
        outcome: what was found, by kind.
    """

    __tablename__ = "round"
    __case_kind__ = "Round"
    __table_args__ = (UniqueConstraint("kind", "subject", "period"), Index("ix_round_state_opens", "state", "opens_at"))

    kind: Mapped[str] = mapped_column(String(24))
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    every: Mapped[str] = mapped_column(String(8))
    period: Mapped[str] = mapped_column(String(12))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    clause: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(40), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    outcome: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
