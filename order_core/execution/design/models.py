"""Design tasks, designs with their documents and characteristics, and the reviews of a design."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, BigInt, Id
from order_core.execution.design.rules import LIMIT, Need, Trait
from order_core.execution.models import OrderLine
from order_core.kernel.case import CaseMixin


class DesignTask(Base):
    """The one task of an order line that needs design (3.2.1-a); what happens to it is in its design's journal.

    Attributes:
        needed_on: when the plan of production needs the design.
        owner_id: the responsible person of R&D, None until it is given to somebody.
        recorded: [{"code", "text", "key"}] needs written down here because no enquiry stands behind the order.
        alert_id: the open warning that the plan ends too late (3.2.1-b).
    """

    __tablename__ = "design_task"
    __case_kind__: ClassVar[str] = "DesignTask"

    id: Mapped[Id] = mapped_column(init=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), unique=True)
    opened_at: Mapped[datetime]
    needed_on: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)
    assigned_at: Mapped[datetime | None] = mapped_column(default=None)
    recorded: Mapped[list[Any]] = mapped_column(default_factory=list)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None)
    line: Mapped[OrderLine] = relationship(init=False)
    designs: Mapped[list["Design"]] = relationship(init=False, order_by="Design.id", back_populates="task")

    @property
    def needs(self) -> tuple[Need, ...]:
        """The needs recorded here."""
        return tuple(Need(row["code"], row["text"], bool(row["key"])) for row in self.recorded)


class Design(CaseMixin, Base):
    """A design of a model, on the Revision machine (3.2.2); a change makes another one that supersedes it.

    Attributes:
        task_id: the task it was made for; None: a model taken over into the catalogue.
        predecessor_id: the released design that it is to replace, under an approved change.
        waivers: code of a key need → why it should not be answered; good only when SAL and the customer signed.
    """

    __tablename__ = "design"
    __case_kind__ = "Design"

    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("design_task.id"), default=None, index=True)
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("design.id"), default=None, index=True)
    waivers: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    released_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    task: Mapped[DesignTask | None] = relationship(init=False, back_populates="designs")
    documents: Mapped[list["DesignDocument"]] = relationship(
        init=False, order_by="DesignDocument.id", lazy="selectin", cascade="all, delete-orphan"
    )
    characteristics: Mapped[list["Characteristic"]] = relationship(
        init=False, order_by="Characteristic.position", lazy="selectin", cascade="all, delete-orphan"
    )
    reviews: Mapped[list["DesignReview"]] = relationship(init=False, order_by="DesignReview.round", lazy="selectin")

    @property
    def traits(self) -> list[Trait]:
        """Its characteristics as the rules see them."""
        return [row.trait for row in self.characteristics]


class DesignDocument(Base):
    """A drawing, list or report of a design: where it lies, what it weighs (bytes) and its SHA-256 (hex)."""

    __tablename__ = "design_document"

    id: Mapped[Id] = mapped_column(init=False)
    design_id: Mapped[int] = mapped_column(ForeignKey("design.id"), index=True, init=False)
    name: Mapped[str] = mapped_column(String(200))
    link: Mapped[str] = mapped_column(String(400))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInt)


class Characteristic(Base):
    """One characteristic of a design; see ``rules.Trait``."""

    __tablename__ = "design_characteristic"
    __table_args__ = (UniqueConstraint("design_id", "code"),)

    id: Mapped[Id] = mapped_column(init=False)
    design_id: Mapped[int] = mapped_column(ForeignKey("design.id"), init=False)
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(8), default=LIMIT)
    target: Mapped[float | None] = mapped_column(default=None)
    lower: Mapped[float | None] = mapped_column(default=None)
    upper: Mapped[float | None] = mapped_column(default=None)
    unit: Mapped[str] = mapped_column(String(16), default="")
    method: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[float | None] = mapped_column(default=None)
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    verified_at: Mapped[datetime | None] = mapped_column(default=None)
    needs: Mapped[list[str]] = mapped_column(default_factory=list)

    @property
    def trait(self) -> Trait:
        """It as the rules see it."""
        return Trait(
            code=self.code,
            name=self.name,
            kind=self.kind,
            target=self.target,
            lower=self.lower,
            upper=self.upper,
            unit=self.unit,
            method=self.method,
            result=self.result,
            needs=tuple(self.needs),
        )


class DesignReview(Base):
    """One meeting about one content of a design (3.2.2-b).

    Attributes:
        digest: what was submitted; round: 1 for the first review of a design.
        invited: departments; present: ids of the people who came; held_at: None until it was held.
        outcome: released | sent_back | withdrawn, None while it goes on.
    """

    __tablename__ = "design_review"
    __table_args__ = (UniqueConstraint("design_id", "round"), Index("ix_design_review_ended", "outcome", "ended_at"))

    id: Mapped[Id] = mapped_column(init=False)
    design_id: Mapped[int] = mapped_column(ForeignKey("design.id"), init=False)
    round: Mapped[int]
    called_at: Mapped[datetime]
    meets_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(120))
    invited: Mapped[list[str]]
    digest: Mapped[str] = mapped_column(String(64), default="")
    held_at: Mapped[datetime | None] = mapped_column(default=None)
    present: Mapped[list[Any]] = mapped_column(default_factory=list)
    minutes: Mapped[str | None] = mapped_column(Text, default=None)
    outcome: Mapped[str | None] = mapped_column(String(12), default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
