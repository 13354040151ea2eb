"""Finishing a visit: parts, test, report, signature; the ticket is verified and its survey queued."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch.models import Visit
from helpdesk.parts import service as parts
from order_core.aftersales import service as aftersales
from order_core.aftersales import surveys
from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.kernel import outbox
from order_core.kernel.actor import Actor
from order_core.kernel.check import REJECTED
from order_core.parties.models import ContactPerson

MAX_SIGNATURE = 400_000
"""Characters of a drawn signature (a data URL): a picture of about 300 kB."""


def complete(session: Session, visit: Visit, data: Mapping[str, Any], *, by: Actor, at: datetime) -> None:
    """Book what the technician reports. ``data``: parts [{code, quantity}], cause_code, remedy, explained,
    result, readings {criterion: value}, signed_name, signature (data URL).

    Raises:
        Refusal: whatever is missing or not allowed; then nothing of it is booked.
    """
    if visit.state != "working":
        raise Conflict("visit.not_working", field="visit", clause="5.2.2-b", number=visit.number)
    issue, technician = visit.issue, visit.technician
    if technician is None or len(str(data.get("signature", ""))) > MAX_SIGNATURE:
        raise Invalid("report.signature", field="signature", clause="5.2.2-b")
    lines, readings = data.get("parts") or [], data.get("readings") or {}
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        raise Invalid("sync.action_field", field="parts", clause="5.2.2-b", name="parts")
    if not isinstance(readings, Mapping):
        raise Invalid("sync.action_field", field="readings", clause="5.2.2-c", name="readings")
    used = parts.use(session, visit, lines, van=technician.van, by=by, at=at)
    report = aftersales.report(
        session,
        issue,
        visit.number,
        cause_code=str(data.get("cause_code", "")),
        remedy=str(data.get("remedy", "")),
        explained=str(data.get("explained", "")),
        parts=used,
        readings=dict(readings),
        signed_name=str(data.get("signed_name", "")),
        signature=str(data.get("signature", "")),
        by=by,
        at=at,
    )
    dispatch.complete(session, visit, report_id=report.id, by=by, at=at)
    values = {
        "cause_code": report.cause_code,
        "remedy": report.remedy,
        "result": str(data.get("result") or report.explained),
        "report": report.digest,
    }
    issues.step(session, issue, "verify", values, by=by, at=at)
    _close(session, visit, by=by, at=at)


def _close(session: Session, visit: Visit, *, by: Actor, at: datetime) -> None:
    """The customer's signature closes the ticket when the test was passed; else a checker has to look."""
    issue = visit.issue
    if aftersales.last_test(session, issue) == REJECTED:
        issues.step(session, issue, "fail", {"failure": "after_repair_test"}, by=issues.checker(issue), at=at)
        return
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    customer = contact.actor(recorded_by=by.id) if contact else Actor(kind="customer", recorded_by=by.id)
    issues.step(session, issue, "close", {}, by=customer, at=at)
    surveys.queue(session, issue, visit_number=visit.number, by=by, at=at)
    outbox.publish(session, "pattern.check", {"issue_id": issue.id}, at=at, key=f"pattern:{issue.id}:{visit.id}")
