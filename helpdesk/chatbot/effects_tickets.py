"""Steps of a turn that concern its ticket: opened, added to, facts recorded, handed to a person."""

import re

from sqlalchemy import select

from helpdesk.channels.models import Interaction, Message
from helpdesk.chatbot import actions as do
from helpdesk.chatbot import follow_up
from helpdesk.chatbot import talk as talks
from helpdesk.chatbot.turn import Turn
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.service import warranty
from order_core.aftersales.surveys import head_of
from order_core.clauses import carries
from order_core.issues import rules
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.parties.models import ProductModel

STEP = r"[a-z_]+(?:\.[a-z0-9_]+)*"
CODE = re.compile(rf"[a-z][a-z0-9_.]{{0,31}}|{STEP}(?:,{STEP}){{1,2}}|[A-Z]+[0-9-]+|[0-9]|zh-Han[ts]")
"""What the dialogue itself coined; anything else may be the customer's own words."""


@carries("case", "5.1.2-a")
def open_ticket(turn: Turn, action: do.OpenTicket) -> None:
    """The ticket with its class, urgency and queue, as the message is read (5.1.2-a)."""
    unit = turn.unit(action.product_serial)
    contact = turn.who.contact
    site = unit.site_id if unit else contact.customer.sites[0].id if contact and contact.customer.sites else None
    turn.issue = issues.open_ticket(
        turn.session,
        subject=action.subject,
        channel="sms",
        phone=turn.who.sender.number,
        language=turn.language,
        contact=contact,
        site_id=site,
        product_id=unit.id if unit else None,
        appliance=None if action.appliance == "none" else action.appliance,
        symptom=action.symptom,
        urgency=action.urgency,
        safety=action.safety,
        category=rules.category_of(action.category),
        by=turn.customer(),
        at=turn.at,
    )
    turn.issue.team = action.team
    turn.opened = True
    if action.follows:
        issues.link(turn.session, turn.issue, turn.numbered(action.follows), "follow_up", at=turn.at)


def add_to_ticket(turn: Turn, action: do.AddToTicket) -> None:
    """The message is the ticket's; a closed one opens again, danger raises it and pages the department."""
    turn.issue = turn.numbered(action.number)
    if action.reopen and turn.issue.state == "closed":
        issues.step(turn.session, turn.issue, "reopen", {}, by=turn.customer(), at=turn.at)
    if action.text:
        _bring_along(turn, turn.issue, action.text)
    if action.safety and not turn.issue.safety:
        turn.issue.safety, turn.issue.urgency = True, "emergency"
        params = {"number": turn.issue.number}
        tell(turn.session, key="ticket.safety", at=turn.at, about=turn.issue, department="AFS", params=params)


def _bring_along(turn: Turn, issue: Issue, text: str) -> None:
    """The message that had to wait for "which matter is this about?" joins that matter, and its contact too."""
    waiting = turn.session.scalars(
        select(Message)
        .where(Message.from_number == turn.message.from_number, Message.direction == "in")
        .where(Message.issue_id.is_(None), Message.id < turn.message.id)
        .order_by(Message.id.desc())
        .limit(5)
    )
    held = next((message for message in waiting if message.body.strip() == text), None)
    if held is None:
        return
    held.issue_id = issue.id
    contact = turn.session.scalars(select(Interaction).where(Interaction.message_id == held.id)).first()
    if contact is not None:
        contact.issue_id, contact.no_issue_reason = issue.id, None


def coded(value: str) -> str:
    """A code as it is; of a customer's own words only their length, for journals are not erased."""
    return value if CODE.fullmatch(value) else f"{len(value)} characters"


@carries("case", "5.1.2-c")
def record_slot(turn: Turn, action: do.RecordSlot) -> None:
    """A fact that the customer told; what takes the place of another leaves both in the trail."""
    issue = turn.ticket()
    if action.name == "product" and (unit := turn.unit(action.value)) is not None:
        _choose_unit(turn, issue, unit)
    if action.name == "symptom":
        issue.symptom = action.value
    if action.name == "since" and action.value == "unknown":
        return
    data = {"fact": action.name} if action.name == "identity" else {"fact": action.name, "value": coded(action.value)}
    if action.corrects:
        data["corrects"] = "yes"
    note(turn.session, issue, "fact_recorded", by=turn.customer(), at=turn.at, data=data, clauses=("5.1.2-c",))


def _choose_unit(turn: Turn, issue: Issue, unit: InstalledProduct) -> None:
    """Another unit has another warranty: it is decided anew, and both decisions stay in the trail (B6)."""
    issue.product_id, issue.site_id = unit.id, unit.site_id
    model = turn.session.get_one(ProductModel, unit.model_code)
    issue.appliance = model.appliance
    found = warranty(turn.session, unit, at=turn.at)
    data = {"unit": unit.serial, "rule": found.rule, "covered": found.covered}
    note(turn.session, issue, "warranty_looked_up", by=WORKER, at=turn.at, data=data, clauses=("5.2.3-b",))


def solved(turn: Turn, action: do.SolvedBySelfHelp) -> None:
    """Solved by the customer himself: noted, and left to a person to confirm and close."""
    data = {"step": action.step}
    note(
        turn.session, turn.ticket(), "selfhelp_helped", by=turn.customer(), at=turn.at, data=data, clauses=("5.2.1-b",)
    )


@carries("case", "5.1.2-b")
def hand_over(turn: Turn, action: do.HandOver) -> None:
    """From here on a person's; the bot is silent until it is given back (B12). The words stay in the thread."""
    turn.talk.owner = "human"
    talks.close(turn.talk)
    issue = turn.issue
    if issue is None:
        return
    tried = {k: coded(v) for k, v in action.summary.items() if k not in ("said", "identity")}
    note(
        turn.session,
        issue,
        "handed_to_person",
        by=WORKER,
        at=turn.at,
        data={"reason": action.reason, **tried},
        clauses=("5.1.2-b",),
    )
    params = {"number": issue.number, "reason": action.reason}
    tell(turn.session, key="ticket.handover", at=turn.at, about=issue, department="AFS", params=params)
    if action.reason == "complaint":
        _promise_call(turn, issue)
    else:
        follow_up.look_later(turn.session, turn.talk.phone, issue, at=turn.at)


def _promise_call(turn: Turn, issue: Issue) -> None:
    """The call that a complaint is promised, with its two clocks, for the head of the department."""
    owner = head_of(turn.session, "AFS")
    issues.open_callback(turn.session, issue, owner_id=owner.id, subject=issue.subject, by=WORKER, at=turn.at)


def identify(turn: Turn, _action: do.Identify) -> None:
    """Who it is has been proved: what is open of this number's becomes his."""
    contact, issue = turn.who.contact, turn.issue
    if issue is not None and contact is not None:
        issue.contact_id, issue.customer_id = contact.id, contact.customer_id
        if issue.site_id is None and contact.customer.sites:
            issue.site_id = contact.customer.sites[0].id
    turn.prove()
