"""How somebody is reached: by which channel, and by which clock he lives."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.capabilities import WHATSAPP, capability
from helpdesk.channels.models import Message
from order_core.parties.models import ContactPerson, Site

WHATSAPP_WINDOW = timedelta(hours=24)
"""WhatsApp lets one answer in one's own words for so long after the customer's last message."""


def address_for(session: Session, to: str, *, at: datetime) -> str:
    """Where to reach a number: by WhatsApp when its last message came that way and may still be answered so."""
    if to.startswith(WHATSAPP):
        return to
    last = session.scalars(
        select(Message.from_number)
        .where(Message.from_number.in_((to, WHATSAPP + to)), Message.created_at > at - WHATSAPP_WINDOW)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    return last or to


def zone_of(session: Session, contact_id: int | None, to: str) -> str:
    """Where somebody is: his first site's zone, else his number's country's, else UTC."""
    site = (
        select(Site.zone)
        .join(ContactPerson, ContactPerson.customer_id == Site.customer_id)
        .where(ContactPerson.id == contact_id)
        .order_by(Site.id)
    )
    known = session.scalars(site.limit(1)).first() if contact_id else None
    return known or capability(to).zone or "UTC"
