"""How records look outside: field names of the API, times in ISO 8601 with offset."""

from datetime import datetime
from typing import Any

from helpdesk.channels.models import Call, Message
from helpdesk.dispatch.models import Technician, Visit
from helpdesk.parts.models import Part
from order_core.aftersales.models import InstalledProduct, Survey
from order_core.issues.models import Issue
from order_core.kernel.ledger import StockMove
from order_core.parties.models import Customer


def instant(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with offset."""
    return value.isoformat() if value else None


def customer(row: Customer) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "contacts": [{"name": c.name, "phone": c.phone, "language": c.language} for c in row.contacts],
        "sites": [{"label": s.label, "address": s.address, "postcode": s.postcode} for s in row.sites],
    }


def product(row: InstalledProduct) -> dict[str, Any]:
    return {
        "serial": row.serial,
        "lot": row.lot,
        "model": row.model_code,
        "room": row.room,
        "customer_id": row.customer_id,
        "accepted_at": instant(row.accepted_at),
    }


def ticket(row: Issue) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "state": row.state,
        "version": row.version,
        "subject": row.subject,
        "channel": row.channel,
        "language": row.language,
        "phone": row.phone,
        "customer_id": row.customer_id,
        "product_id": row.product_id,
        "category": row.category,
        "appliance": row.appliance,
        "symptom": row.symptom,
        "urgency": row.urgency,
        "safety": row.safety,
        "team": row.team,
        "assignee_id": row.assignee_id,
        "department": row.department,
        "mode": row.mode,
        "cause_code": row.cause_code,
        "remedy": row.remedy,
        "result": row.result,
        "opened_at": instant(row.opened_at),
        "changed_at": instant(row.changed_at),
        "closed_at": instant(row.closed_at),
    }


def message(row: Message) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "sid": row.sid,
        "from": row.from_number,
        "to": row.to_number,
        "body": row.body,
        "media": row.media,
        "purpose": row.purpose,
        "author": row.author_kind,
        "language": row.language,
        "status": row.status,
        "error_code": row.error_code,
        "ticket_id": row.issue_id,
        "created_at": instant(row.created_at),
        "sent_at": instant(row.sent_at),
    }


def call(row: Call) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "sid": row.sid,
        "number": row.number,
        "state": row.state,
        "language": row.language,
        "ticket_id": row.issue_id,
        "started_at": instant(row.started_at),
        "queued_at": instant(row.queued_at),
        "ended_at": instant(row.ended_at),
        "seconds": row.seconds,
    }


def appointment(row: Visit) -> dict[str, Any]:
    return {
        "number": row.number,
        "ticket": row.issue.number,
        "state": row.state,
        "starts_at": instant(row.starts_at),
        "ends_at": instant(row.ends_at),
        "technician_id": row.technician_id,
        "part": row.part_code,
        "arrived_at": instant(row.arrived_at),
        "completed_at": instant(row.completed_at),
    }


def technician(row: Technician) -> dict[str, Any]:
    return {
        "id": row.person_id,
        "name": row.person.name,
        "skills": row.skills,
        "van": row.van,
        "zone": row.zone,
        "shift": row.shift,
        "active": row.active,
    }


def part(row: Part) -> dict[str, Any]:
    return {"code": row.code, "names": row.names, "price": row.price, "currency": row.currency}


def stock_move(row: StockMove) -> dict[str, Any]:
    return {
        "id": row.id,
        "item": row.item,
        "lot": row.lot,
        "from": row.source,
        "to": row.target,
        "quantity": row.quantity,
        "reason": row.reason,
        "cause_kind": row.cause_kind,
        "cause_id": row.cause_id,
        "at": instant(row.at),
    }


def survey(row: Survey) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "ticket_id": row.issue_id,
        "visit": row.visit_number,
        "score": row.score,
        "comment": row.comment,
        "sent_at": instant(row.sent_at),
        "answered_at": instant(row.answered_at),
    }
