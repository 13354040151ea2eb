"""One message being answered: what the steps of ``effects`` share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.chatbot import follow_up
from helpdesk.chatbot import talk as talks
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.state import DialogueState, Outcome, World
from helpdesk.chatbot.who import Party
from order_core.aftersales.models import InstalledProduct
from order_core.errors import Invalid
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor

Steps = Mapping[type, Callable[["Turn", Any], None]]


@dataclass
class Turn:
    """One message being answered. ``issue``: what it turned out to belong to; ``opened``: by this message."""

    session: Session
    message: Message
    who: Party
    talk: Conversation
    world: World
    state: DialogueState
    at: datetime
    issue: Issue | None = None
    opened: bool = False
    said: list[Message] = field(default_factory=list)

    def carry_out(self, outcome: Outcome, steps: Steps) -> None:
        """Do every action in order and keep the new state."""
        if self.world.ticket is not None and not outcome.no_ticket:
            self.issue = self.numbered(self.world.ticket.number)
        for action in outcome.actions:
            steps[type(action)](self, action)
        if self.issue is not None:
            self.talk.issue_id = self.issue.id
            self.state = replace(self.state, ticket=self.issue.number)
        self.talk.state = self.state.to_json()
        self.session.flush()

    def customer(self) -> Actor:
        """The one who wrote."""
        return self.who.contact.actor() if self.who.contact else Actor(kind="customer")

    @property
    def language(self) -> str:
        """What we answer in."""
        return self.state.language

    def say(self, purpose: str, **params: Any) -> None:
        """Send a message to the one who wrote; only telephone numbers can be answered."""
        if self.who.sender.number is None:
            return
        number = self.issue.number if self.issue else self.state.ticket or ""
        sent = channels.send(
            self.session,
            contact=self.who.contact,
            to=self.who.sender.number,
            purpose=purpose,
            params={"number": number, **params},
            language=self.language,
            at=self.at,
            issue_id=self.issue.id if self.issue else None,
        )
        self.said.append(sent)

    def ask(self, question: str, ref: int | None = None) -> None:
        """Open a question; whoever never answers it is reminded once."""
        talks.ask(self.session, self.talk.phone, question, ref, at=self.at)
        if question in follow_up.REMINDED and self.issue is not None:
            follow_up.remind_later(self.session, self.talk.phone, self.issue, at=self.at)

    def remember(self, name: str, value: str) -> None:
        """A fact for the next message that only the carrying out could know."""
        self.state = self.state.with_fact(name, value)

    def prove(self) -> None:
        """The contact has proved who he is, from now on for a while."""
        contact = self.who.contact
        person = contact.id if contact else None
        self.state = replace(self.state, person=person, proven=self.at.isoformat())

    def ticket(self) -> Issue:
        """The ticket this is about. Raises ``Invalid`` when the dialogue asks for one that is not there."""
        if self.issue is None:
            raise Invalid("ticket.unknown", field="number", number="")
        return self.issue

    def numbered(self, number: str) -> Issue:
        """A ticket by its number."""
        return self.session.scalars(select(Issue).where(Issue.number == number)).one()

    def unit(self, serial: str | None) -> InstalledProduct | None:
        """The writer's own unit with that serial number."""
        if serial is None or self.who.contact is None:
            return None
        return self.session.scalars(
            select(InstalledProduct).where(
                InstalledProduct.serial == serial,
                InstalledProduct.customer_id == self.who.contact.customer_id,
            )
        ).first()
