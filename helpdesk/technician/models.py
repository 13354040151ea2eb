"""What devices have sent: each action once, with device and server time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base


class DeviceAction(Base):
    """One action of a technician's device. Its id is the device's own (UUID): a repeated one is answered, not done.

    ``outcome``: done, conflict (somebody must look) or refused (a rule forbids it; ``code`` says which). What was
    not done keeps its ``data``, so that nothing the technician wrote down is lost with his device.
    """

    __tablename__ = "device_action"
    __table_args__ = (Index("ix_device_action_visit", "visit_number"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    visit_number: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(16))
    seq: Mapped[int]
    device_at: Mapped[datetime]
    received_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(12))
    code: Mapped[str | None] = mapped_column(String(64), default=None)
    params: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    data: Mapped[dict[str, Any] | None] = mapped_column(default=None)
