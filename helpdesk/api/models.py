"""Answers already given to requests with an Idempotency-Key."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base


class IdempotentAnswer(Base):
    """The answer to a POST, kept in its transaction: the same key gets it again and nothing is done twice."""

    __tablename__ = "idempotent_answer"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]
