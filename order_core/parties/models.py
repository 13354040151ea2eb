"""Departments and people of ours; customers, their contact persons and sites; product models."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.kernel.actor import Actor


class Department(Base):
    """One of the ten departments of the regulation (clause 1.2); ``names``: language → name."""

    __tablename__ = "department"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    names: Mapped[dict[str, Any]]


class Person(Base):
    """Somebody of ours. ``language``: en, zh-Hant or zh-Hans; ``zone``: IANA name; ``roles``: see guard."""

    __tablename__ = "person"

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(120), unique=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    roles: Mapped[list[str]]
    phone: Mapped[str | None] = mapped_column(String(20), default=None, index=True)
    head: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8), default="zh-Hant")
    zone: Mapped[str] = mapped_column(String(40), default="Asia/Taipei")
    active: Mapped[bool] = mapped_column(default=True)

    def actor(self) -> Actor:
        """This person as the one who acts."""
        return Actor(
            kind="person",
            id=self.id,
            department=self.department_code,
            roles=frozenset(self.roles),
            head=self.head,
        )


class Customer(Base):
    """Who pays: a household or a company."""

    __tablename__ = "customer"

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(24), unique=True)

    contacts: Mapped[list["ContactPerson"]] = relationship(
        back_populates="customer", default_factory=list, order_by="ContactPerson.id"
    )
    sites: Mapped[list["Site"]] = relationship(back_populates="customer", default_factory=list, order_by="Site.id")


class ContactPerson(Base):
    """Who talks to us. A number may be shared by a family, so ``phone`` (E.164) is not unique."""

    __tablename__ = "contact_person"

    id: Mapped[Id] = mapped_column(init=False)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), init=False, index=True)
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(20), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh-Hant")
    email: Mapped[str | None] = mapped_column(String(120), default=None)

    customer: Mapped[Customer] = relationship(back_populates="contacts", default=None)

    def actor(self, recorded_by: int | None = None) -> Actor:
        """The customer's own word, perhaps recorded by a person of ours."""
        return Actor(kind="customer", id=self.id, recorded_by=recorded_by)


class Site(Base):
    """Where units stand. ``lat``/``lon`` in degrees (WGS 84), ``zone`` an IANA name."""

    __tablename__ = "site"

    id: Mapped[Id] = mapped_column(init=False)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), init=False, index=True)
    label: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(200))
    postcode: Mapped[str] = mapped_column(String(12))
    lat: Mapped[float]
    lon: Mapped[float]
    zone: Mapped[str] = mapped_column(String(40), default="Asia/Hong_Kong")

    customer: Mapped[Customer] = relationship(back_populates="sites", default=None)


class ProductModel(Base):
    """A model we make; ``appliance`` is triage's word, ``names``: language → name."""

    __tablename__ = "product_model"

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    appliance: Mapped[str] = mapped_column(String(24), index=True)
    names: Mapped[dict[str, Any]]
