"""The ticket list and the ticket page."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.channels import consent
from helpdesk.channels.prices import composing
from helpdesk.chatbot.talk import owner_of
from helpdesk.dispatch.models import Visit
from helpdesk.extensions import db
from helpdesk.hotline import queue
from helpdesk.now import now
from helpdesk.tickets import present, queries, service
from helpdesk.tickets.timeline import timeline
from helpdesk.tickets.work_views import of_page
from order_core.acquisition.enquiry.queries import of_ticket
from order_core.aftersales import service as aftersales
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.rules import CAUSES, REMEDIES
from order_core.execution.models import Order, OrderLine
from order_core.issues import rules as issue_rules
from order_core.issues import service as issues
from order_core.issues.models import Issue, IssueLink
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, Customer, Person, ProductModel, Site
from order_core.rulebook.roles import GRANTS

bp = Blueprint("tickets", __name__, url_prefix="/tickets")

STEP_FIELDS: dict[str, tuple[str, ...]] = {
    "classify": ("category", "urgency"),
    "assign": ("assignee_id",),
    "return": ("reason",),
    "contact": ("notes",),
    "act": ("mode",),
    "verify": ("cause_code", "remedy", "result"),
    "fail": ("failure",),
    "void": ("reason", "duplicate_of"),
}
"""The form of each step of the Issue machine."""


def _actor() -> Actor:
    actor = current_actor()
    assert actor is not None  # the door has seen to it
    return actor


@bp.get("/<number>")
@door("ticket.read")
def detail(number: str) -> str:
    """One ticket: thread and journal as a timeline, what belongs to it beside it, the steps one may take."""
    session, actor = db.session(), _actor()
    at = now(session)
    issue = queries.by_number(session, number)
    customer = session.get(Customer, issue.customer_id) if issue.customer_id else None
    assignee = session.get(Person, issue.assignee_id) if issue.assignee_id else None
    clock = queries.running_clocks(session, [issue.id]).get(issue.id)
    return render_template(
        "tickets/detail.html",
        ticket={
            **present.facts(issue, customer, assignee, clock, at),
            "stepper": present.stepper(issue.state),
        },
        timeline=timeline(session, issue),
        talk=owner_of(session, issue),
        customer=_customer(issue, customer),
        **_product(issue, at),
        visits=_visits(issue),
        related=_related(issue),
        wish=_requirement(issue),
        may_capture=issue.kind == "ticket" and GRANTS.may(actor, "enquiry.capture"),
        actions=_actions(issue, actor, at),
        work=of_page(session, issue, actor, at),
        may_step=GRANTS.may(actor, "ticket.step"),
        may_reply=GRANTS.may(actor, "ticket.reply") and bool(issue.phone),
        composing=composing(issue.phone or ""),
        may_call=issue.kind == "callback" and issue.state in ("assigned", "contacted") and bool(issue.phone),
    )


@bp.post("/<number>/note")
@door("ticket.reply")
def note(number: str) -> Response:
    """Write an internal note."""
    session = db.session()
    issue = queries.by_number(session, number)
    service.add_note(session, issue, request.form.get("text", ""), by=_actor(), at=now(session))
    return redirect(url_for("tickets.detail", number=number))


@bp.post("/<number>/steps/<step>")
@door("ticket.step")
def step(number: str, step: str) -> Response:
    """Take a declared step with the fields of its form."""
    session = db.session()
    issue = queries.by_number(session, number)
    version = request.form.get("version", "")
    values: dict[str, Any] = {name: request.form.get(name, "").strip() for name in STEP_FIELDS.get(step, ())}
    if values.get("assignee_id"):
        values["assignee_id"] = int(values["assignee_id"]) if values["assignee_id"].isdecimal() else 0
    service.take_step(
        session,
        issue,
        step,
        values,
        by=_actor(),
        at=now(session),
        expected_version=int(version) if version.isdecimal() else None,
    )
    return redirect(url_for("tickets.detail", number=number))


@bp.post("/<number>/call")
@door("ticket.reply")
def call(number: str) -> Response:
    """Ring the customer of a call-back."""
    session = db.session()
    queue.call_back(session, queries.by_number(session, number), by=_actor(), at=now(session))
    return redirect(url_for("tickets.detail", number=number))


def _customer(issue: Issue, customer: Customer | None) -> dict[str, Any] | None:
    session = db.session()
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    site = session.get(Site, issue.site_id) if issue.site_id else None
    if contact is None and issue.phone is None:
        return None
    return {
        "name": contact.name if contact else gettext("customer.unknown"),
        "customer": customer.name if customer else "",
        "phone": issue.phone,
        "language": present.label("language", contact.language if contact else issue.language),
        "address": site.address if site else "",
        "consent": gettext(f"consent.{consent.standing(session, issue.phone)}") if issue.phone else "",
    }


def _product(issue: Issue, at: datetime) -> dict[str, Any]:
    """Unit, warranty and order of a ticket; none of them for a ticket without a unit."""
    session = db.session()
    unit = session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    if unit is None:
        return {"product": None, "warranty": None, "order": None}
    model = session.get_one(ProductModel, unit.model_code)
    entitled = aftersales.warranty(session, unit, at=at)
    order = session.scalars(
        select(Order).join(OrderLine, OrderLine.order_id == Order.id).where(OrderLine.id == unit.order_line_id)
    ).one()
    from helpdesk.auth.sessions import reader_language

    return {
        "product": {
            "model": model.code,
            "name": model.names.get(reader_language(), model.code),
            "serial": unit.serial,
            "lot": unit.lot,
            "room": unit.room,
        },
        "warranty": {
            "covered": entitled.covered,
            "until": entitled.until,
            "rule_text": gettext("warranty.rule", rule=entitled.rule),
        },
        "order": {
            "number": order.number,
            "href": f"/orders/{order.number}",
            "state_label": present.label("state.Order", order.state),
        },
    }


def _visits(issue: Issue) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(Visit).where(Visit.issue_id == issue.id).order_by(Visit.id.desc()))
    return [
        {
            "number": visit.number,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "zone": visit.site.zone,
            "technician": visit.technician.person.name if visit.technician else "",
            "state": visit.state,
            "state_label": present.label("state.Visit", visit.state),
            "part": visit.part_code or "",
        }
        for visit in rows
    ]


def _related(issue: Issue) -> list[dict[str, str]]:
    links = db.session.scalars(
        select(IssueLink).where((IssueLink.issue_id == issue.id) | (IssueLink.other_id == issue.id))
    )
    found = []
    for link in links:
        other = db.session.get_one(Issue, link.other_id if link.issue_id == issue.id else link.issue_id)
        place = "quality" if other.kind == "quality" else "tickets"
        found.append(
            {
                "number": other.number,
                "href": f"/{place}/{other.number}",
                "label": gettext(f"issue.kind.{other.kind}"),
                "state_label": present.label("state.Issue", other.state),
            }
        )
    return found


def _requirement(issue: Issue) -> dict[str, str] | None:
    """What sales made of the ticket, if it was turned into a requirement."""
    found = of_ticket(db.session(), issue.id)
    return {"label": found.label, "href": f"/orders/enquiries/{found.enquiry.number}"} if found else None


def _actions(issue: Issue, actor: Actor, at: datetime) -> list[dict[str, Any]]:
    """The steps from here: with their forms, or with the reason why not for this reader."""
    return [
        {
            "step": choice.transition.step,
            "label": gettext(f"step.Issue.{choice.transition.step}"),
            "enabled": choice.refusal is None,
            "why_not": gettext(f"error.{choice.refusal.code}", **choice.refusal.params) if choice.refusal else "",
            "href": url_for("tickets.step", number=issue.number, step=choice.transition.step),
            "fields": [_field(name, issue) for name in STEP_FIELDS.get(choice.transition.step, ())],
        }
        for choice in issues.available(db.session(), issue, by=actor, at=at)
    ]


def _field(name: str, issue: Issue) -> dict[str, Any]:
    options: dict[str, tuple[tuple[str, str], ...]] = {
        "category": tuple((c, present.label("category", c)) for c in issue_rules.CATEGORIES),
        "urgency": tuple((u, present.label("urgency", u)) for u in issue_rules.URGENCIES),
        "mode": tuple((m, present.label("mode", m)) for m in issue_rules.MODES),
        "cause_code": tuple((c, present.label("cause", c)) for c in CAUSES),
        "remedy": tuple((r, present.label("remedy", r)) for r in REMEDIES),
    }
    choices = _assignees() if name == "assignee_id" else options.get(name, ())
    current = getattr(issue, name, None)
    return {
        "name": name,
        "label": gettext(f"field.{name}"),
        "value": "" if current is None else str(current),
        "options": [{"value": value, "label": text} for value, text in choices],
    }


def _assignees() -> tuple[tuple[str, str], ...]:
    people = db.session.scalars(
        select(Person).where(Person.department_code == "AFS", Person.active).order_by(Person.name)
    )
    return tuple((str(person.id), person.name) for person in people)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
