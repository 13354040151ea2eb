"""Notice: somebody of ours is told, in the transaction of the event; shown until read (clause 1.3-c)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base, Id


class Notice(Base):
    """``key`` names the sentence (catalogue ``notice.<key>``), ``params`` fill it in the reader's language.

    Addressed to one person or to a whole department; ``due_at`` is when it must have been acknowledged.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_about", "about_kind", "about_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    key: Mapped[str] = mapped_column(String(64))
    params: Mapped[dict[str, Any]]
    about_kind: Mapped[str | None] = mapped_column(String(32))
    about_id: Mapped[int | None]
    about_number: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]
    to_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    to_department: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)


def tell(
    session: Session,
    *,
    key: str,
    at: datetime,
    about: Any = None,
    person: int | None = None,
    department: str | None = None,
    params: dict[str, Any] | None = None,
    acknowledge_within: timedelta | None = None,
) -> Notice:
    """Write a notice to a person (``Person.id``) or a department (code), about a case or nothing.

    Raises:
        ValueError: neither or both addressees given.
    """
    if (person is None) == (department is None):
        raise ValueError("a notice has exactly one addressee")
    notice = Notice(
        key=key,
        params=params or {},
        about_kind=getattr(about, "__case_kind__", None),
        about_id=getattr(about, "id", None),
        about_number=getattr(about, "number", None),
        created_at=at,
        to_person_id=person,
        to_department=department,
        due_at=at + acknowledge_within if acknowledge_within else None,
    )
    session.add(notice)
    session.flush()
    return notice


def open_notices(session: Session, *, person: int, department: str | None = None, limit: int = 50) -> list[Notice]:
    """What a person (and his department) has been told and nobody acknowledged, newest first."""
    mine = Notice.to_person_id == person
    if department is not None:  # NULL would be everybody's personal notices
        mine = or_(mine, Notice.to_department == department)
    return list(
        session.scalars(
            select(Notice)
            .where(mine, Notice.acknowledged_at.is_(None))
            .order_by(Notice.created_at.desc(), Notice.id.desc())
            .limit(limit)
        )
    )


def acknowledge(notice: Notice, *, person: int, at: datetime) -> None:
    """Note that the addressee has seen it; the first acknowledgement stands."""
    if notice.acknowledged_at is None:
        notice.acknowledged_at = at
        notice.acknowledged_by = person
