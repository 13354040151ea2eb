"""Notice: somebody of ours is told, in the transaction of the event; shown until read (clause 1.3-c).

A hand-over is a notice that has to be acknowledged by a moment; unread till then, it goes one rung higher, once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, and_, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.clauses import carries
from order_core.db import Base, Id


class Notice(Base):
    """``key`` names the sentence (catalogue ``notice.<key>``), ``params`` fill it in the reader's language.

    Addressed to one person or to a department: to its head, or to ``everyone`` in it. ``due_at`` is when it must
    have been acknowledged; after that it is escalated to ``escalate_to`` (a department).
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_about", "about_kind", "about_id"),
        Index(
            "ix_notice_unread_due",
            "due_at",
            sqlite_where=text("acknowledged_at IS NULL AND escalated_at IS NULL"),
            postgresql_where=text("acknowledged_at IS NULL AND escalated_at IS NULL"),
        ),
    )

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
    everyone: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    escalate_to: Mapped[str | None] = mapped_column(ForeignKey("department.code"), default=None)
    escalated_at: Mapped[datetime | None] = mapped_column(default=None)


def tell(
    session: Session,
    *,
    key: str,
    at: datetime,
    about: Any = None,
    person: int | None = None,
    department: str | None = None,
    params: dict[str, Any] | None = None,
    everyone: bool = False,
    acknowledge_by: datetime | None = None,
    escalate_to: str | None = None,
) -> Notice:
    """Write a notice to a person (``Person.id``) or a department (code), about a case or nothing.

    Args:
        everyone: the whole department, not its head alone.
        acknowledge_by: from this moment on, unread, it is told to the department ``escalate_to``.

    Raises:
        ValueError: neither or both addressees given, or a rung to escalate to without a moment.
    """
    if (person is None) == (department is None):
        raise ValueError("a notice has exactly one addressee")
    if escalate_to is not None and acknowledge_by is None:
        raise ValueError("when is it escalated?")
    notice = Notice(
        key=key,
        params=params or {},
        about_kind=getattr(about, "__case_kind__", None),
        about_id=getattr(about, "id", None),
        about_number=getattr(about, "number", None),
        created_at=at,
        to_person_id=person,
        to_department=department,
        everyone=everyone,
        due_at=acknowledge_by,
        escalate_to=escalate_to,
    )
    session.add(notice)
    session.flush()
    return notice


def open_notices(
    session: Session, *, person: int, department: str | None = None, head: bool = True, limit: int = 50
) -> list[Notice]:
    """What a person and his department (as its ``head`` or one of it) has been told and nobody acknowledged.

    Newest first.
    """
    mine = Notice.to_person_id == person
    if department is not None:  # NULL would be everybody's personal notices
        ours = Notice.to_department == department
        mine = or_(mine, ours if head else and_(ours, Notice.everyone))
    return list(
        session.scalars(
            select(Notice)
            .where(mine, Notice.acknowledged_at.is_(None))
            .order_by(Notice.created_at.desc(), Notice.id.desc())
            .limit(limit)
        )
    )


@carries("notice", "1.3-c", "2.3.2-c")
def escalate_unread(session: Session, *, at: datetime, limit: int = 200) -> int:
    """Tell one rung higher of every notice that is unread past its time; returns how many. Once each."""
    rows = session.scalars(
        select(Notice)
        .where(Notice.due_at <= at, Notice.acknowledged_at.is_(None), Notice.escalated_at.is_(None))
        .where(Notice.escalate_to.is_not(None))
        .order_by(Notice.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for unread in rows:
        unread.escalated_at = at
        session.add(_one_rung_higher(unread, at))
    session.flush()
    return len(rows)


def _one_rung_higher(unread: Notice, at: datetime) -> Notice:
    return Notice(
        key="unread",
        params={"number": unread.about_number or "", "what": unread.key, "department": unread.to_department or ""},
        about_kind=unread.about_kind,
        about_id=unread.about_id,
        about_number=unread.about_number,
        created_at=at,
        to_person_id=None,
        to_department=unread.escalate_to,
    )


def acknowledge(notice: Notice, *, person: int, at: datetime) -> None:
    """Note that the addressee has seen it; the first acknowledgement stands."""
    if notice.acknowledged_at is None:
        notice.acknowledged_at = at
        notice.acknowledged_by = person
