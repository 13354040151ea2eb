"""What is known of a caller while a step is answered, read from the records; and what he may hear of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.channels.models import Call
from helpdesk.dispatch.machine import OPEN, UNDER_WAY
from helpdesk.dispatch.models import Visit
from helpdesk.hotline import rules, saying, service
from helpdesk.hotline.hours import calendar
from helpdesk.hotline.models import CallTalk
from helpdesk.hotline.talk import Facts, Known, Say, Talk, Tongue
from helpdesk.pipeline.queries import order_status_for
from order_core.aftersales.models import InstalledProduct
from order_core.clauses import carries
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.parties.models import ContactPerson, Site


def tongue_of(call: Call) -> Tongue:
    """What to greet a caller in: his language, and Cantonese where the number is of Hong Kong or Macau."""
    if call.language == "zh-Hans":
        return "cmn-Hans"
    if call.language == "zh-Hant":
        return "yue" if (call.number or "").startswith(("+852", "+853")) else "cmn-Hant"
    return "en"


def facts(session: Session, call: Call, talk: Talk | None, row: CallTalk | None, *, at: datetime) -> Facts:
    """Everything that the coming turn may depend on. A number that was only keyed in identifies nobody."""
    typed = talk is not None and talk.asked_number
    number = None if typed else call.number
    return Facts(
        known=tuple(_known(session, contact) for contact in service.contacts(session, number)),
        ours=service.one_of_ours(session, number) is not None,
        withheld=call.number is None,
        open=calendar(session).is_open(at),
        barred=_failures(session, number, at) >= rules.BARRED_AFTER,
        textable=number is not None,
        code=row is not None and row.code_until is not None and at < row.code_until,
    )


def _known(session: Session, contact: ContactPerson) -> Known:
    """A contact with what he could prove himself by: the postcode and a serial of each unit of the household."""
    rows = session.execute(
        select(Site.postcode, InstalledProduct.serial)
        .join(Site, Site.id == InstalledProduct.site_id)
        .where(InstalledProduct.customer_id == contact.customer_id)
    )
    proofs = (rules.proof(postcode, serial) for postcode, serial in rows)
    return Known(contact.id, contact.name, frozenset(proof for proof in proofs if proof))


def _failures(session: Session, number: str | None, at: datetime) -> int:
    """Failed checks of all calls from a number lately."""
    if number is None:
        return 0
    rows = session.scalars(
        select(CallTalk.state)
        .join(Call, Call.id == CallTalk.call_id)
        .where(Call.number == number, Call.started_at > at - rules.BARRED_WITHIN)
    )
    return sum(int(state.get("failures", 0)) for state in rows)


# --- what is told -------------------------------------------------------------------------------------------------


@carries("guard", "1.3-a")
def told(session: Session, talk: Talk, wish: str, language: str) -> Say:
    """The next event of what a caller asks for, from live records; nothing of anybody for one who is not known."""
    if wish == "order":
        caller = talk.checked or talk.person  # the dialogue lets a number that is one person's speak for him here
        return _order(session, session.get(ContactPerson, caller) if caller else None, language)
    contact = session.get(ContactPerson, talk.checked) if talk.checked else None
    return _visit(session, contact, language) if wish == "visit" else _ticket(session, contact, language)


def _order(session: Session, contact: ContactPerson | None, language: str) -> Say:
    status = order_status_for(session, contact) if contact else None
    if status is None:
        return Say("no_order")
    date = ""
    if status.open and status.on:
        date = saying.day(status.on, language)
    state = i18n.translate(language, f"state.Order.{status.state}")
    return Say("order_status", {"number": status.number, "state": state, "date": date})


def _visit(session: Session, contact: ContactPerson | None, language: str) -> Say:
    visit = _next_visit(session, contact) if contact else None
    if visit is None:
        return Say("no_visit")
    if visit.state in ("on_site", "working"):
        return Say("visit_here")
    purpose = "visit_on_the_way" if visit.state == "en_route" else "visit_status"
    return Say(purpose, {"when": saying.window(visit.starts_at, visit.ends_at, visit.site.zone, language)})


def _ticket(session: Session, contact: ContactPerson | None, language: str) -> Say:
    issue = _newest_ticket(session, contact) if contact else None
    if issue is None:
        return Say("no_ticket")
    state = i18n.translate(language, f"state.Issue.{issue.state}")
    return Say("ticket_status", {"number": issue.number, "state": state})


def _next_visit(session: Session, contact: ContactPerson) -> Visit | None:
    return session.scalars(
        select(Visit)
        .join(Issue, Issue.id == Visit.issue_id)
        .where(Issue.customer_id == contact.customer_id, Visit.state.in_((*OPEN, *UNDER_WAY)))
        .order_by(Visit.starts_at)
    ).first()


def _newest_ticket(session: Session, contact: ContactPerson) -> Issue | None:
    return session.scalars(
        select(Issue)
        .where(Issue.customer_id == contact.customer_id, Issue.kind == "ticket", Issue.state.in_(OPEN_STATES))
        .order_by(Issue.changed_at.desc(), Issue.id.desc())
    ).first()
