"""Telling a customer that an offer is there (1.3-a, 2.3.1-b)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.pipeline.customers import tells
from order_core.acquisition.quote import terms
from order_core.acquisition.quote.models import Quote, QuoteRevision
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import ContactPerson


@tells(Quote.__case_kind__)
def tell_customer(session: Session, entry: JournalEntry, at: datetime) -> Message | None:
    """That the offer is there, in the customer's language, from what was frozen; none without a number."""
    wanted = (QuoteRevision.quote_id == entry.case_id, QuoteRevision.revision == (entry.data or {}).get("revision"))
    sent = session.scalars(select(QuoteRevision).where(*wanted)).first()
    content = sent.content if sent is not None and entry.step == "send" else {}
    contact = session.get(ContactPerson, content.get("contact_id") or 0)
    if contact is None or contact.phone is None:
        return None
    due = max(line["due_on"] for line in content["lines"])
    return channels.send(
        session,
        contact=contact,
        to=contact.phone,
        purpose="quote.sent",
        params={"number": content["number"], "until": terms.day(content["valid_until"]), "on": terms.day(due)},
        language=contact.language,
        at=at,
    )
