"""Calls on record: who calls, the ticket that each leads to, the queue and its wait, the call-back (clauses 5.1.1)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.channels import service
from helpdesk.channels.models import Call, Interaction
from helpdesk.hotline.models import CallWords
from helpdesk.triage.rules import classify
from helpdesk.triage.values import OwnedProduct, Triage
from order_core.aftersales.models import InstalledProduct
from order_core.issues import rules as issue_rules
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson, Person, ProductModel
from order_core.values import parse_number, read_sender

DEFAULT_LANGUAGE = "zh-Hant"


def begin(session: Session, sid: str, number: str, *, region: str, at: datetime) -> Call:
    """The call's record; the caller recognised by his number when exactly one contact has it."""
    known = session.scalar(select(Call).where(Call.sid == sid))
    if known is not None:
        return known
    sender = read_sender(number, region)
    contact = caller(session, sender.number)
    call = Call(
        direction="in",
        sid=sid,
        number=sender.number,
        contact_id=contact.id if contact else None,
        language=contact.language if contact else _language_of(sender.number),
        state="menu",
        started_at=at,
    )
    session.add(call)
    session.flush()
    return call


def known(session: Session, sid: str) -> Call | None:
    """The call with this sid."""
    return session.scalar(select(Call).where(Call.sid == sid))


def caller(session: Session, number: str | None) -> ContactPerson | None:
    """The contact with this number; None when nobody or more than one person has it (B5)."""
    found = contacts(session, number)
    return found[0] if len(found) == 1 else None


def contacts(session: Session, number: str | None) -> list[ContactPerson]:
    """Everybody with this number, the longest known first."""
    if number is None:
        return []
    wanted = select(ContactPerson).where(ContactPerson.phone == number).order_by(ContactPerson.id)
    return list(session.scalars(wanted.limit(20)))


def one_of_ours(session: Session, number: str | None) -> Person | None:
    """The person of ours who calls: he never opens a customer's ticket (B5)."""
    if number is None:
        return None
    return session.scalars(select(Person).where(Person.phone == number, Person.active)).first()


def _language_of(number: str | None) -> str:
    if number is None or number.startswith(("+852", "+853", "+886")):
        return DEFAULT_LANGUAGE
    return "zh-Hans" if number.startswith("+86") else "en"


# --- the one ticket of a call -------------------------------------------------------------------------------------


def ticket_of(session: Session, call: Call, words: str, *, at: datetime, step: str = "report") -> tuple[Issue, bool]:
    """The one ticket of a call, and whether it is new: the call's own, the caller's open one, else a new one.

    What he said is kept with the call in every case (5.1.1-d).
    """
    words = words.strip()
    if words:
        session.add(CallWords(call_id=call.id, step=step, text=words, at=at))
    read = classify(words, owned=_owned(session, call)) if words else None
    if call.issue_id is not None:
        issue, new = session.get_one(Issue, call.issue_id), False
    else:
        found = _open_ticket(session, call)
        issue, new = found or _new_ticket(session, call, words, read, at=at), found is None
        call.issue_id = issue.id
        note(session, issue, "called", by=WORKER, at=at, data={"call": call.id}, clauses=("5.1.1-d",))
        contact_made(session, call, at=at, issue=issue)
    if read is not None and read.safety and not new:
        raise_alarm(session, issue, at=at)
    return issue, new


def raise_alarm(session: Session, issue: Issue, *, at: datetime) -> None:
    """Somebody is in danger: the ticket goes to the front and a person is told, once."""
    if issue.safety:
        return
    issue.safety, issue.urgency, issue.team, issue.changed_at = True, "emergency", "safety", at
    tell(session, key="ticket.safety", at=at, about=issue, department="AFS", params={"number": issue.number})


def _open_ticket(session: Session, call: Call) -> Issue | None:
    """The open ticket that the caller means; a number that nobody or a family has finds only what has no name yet."""
    if call.contact_id is None and call.number is None:
        return None
    nameless = (Issue.phone == call.number, Issue.contact_id.is_(None))
    mine = (Issue.contact_id == call.contact_id,) if call.contact_id else nameless
    wanted = select(Issue).where(*mine, Issue.kind == "ticket", Issue.state.in_(OPEN_STATES))
    return session.scalars(wanted.order_by(Issue.changed_at.desc(), Issue.id.desc())).first()


def _units(session: Session, call: Call) -> list[tuple[InstalledProduct, ProductModel]]:
    contact = session.get(ContactPerson, call.contact_id) if call.contact_id else None
    if contact is None:
        return []
    rows = session.execute(
        select(InstalledProduct, ProductModel)
        .join(ProductModel, ProductModel.code == InstalledProduct.model_code)
        .where(InstalledProduct.customer_id == contact.customer_id)
        .order_by(InstalledProduct.id)
    )
    return [(unit, model) for unit, model in rows]


def _owned(session: Session, call: Call) -> list[OwnedProduct]:
    return [
        OwnedProduct(unit.serial, model.appliance, model.code, unit.room, model.code)
        for unit, model in _units(session, call)
    ]


def _new_ticket(session: Session, call: Call, words: str, read: Triage | None, *, at: datetime) -> Issue:
    """A ticket in the caller's words, read as a message is; the unit follows where only one can be meant."""
    contact = session.get(ContactPerson, call.contact_id) if call.contact_id else None
    units = _units(session, call)
    meant = [unit for unit, model in units if read is None or read.appliance in ("none", model.appliance)]
    unit = meant[0] if len(meant) == 1 else None
    appliance = read.appliance if read and read.appliance != "none" else None
    issue = issues.open_ticket(
        session,
        subject=words or i18n.translate(call.language, "call.subject.person"),
        channel="phone",
        phone=call.number,
        language=call.language,
        contact=contact,
        site_id=unit.site_id if unit else None,
        product_id=unit.id if unit else None,
        appliance=appliance,
        symptom=read.symptom if read else None,
        urgency=read.urgency if read else "normal",
        safety=read.safety if read else False,
        category=issue_rules.category_of(read.intent) if read else "question",
        by=contact.actor() if contact else Actor(kind="customer"),
        at=at,
    )
    issue.team = read.team if read else issue.team
    return issue


def rung_at(session: Session, call: Call, given: str, *, region: str, at: datetime) -> bool:
    """The number that a caller with a withheld one wants to be rung at; what is no number is kept as his words."""
    number = parse_number(given, region)
    if number is None:
        session.add(CallWords(call_id=call.id, step="number", text=given[:64], at=at))
        return False
    call.number = number
    if call.issue_id is not None:
        issue = session.get_one(Issue, call.issue_id)
        issue.phone = issue.phone or number
    return True


def contact_made(
    session: Session, call: Call, *, at: datetime, issue: Issue | None = None, reason: str | None = None
) -> None:
    """One interaction a call: it is written once, and a ticket takes the place of a reason why not."""
    known = session.scalar(select(Interaction).where(Interaction.call_id == call.id))
    if known is None:
        service.interaction(
            session, "call", at=at, call=call, contact_id=call.contact_id,
            issue_id=issue.id if issue else None, reason=None if issue else reason,
        )  # fmt: skip
    elif issue is not None and known.issue_id is None:
        known.issue_id, known.no_issue_reason = issue.id, None
