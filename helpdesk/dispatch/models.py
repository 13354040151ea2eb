"""Technicians, visits and the arrival windows they have claimed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base
from order_core.issues.models import Issue
from order_core.kernel.case import CaseMixin
from order_core.parties.models import Person, Site


class Technician(Base):
    """A person who can be sent. ``skills``: appliances; ``shift``: {"days": [0…6], "from": "09:30", "to": "18:30"}
    in ``zone``; ``van``: stock location; ``radius_km``: how far from home."""

    __tablename__ = "technician"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, init=False)
    skills: Mapped[list[str]]
    lat: Mapped[float]
    lon: Mapped[float]
    van: Mapped[str] = mapped_column(ForeignKey("stock_location.code"))
    shift: Mapped[dict[str, Any]]
    zone: Mapped[str] = mapped_column(String(40))
    radius_km: Mapped[int] = mapped_column(default=60)
    active: Mapped[bool] = mapped_column(default=True)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Visit(CaseMixin, Base):
    """One promised arrival window of a ticket. The promise is to the customer; the technician may change."""

    __tablename__ = "visit"
    __case_kind__ = "Visit"
    __table_args__ = (Index("ix_visit_technician_starts", "technician_id", "starts_at"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True, init=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), init=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    technician_id: Mapped[int | None] = mapped_column(ForeignKey("technician.person_id"), default=None)
    part_code: Mapped[str | None] = mapped_column(String(32), default=None)
    arrived_at: Mapped[datetime | None] = mapped_column(default=None)
    completed_at: Mapped[datetime | None] = mapped_column(default=None)
    told_on_my_way_at: Mapped[datetime | None] = mapped_column(default=None)
    issue: Mapped[Issue] = relationship(lazy="joined", innerjoin=True)
    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)
    technician: Mapped[Technician | None] = relationship(default=None, foreign_keys=[technician_id])


class WindowClaim(Base):
    """A technician's arrival window: held for an offer until ``held_until``, or taken by a visit.

    The primary key is the promise: of a hundred customers who take the last window at once, one gets the row.
    """

    __tablename__ = "window_claim"

    technician_id: Mapped[int] = mapped_column(ForeignKey("technician.person_id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    held_until: Mapped[datetime | None] = mapped_column(default=None)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), default=None, index=True)
