"""The parts catalogue. Quantities live in the kernel's ledger, under the part's code as item."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id

ANY = "*"


class Part(Base):
    """A spare part; ``names``: language → name; ``price``: in the smallest unit of ``currency``."""

    __tablename__ = "part"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    names: Mapped[dict[str, Any]]
    price: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3), default="HKD")


class PartFit(Base):
    """How often (``share`` of past repairs, per mille) a part cured a symptom of a model."""

    __tablename__ = "part_fit"
    __table_args__ = (UniqueConstraint("part_code", "appliance", "model_code", "symptom"),)

    id: Mapped[Id] = mapped_column(init=False)
    part_code: Mapped[str] = mapped_column(ForeignKey("part.code"))
    appliance: Mapped[str] = mapped_column(String(24), index=True)
    symptom: Mapped[str] = mapped_column(String(32))
    model_code: Mapped[str] = mapped_column(String(24), default=ANY)
    share: Mapped[int] = mapped_column(default=500)
