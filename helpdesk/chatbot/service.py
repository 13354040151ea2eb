"""A message is understood and answered: read the facts, let the dialogue decide, carry out what it asks."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.chatbot import world
from helpdesk.chatbot.assist import service as assist
from helpdesk.chatbot.dialogue import respond
from helpdesk.chatbot.effects import STEPS
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.outside import PURPOSE
from helpdesk.chatbot.state import DialogueState, Heard
from helpdesk.chatbot.talk import OUTSIDE, conversation
from helpdesk.chatbot.turn import Turn
from helpdesk.chatbot.who import Party, owned, party, proved
from order_core.clauses import carries
from order_core.errors import Conflict
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.values import read_sender

OF_THE_DIALOGUE = (
    "ask.", "selfhelp.", "offer.", "slot.", "why.", "warranty.", "parts.", "status.", "ticket.", "check.", "question.",
    "take_your_time", "greeting", "not_understood", "nothing_changed", "still_there", "help", "thanks", "abuse",
    "wrong_number", "late_answer", "outside",
)  # fmt: skip
"""Purposes that the bot says as its side of a dialogue."""


def handle_message(
    session: Session,
    message_id: int,
    *,
    region: str,
    at: datetime,
    assisted: bool = False,
    reworded: bool = False,
) -> None:
    """Work one inbound message off, in the caller's transaction; one that was handled stays handled.

    ``region``: of numbers written without a country code. ``assisted``, ``reworded``: an assistant may propose an
    answer to the agent, and word harmless sentences anew.

    It leads to exactly one interaction: with an issue, or with the coded reason why not.
    """
    message = session.get_one(Message, message_id)
    if message.handled_at is not None:
        return
    message.handled_at = at
    who = party(session, read_sender(message.from_number, region))
    message.contact_id = who.contact.id if who.contact else None
    if who.technician is not None:
        channels.interaction(session, "sms", at=at, message=message, reason="technician_number")
        return
    talk = conversation(session, who.phone)
    state = DialogueState.from_json(talk.state) if talk.state else DialogueState()
    who = proved(session, who, state, message.body, asked=talk.question == "check", at=at)
    message.contact_id = who.contact.id if who.contact else None
    turn, no_ticket = _answer(session, message, who, talk, state, at=at)
    _conclude(session, turn, no_ticket, at=at)
    if assisted and turn.issue is not None and talk.owner == "human":
        assist.want_suggestion(session, message, at=at)
    for said in turn.said if reworded else ():
        assist.want_rewording(session, said, at=at)


def _answer(
    session: Session, message: Message, who: Party, talk: Conversation, state: DialogueState, *, at: datetime
) -> tuple[Turn, str]:
    """One turn of the dialogue, carried out; with the reason why it led to no ticket."""
    language = who.contact.language if who.contact else state.language if talk.state else None
    units = owned(session, who.contact, language or "zh-Hant")
    heard = Heard.of(message.body, owned=units, language=language, media=len(message.media or ()))
    if not talk.state:
        state = DialogueState(language=language or heard.triage.lang)  # type: ignore[arg-type]
    facts = world.facts(session, who, talk, message, heard.triage, units, at=at)
    if talk.owner != OUTSIDE:
        talk.owner = "human" if facts.with_person else "bot"  # the matter is closed: the bot's turn again
    outcome = respond(state, heard, facts)
    turn = Turn(session, message, who, talk, facts, outcome.state, at=at)
    turn.carry_out(outcome, STEPS)
    return turn, outcome.no_ticket


def give_back(session: Session, issue: Issue, *, by: Actor, at: datetime) -> None:
    """A person gives the conversation of a ticket back to the bot, which may speak again from here on (B12).

    Raises:
        Conflict: the bot has it already.
    """
    talk = session.scalars(select(Conversation).where(Conversation.issue_id == issue.id).with_for_update()).first()
    if talk is None or talk.owner == "bot":
        raise Conflict("talk.not_with_person", field="number", clause="5.1.2-b", number=issue.number)
    talk.owner = "bot"
    note(session, issue, "given_back_to_bot", by=by, at=at, clauses=("5.1.2-b",))


def may_send(session: Session, message: Message) -> bool:
    """Whether a message may still go out: what the dialogue said before a person took over stays unsaid (B12).

    Asked in the claim, when sending. What is told of visits, orders and dangers, the answer to a refusal, and the
    sentence that a person takes over are no part of the dialogue.
    """
    if message.author_kind != "bot" or not (message.purpose or "").startswith(OF_THE_DIALOGUE):
        return True
    owner = session.scalar(select(Conversation.owner).where(Conversation.phone == message.to_number))
    return owner == OUTSIDE if message.purpose == PURPOSE else owner in (None, "bot")


@carries("case", "5.1.1-d")
def _conclude(session: Session, turn: Turn, no_ticket: str, *, at: datetime) -> None:
    """The message belongs to its ticket, and the contact is on record."""
    issue, message = turn.issue, turn.message
    if issue is not None:
        message.issue_id = issue.id
        if not turn.opened:
            note(
                session,
                issue,
                "customer_wrote",
                by=turn.customer(),
                at=at,
                data={"message": message.id},
                clauses=("5.1.1-d",),
            )
            issue.changed_at = at
    channels.interaction(
        session,
        "sms",
        at=at,
        message=message,
        contact_id=message.contact_id,
        issue_id=issue.id if issue else None,
        reason=None if issue else (no_ticket or "nothing_to_do"),
    )
    session.flush()
