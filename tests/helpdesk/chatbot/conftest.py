"""The engine is loaded before the first test, and the demo company once a file: each test works in a savepoint."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from helpdesk import demo
from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.channels.rules import Inbound
from helpdesk.chatbot import service
from helpdesk.chatbot.models import Conversation
from helpdesk.triage import engine as triage
from tests.conftest import NOON

LIN, CHEN, SMITH = "+85261230001", "+85261230002", "+14155550003"


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """Read a message that even the encoder is asked about."""
    triage.current().read("something went strange here since yesterday")


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction holds the demo company; nothing of it outlives the file."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            demo.load(session, at=NOON)
            session.commit()
        yield connection
        outer.rollback()


@pytest.fixture
def connection(house: Connection) -> Iterator[Connection]:
    """A savepoint in the company's transaction, rolled back after the test."""
    point = house.begin_nested()
    yield house
    if point.is_active:
        point.rollback()


@dataclass
class Phone:
    """A customer's telephone: what is texted is worked off at once."""

    session: Session
    at: datetime
    number: str = LIN
    assisted: bool = False

    def text(self, body: str, later: timedelta = timedelta(0), *, of: str | None = None) -> list[str | None]:
        """Text it; the purposes of what the bot answers to it, in order."""
        number, moment = of or self.number, self.at + later
        last = self.last_id()
        sid = f"SM{secrets.token_hex(16)}"
        channels.receive(self.session, "console", Inbound("AC1", sid, number, "+85230000000", body, [], {}), at=moment)
        message = self.session.scalars(select(Message).where(Message.sid == sid)).one()
        service.handle_message(
            self.session, message.id, region="HK", at=moment, assisted=self.assisted, reworded=self.assisted
        )
        self.session.flush()
        return [answer.purpose for answer in self.answers(last)]

    def answers(self, after: int = 0) -> list[Message]:
        """Messages of ours after that one."""
        wanted = select(Message).where(Message.direction == "out", Message.id > after).order_by(Message.id)
        return list(self.session.scalars(wanted))

    def last_id(self) -> int:
        """The newest message's id."""
        return self.session.scalars(select(Message.id).order_by(Message.id.desc())).first() or 0

    def talk(self) -> Conversation:
        """The conversation of this telephone."""
        return self.session.scalars(select(Conversation).where(Conversation.phone == self.number)).one()


Say = Callable[..., list[str | None]]


@pytest.fixture
def phone(session: Session, at: datetime) -> Phone:
    """Lin's telephone."""
    return Phone(session, at)


@pytest.fixture
def say(phone: Phone) -> Say:
    """Text as Lin; the purposes of what the bot answers."""
    return phone.text
