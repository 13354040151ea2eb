"""Quotes with lines, the three inputs of each price, frozen revisions, rounds of negotiation; what a date rests on."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.acquisition.quote import rules
from order_core.db import Base, BigInt, Id
from order_core.kernel.case import CaseMixin


class Quote(CaseMixin, Base):
    """An offer for an enquiry. ``revision`` is the one being written, or the one sent last.

    Attributes:
        currency: ISO code; every amount is in its smallest unit.
        payment_terms, service_terms: in words, as offered.
        valid_until: the last day on which the customer may accept (2.3.1-b).
        last_position: the highest number that a line has had.
        sent_at: when its first revision went out.
        lost_reason: one of ``rules.LOST_REASONS``; lost_note: in words.
    """

    __tablename__ = "quote"
    __case_kind__ = "Quote"
    __table_args__ = (Index("ix_quote_state_valid", "state", "valid_until"),)

    enquiry_id: Mapped[int] = mapped_column(ForeignKey("enquiry.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    valid_until: Mapped[date]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    payment_terms: Mapped[str] = mapped_column(String(400), default="")
    service_terms: Mapped[str] = mapped_column(String(400), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    last_position: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    lost_reason: Mapped[str | None] = mapped_column(String(16), default=None)
    lost_note: Mapped[str | None] = mapped_column(Text, default=None)
    lines: Mapped[list["QuoteLine"]] = relationship(
        default_factory=list, order_by="QuoteLine.position", lazy="selectin", cascade="all, delete-orphan"
    )

    def line(self, position: int) -> "QuoteLine | None":
        """The line at a position."""
        return next((line for line in self.lines if line.position == position), None)


class QuoteLine(Base):
    """One model, a quantity, a price a unit, and the day it can be promised for.

    Attributes:
        computed_on: the promised day as computed at ``computed_at``; trace: how it came about, leg by leg.
        typed_on: a day that sales offers instead, with its reason or the round in which it was negotiated.
    """

    __tablename__ = "quote_line"
    __table_args__ = (UniqueConstraint("quote_id", "position"),)

    id: Mapped[Id] = mapped_column(init=False)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"), init=False)
    position: Mapped[int]
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"))
    specification: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(BigInt)
    computed_on: Mapped[date | None] = mapped_column(default=None)
    computed_at: Mapped[datetime | None] = mapped_column(default=None)
    trace: Mapped[list[Any]] = mapped_column(default_factory=list)
    typed_on: Mapped[date | None] = mapped_column(default=None)
    typed_reason: Mapped[str | None] = mapped_column(Text, default=None)
    typed_round: Mapped[int | None] = mapped_column(default=None)
    inputs: Mapped[list["PriceInput"]] = relationship(
        default_factory=list, lazy="selectin", cascade="all, delete-orphan"
    )
    answers: Mapped[list["LineAnswer"]] = relationship(
        default_factory=list, lazy="selectin", cascade="all, delete-orphan"
    )

    @property
    def promised_on(self) -> date | None:
        """The day that is offered: the typed one where there is one."""
        return self.typed_on or self.computed_on

    def input(self, kind: str) -> "PriceInput | None":
        """One of the three inputs."""
        return next((given for given in self.inputs if given.kind == kind), None)

    def given(self) -> list[rules.Input]:
        """The inputs as the rules see them."""
        return [rules.Input(i.kind, i.amount, i.words, i.as_of, i.source) for i in self.inputs]

    def priced(self, price: int | None = None, quantity: int | None = None) -> rules.Priced:
        """The line as the arithmetic sees it; a cost that is not known yet counts as nothing earned."""
        unit = self.unit_price if price is None else price
        cost = self.input("cost")
        known = cost.amount if cost is not None and cost.amount is not None else unit
        return rules.Priced(self.quantity if quantity is None else quantity, unit, known)


class PriceInput(Base):
    """Cost, market price or the customer's need behind a line's price, a unit, with its day and source (2.3.1-a)."""

    __tablename__ = "price_input"
    __table_args__ = (UniqueConstraint("line_id", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("quote_line.id"), init=False)
    kind: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int | None] = mapped_column(BigInt)
    words: Mapped[str] = mapped_column(String(400))
    as_of: Mapped[date]
    source: Mapped[str] = mapped_column(String(160))


class LineAnswer(Base):
    """A line answers a requirement (2.2.2-b)."""

    __tablename__ = "line_answer"
    __table_args__ = (UniqueConstraint("line_id", "requirement_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("quote_line.id"), init=False)
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"), index=True)


class QuoteRevision(Base):
    """What went out to the customer, frozen (2.3.1-b). ``build_up``: what the price rested on; not for the customer."""

    __tablename__ = "quote_revision"
    __table_args__ = (UniqueConstraint("quote_id", "revision"),)

    id: Mapped[Id] = mapped_column(init=False)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"))
    revision: Mapped[int]
    content: Mapped[dict[str, Any]]
    build_up: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class NegotiationRound(Base):
    """One round with the customer, append-only (2.3.2-b).

    Attributes:
        revision: of the quote that was talked about; number: 1, 2, … within the quote.
        kind: ``talk``, ``revision`` (a new revision changed terms) or ``acceptance``.
        ours: our people (ids); theirs: who spoke for the customer.
        changes: the terms changed or agreed, as ``terms.dump`` writes them.
    """

    __tablename__ = "negotiation_round"
    __table_args__ = (UniqueConstraint("quote_id", "number"),)

    id: Mapped[Id] = mapped_column(init=False)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"))
    revision: Mapped[int]
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    on: Mapped[date] = mapped_column("held_on")
    ours: Mapped[list[Any]]
    theirs: Mapped[str] = mapped_column(String(200))
    changes: Mapped[list[Any]]
    next_step: Mapped[str] = mapped_column(Text)
    next_on: Mapped[date | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


@event.listens_for(QuoteRevision, "before_update")
@event.listens_for(QuoteRevision, "before_delete")
@event.listens_for(NegotiationRound, "before_update")
@event.listens_for(NegotiationRound, "before_delete")
def _refuse_rewriting(_mapper: object, _connection: object, row: QuoteRevision | NegotiationRound) -> None:
    raise RuntimeError(f"what was sent or said stays as it was: {row.__tablename__} {row.id}")


class SupplyTerms(Base):
    """What the date of a model is computed from, beside stock; kept by production, purchasing and logistics.

    Attributes:
        material_days: days until its material is there.
        per_day: units that production starts in a working day; cycle_days: working days until one is finished.
        transport_days: days on the road.
    """

    __tablename__ = "supply_terms"

    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"), primary_key=True)
    material_days: Mapped[int]
    per_day: Mapped[int]
    cycle_days: Mapped[int]
    transport_days: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class ExpectedSupply(Base):
    """Units of a model that will be there on a day: made or bought already, not yet in stock."""

    __tablename__ = "expected_supply"

    id: Mapped[Id] = mapped_column(init=False)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"), index=True)
    quantity: Mapped[int]
    due_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(40))
