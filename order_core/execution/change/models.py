"""Change requests to R&D, and who has to know of one because he holds records of what it changes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, BigInt, Id
from order_core.execution.change.rules import Effectivity, Moved
from order_core.kernel.case import CaseMixin


class ChangeRequest(CaseMixin, Base):
    """A change asked of a released design, on the Revision machine; owned by R&D (3.2.3).

    Attributes:
        origin, order_id, quality_issue_id: what it was raised from; cause: why, as changes are counted by it.
        design_id: the released design it is about; successor_id: the one made under it.
        scope: what is to be changed; ready_on: when the new design can be there.
        costs: part → smallest money unit, see ``rules.COSTS``; impact_cost: their sum.
        replan: [{"number", "before", "after", "days"}] of the open orders; impact_days: the most that one moves.
        given: department → when it gave its part of the effect, and who did.
        signers: parties that had to sign it when it was submitted.
        old_item, old_item_value: the part that is no longer used, and what one of it is worth.
    """

    __tablename__ = "change_request"
    # The journal's digests cover the kind: it keeps its first name. No other table may take it (test_case_journal).
    __case_kind__ = "Revision"

    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    model_code: Mapped[str | None] = mapped_column(ForeignKey("product_model.code"), default=None)
    quality_issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, unique=True)
    impact_days: Mapped[int | None] = mapped_column(default=None)
    impact_cost: Mapped[int | None] = mapped_column(BigInt, default=None)
    origin: Mapped[str] = mapped_column(String(12), default="other", server_default="other")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("customer_order.id"), default=None, index=True)
    cause: Mapped[str | None] = mapped_column(String(12), default=None)
    design_id: Mapped[int | None] = mapped_column(ForeignKey("design.id"), default=None, index=True)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("design.id"), default=None, unique=True)
    scope: Mapped[str | None] = mapped_column(Text, default=None)
    ready_on: Mapped[date | None] = mapped_column(default=None)
    costs: Mapped[dict[str, Any]] = mapped_column(default_factory=dict, server_default=text("'{}'"))
    replan: Mapped[list[Any]] = mapped_column(default_factory=list, server_default=text("'[]'"))
    given: Mapped[dict[str, Any]] = mapped_column(default_factory=dict, server_default=text("'{}'"))
    old_item: Mapped[str | None] = mapped_column(String(32), default=None)
    old_item_value: Mapped[int | None] = mapped_column(BigInt, default=None)
    effective_by: Mapped[str | None] = mapped_column(String(8), default=None)
    effective_from: Mapped[str | None] = mapped_column(String(40), default=None)
    effective_to: Mapped[str | None] = mapped_column(String(40), default=None)
    signers: Mapped[list[str]] = mapped_column(default_factory=list, server_default=text("'[]'"))
    approved_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    implemented_at: Mapped[datetime | None] = mapped_column(default=None)
    verified_at: Mapped[datetime | None] = mapped_column(default=None)
    notices: Mapped[list["ChangeNotice"]] = relationship(
        init=False, order_by="ChangeNotice.department", lazy="selectin"
    )

    @property
    def effectivity(self) -> Effectivity | None:
        """From where on it applies, once that is stated."""
        if self.effective_by is None or self.effective_from is None:
            return None
        return Effectivity(self.effective_by, self.effective_from, self.effective_to)

    @property
    def moved(self) -> list[Moved]:
        """What replanning made of the open orders."""
        return [
            Moved(row["number"], date.fromisoformat(row["before"]), date.fromisoformat(row["after"]), row["days"])
            for row in self.replan
        ]


class ChangeNotice(Base):
    """A department that holds open records of what an approved change is about, and its acknowledgement (3.2.3-c).

    ``records``: [{"kind", "number"}] as they were at the approval; ``remark``: what it does about them.
    """

    __tablename__ = "change_notice"
    __table_args__ = (UniqueConstraint("change_id", "department"),)

    id: Mapped[Id] = mapped_column(init=False)
    change_id: Mapped[int] = mapped_column(ForeignKey("change_request.id"), init=False)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    records: Mapped[list[Any]]
    told_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    remark: Mapped[str | None] = mapped_column(Text, default=None)
