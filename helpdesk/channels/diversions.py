"""What a message cannot do somewhere happens otherwise: a call that asks for a key, a person's call, a web code.

Taiwan's and mainland China's networks carry no reply to us, and no link to a customer. A purpose that is good for
nothing without one becomes a diversion by itself (``service.send`` decides). Its answer, whichever way it comes,
enters like a message of the customer's: no dialogue knows of it.

The voice room says with ``keypad_by`` which outbox topic places a keypad call (payload: ``diversion_id``), and then
calls ``answer`` or ``give_up``. Until it does, a person calls.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.auth.service import token_hash
from helpdesk.channels import service, wording
from helpdesk.channels.capabilities import bare
from helpdesk.channels.models import Diversion, Message
from helpdesk.channels.purposes import Way, policy
from helpdesk.channels.reach import zone_of
from helpdesk.channels.rules import Inbound
from order_core.clauses import carries
from order_core.errors import Conflict, NotFound
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel import outbox
from order_core.kernel.actor import WORKER
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson, Person

VALID = timedelta(days=3)
CODE_DIGITS = 10

_keypad_topic: str | None = None


def keypad_by(topic: str | None) -> None:
    """The voice room places keypad calls by this outbox topic; None: nobody does."""
    global _keypad_topic
    _keypad_topic = topic


@carries("case", "5.1.1-c")
def divert(session: Session, message: Message, way: Way, *, at: datetime) -> Message:
    """Ask otherwise what this message could not; returns the message that leaves instead, or itself, unsent."""
    if way == "drop":
        return message
    for older in session.scalars(select(Diversion).where(Diversion.phone == message.to_number, _OPEN)):
        older.state = "closed"
    row = Diversion(
        message_id=message.id,
        phone=message.to_number,
        purpose=message.purpose or "",
        language=message.language or wording.FALLBACK,
        spoken=message.body,
        way=way,
        issue_id=message.issue_id,
        created_at=at,
        expires_at=at + VALID,
    )
    session.add(row)
    session.flush()
    _meanwhile(session, message, at=at)
    if way == "code":
        return _send_code(session, row, message, at=at)
    if way == "keypad" and _keypad_topic:
        outbox.publish(session, _keypad_topic, {"diversion_id": row.id}, at=at, key=f"diversion:{row.id}")
    else:
        give_up(session, row, at=at)
    return message


def _meanwhile(session: Session, message: Message, *, at: datetime) -> None:
    """What he is told in writing at once all the same: that his ticket is there, and its number (5.1.1-d)."""
    purpose, issue = policy(message.purpose).meanwhile, message.issue_id
    if purpose is None or issue is None:
        return
    service.send(
        session,
        contact=session.get(ContactPerson, message.contact_id) if message.contact_id else None,
        to=message.to_number,
        purpose=purpose,
        params={"number": session.get_one(Issue, issue).number},
        language=message.language or wording.FALLBACK,
        at=at,
        issue_id=issue,
    )


_OPEN = Diversion.state == "open"


def give_up(session: Session, row: Diversion, *, at: datetime) -> Issue:
    """A person calls: nobody can be asked by machine, or nobody took the call. The task is returned, one a matter."""
    row.way = "callback"
    task = _running_task(session, row) or _new_task(session, row, at=at)
    row.callback_id = task.id
    note(session, task, "asked_by_telephone", by=WORKER, at=at, data={"purpose": row.purpose}, clauses=("5.1.1-c",))
    return task


def _running_task(session: Session, row: Diversion) -> Issue | None:
    wanted = select(Issue).join(Diversion, Diversion.callback_id == Issue.id).where(Diversion.phone == row.phone)
    same = Diversion.issue_id == row.issue_id if row.issue_id else Diversion.issue_id.is_(None)
    return session.scalars(wanted.where(same, Issue.state.in_(OPEN_STATES)).order_by(Issue.id.desc())).first()


def _new_task(session: Session, row: Diversion, *, at: datetime) -> Issue:
    cause = session.get(Issue, row.issue_id) if row.issue_id else None
    subject = i18n.translate(row.language, "channels.ask_by_telephone", question=row.spoken.splitlines()[0][:160])
    if cause is None:
        contact = session.get_one(Message, row.message_id).contact_id
        return issues.open_ticket(
            session, subject=subject, channel="phone", phone=bare(row.phone), language=row.language,
            contact=session.get(ContactPerson, contact) if contact else None, category="question", by=WORKER, at=at,
        )  # fmt: skip
    return issues.open_callback(session, cause, owner_id=_agent(session), subject=subject, by=WORKER, at=at)


def _agent(session: Session) -> int:
    """Somebody who telephones: the first agent, else whoever leads after-sales service."""
    people = session.scalars(select(Person).where(Person.active).order_by(Person.id)).all()
    able = sorted((p for p in people if {"agent", "afs_head"} & set(p.roles)), key=lambda p: "agent" not in p.roles)
    if not able:
        raise NotFound("callback.nobody", field="assignee", clause="5.1.1-b")
    return able[0].id


def _send_code(session: Session, row: Diversion, message: Message, *, at: datetime) -> Message:
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    row.code_hash = token_hash(code)
    issue = session.get(Issue, row.issue_id) if row.issue_id else None
    return service.send(
        session,
        contact=session.get(ContactPerson, message.contact_id) if message.contact_id else None,
        to=row.phone,
        purpose="web.code",
        params={
            "number": issue.number if issue else "",
            "code": code,
            "until": row.expires_at,
            "zone": zone_of(session, message.contact_id, row.phone),
        },
        language=row.language,
        at=at,
        issue_id=row.issue_id,
        visit_id=message.visit_id,
    )


def by_code(session: Session, code: str, *, at: datetime) -> Diversion:
    """The open question behind a code. A wrong, used or old one is ``NotFound``, whatever is wrong with it."""
    digits = "".join(char for char in code if char.isdecimal() and char.isascii())
    row = session.scalars(select(Diversion).where(Diversion.code_hash == token_hash(digits))).first()
    if row is None or row.state != "open" or row.expires_at <= at:
        raise NotFound("channels.code", field="code")
    return row


def answer(session: Session, row: Diversion, text: str, *, via: str, sid: str | None = None, at: datetime) -> None:
    """The customer's answer, by key or on the web: it enters like a message of his. Once.

    Args:
        via: ``keypad`` or ``web``; sid: of the call, if any.

    Raises:
        Conflict: answered before, or a newer question has taken its place.
    """
    if row.state != "open":
        raise Conflict("channels.answered", field="code")
    row.state, row.answered_at = "answered", at
    inbound = Inbound(
        account="ours", sid=sid or f"diversion:{row.id}", sender=bare(row.phone), to="", body=text, media=[], raw={}
    )
    service.receive(session, via, inbound, at=at)


BY_VOICE = frozenset({21614, 30006})
"""The provider's errors that say: this number takes no messages (a landline)."""


def unreachable(session: Session, message: Message, code: int | None, *, at: datetime) -> None:
    """What follows when a message can never arrive: a refusal that the provider knows is ours too, and what
    matters to the customer is told by telephone."""
    if code == 21610:
        service.opt_out(session, message.to_number, "all", "21610", at=at, source="provider")
    scope = policy(message.purpose).scope
    matters = message.author_kind == "agent" or message.issue_id is not None
    if scope == "required" or (code in BY_VOICE and scope == "service" and matters):
        divert(session, message, "callback", at=at)
