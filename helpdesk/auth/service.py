"""Signing in and out, accounts and tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.auth.models import Account, ApiToken, LoginSession
from order_core.errors import Forbidden
from order_core.parties.models import Person

SESSION_LASTS = timedelta(days=14)
_hasher = PasswordHasher()


def token_hash(token: str) -> str:
    """SHA-256 (hex) of a random token of 128 bits or more: no salt needed."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash to compare with when there is no such account, so that the answer takes as long."""
    return _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The Argon2 hash that is kept of a password; slow on purpose."""
    return _hasher.hash(password)


def set_password(session: Session, person: Person, password: str, *, hashed: str | None = None) -> Account:
    """Give a person an account, or a new password; ``hashed``: its hash where many people have the same one."""
    account = session.scalar(select(Account).where(Account.person_id == person.id))
    if account is None:
        account = Account(password_hash="", person=person)
        session.add(account)
    account.password_hash = hashed or hash_password(password)
    session.flush()
    return account


def is_made_up(person: Person) -> bool:
    """Whether he belongs to the demo company, whose passwords and token are published."""
    return (person.email or "").endswith("@demo.test")


def sign_in(session: Session, email: str, password: str, *, demo: bool, at: datetime) -> tuple[str, LoginSession]:
    """Check the password and start a session; returns its token (for the cookie) and the row.

    People of the demo company only come in where this is a demo.

    Raises:
        Forbidden: unknown address or wrong password, told alike.
    """
    account = session.scalar(
        select(Account).join(Person).where(func.lower(Person.email) == email.strip().lower(), Person.active)
    )
    try:
        _hasher.verify(account.password_hash if account else _nobody(), password)
    except VerificationError as error:
        raise Forbidden("auth.wrong_password", field="password") from error
    if account is None or (is_made_up(account.person) and not demo):
        raise Forbidden("auth.wrong_password", field="password")
    token = secrets.token_urlsafe(32)
    signed_in = LoginSession(
        token_hash=token_hash(token), started_at=at, expires_at=at + SESSION_LASTS, account=account
    )
    session.add(signed_in)
    session.flush()
    return token, signed_in


def find_session(session: Session, token: str, *, at: datetime) -> LoginSession | None:
    """The running session of a token, or None."""
    found = session.get(LoginSession, token_hash(token))
    if found is None or found.expires_at <= at or not found.account.person.active:
        return None
    return found


def sign_out(session: Session, token: str) -> None:
    """End a session on the server's side."""
    found = session.get(LoginSession, token_hash(token))
    if found is not None:
        session.delete(found)


def add_token(session: Session, person: Person, name: str, *, at: datetime, token: str | None = None) -> str:
    """Make (or keep, when given) an API token that acts as ``person``; returns it this once."""
    token = token or secrets.token_urlsafe(32)
    if session.get(ApiToken, token_hash(token)) is None:
        session.add(ApiToken(token_hash=token_hash(token), name=name, created_at=at, person=person))
        session.flush()
    return token


def find_token(session: Session, token: str) -> ApiToken | None:
    """The valid API token row, or None."""
    found = session.get(ApiToken, token_hash(token))
    return found if found and found.revoked_at is None and found.person.active else None
