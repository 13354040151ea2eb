"""What agents put right, and the models that were built from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id, Json


class TriageCorrection(Base):
    """An agent says what a ticket's first message really was; the words themselves stay with the ticket.

    Attributes:
        field: intent, appliance, urgency or danger; ``was`` and ``became`` are its values.
        held_out: never learned from; later models are judged by it.
    """

    __tablename__ = "triage_correction"

    id: Mapped[Id] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    field: Mapped[str] = mapped_column(String(16))
    was: Mapped[str] = mapped_column(String(32))
    became: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    held_out: Mapped[bool] = mapped_column(default=False)


class TriageModel(Base):
    """A model that was built: what it scored, and whether messages are read with it.

    Attributes:
        file: name under ``triage/`` in the data directory; None for the one that is shipped.
        scores: as ``judging.Scores.to_json`` gives them, on the frozen messages and the held-out corrections.
        verdict: promoted, refused (with the reasons in ``reasons``), or shipped.
        learned: number of corrections it was built with.
        in_use_since: None when it is not the one in use.
    """

    __tablename__ = "triage_model"

    id: Mapped[Id] = mapped_column(init=False)
    built_at: Mapped[datetime] = mapped_column(index=True)
    file: Mapped[str | None] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(32))
    verdict: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[str]] = mapped_column(Json)
    scores: Mapped[dict[str, Any]] = mapped_column(Json)
    learned: Mapped[int] = mapped_column(default=0)
    in_use_since: Mapped[datetime | None] = mapped_column(default=None)
    put_in_use_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
