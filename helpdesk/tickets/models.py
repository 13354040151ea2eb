"""What agents write for each other. Free text may hold personal data, so it is not in the journal."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.parties.models import Person


class TicketNote(Base):
    """An internal note on an issue."""

    __tablename__ = "ticket_note"

    id: Mapped[Id] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    author: Mapped[Person] = relationship(lazy="joined", innerjoin=True, init=False)
