"""What an assistant proposed to the agents."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id


class Suggestion(Base):
    """One proposal, to the customer's message it answers. It is shown to agents and sent to nobody."""

    __tablename__ = "suggestion"

    id: Mapped[Id] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    source: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
