"""Accounts, server-side sign-in sessions and API tokens. Secrets are stored as hashes only."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.kernel.actor import Actor
from order_core.parties.models import Person


class Account(Base):
    """A person's way in: an argon2id hash of the password."""

    __tablename__ = "account"

    id: Mapped[Id] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True, init=False)
    password_hash: Mapped[str] = mapped_column(String(200))
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class LoginSession(Base):
    """A sign-in that can be ended from the server side; the cookie holds the token, we its SHA-256."""

    __tablename__ = "login_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, init=False)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)

    def actor(self) -> Actor:
        """The signed-in person as the one who acts."""
        return self.account.person.actor()


class ApiToken(Base):
    """A bearer token for programs; acts as ``person``."""

    __tablename__ = "api_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), init=False)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)

    def actor(self) -> Actor:
        """The token's person as the one who acts."""
        return self.person.actor()
