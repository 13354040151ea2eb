"""A message is understood and answered: read the facts, let the dialogue decide, carry out what it asks."""

from datetime import datetime

from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.chatbot import world
from helpdesk.chatbot.dialogue import respond
from helpdesk.chatbot.effects import Turn
from helpdesk.chatbot.state import DialogueState, Heard
from helpdesk.chatbot.talk import conversation
from order_core.kernel.case import note
from order_core.values import read_sender


def handle_message(session: Session, message_id: int, *, region: str, at: datetime) -> None:
    """Work one inbound message off, in the caller's transaction; one that was handled stays handled.

    ``region``: of numbers written without a country code.

    It leads to exactly one interaction: with an issue, or with the coded reason why not.
    """
    message = session.get_one(Message, message_id)
    if message.handled_at is not None:
        return
    message.handled_at = at
    who = world.party(session, read_sender(message.from_number, region))
    message.contact_id = who.contact.id if who.contact else None
    if who.technician is not None:
        channels.interaction(session, "sms", at=at, message=message, reason="technician_number")
        return
    talk = conversation(session, who.phone)
    state = DialogueState.from_json(talk.state) if talk.state else DialogueState()
    language = who.contact.language if who.contact else state.language if talk.state else None
    units = world.owned(session, who.contact, language or "zh-Hant")
    heard = Heard.of(message.body, owned=units, language=language, media=len(message.media or ()))
    if not talk.state:
        state = DialogueState(language=language or heard.triage.lang)  # type: ignore[arg-type]
    facts = world.facts(session, who, talk, message, heard.triage, units, at=at)
    talk.owner = "human" if facts.with_person else "bot"  # the matter is closed: the bot's turn again
    outcome = respond(state, heard, facts)
    turn = Turn(session, message, who, talk, facts, outcome.state, at=at)
    turn.carry_out(outcome)
    _conclude(session, turn, outcome.no_ticket, at=at)


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
