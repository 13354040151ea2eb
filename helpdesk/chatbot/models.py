"""A conversation per telephone number: whose turn it is, what was understood, the one open question."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base


class Conversation(Base):
    """One number's dialogue. At most one open question: a newer one takes the place of the older, which is
    remembered so that a late answer to it can be told so. ``owner``: bot or human (B12)."""

    __tablename__ = "conversation"

    phone: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[dict[str, Any]]
    owner: Mapped[str] = mapped_column(String(8), default="bot")
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None)
    question: Mapped[str | None] = mapped_column(String(16), default=None)
    question_ref: Mapped[int | None] = mapped_column(default=None)
    question_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_question: Mapped[str | None] = mapped_column(String(16), default=None)
    version: Mapped[int] = mapped_column(init=False)

    __mapper_args__ = {"version_id_col": version}
