"""What a product has done to the world, in a form that two runs can be compared in."""

from collections import Counter

from sqlalchemy import select

from helpdesk.channels.models import Interaction, Message
from helpdesk.now import now
from order_core.aftersales.models import Survey
from order_core.issues.models import Issue
from order_core.kernel.journal import JournalEntry
from order_core.kernel.ledger import StockMove
from order_core.kernel.outbox import OutboxRow
from tests.e2e.product import Product

Effects = dict[str, Counter[tuple[object, ...]]]


def effects(product: Product) -> Effects:
    """Messages, tickets, journal steps, parts and surveys, counted without their numbers and times."""
    with product.reading() as session:
        return {
            "messages": Counter(
                (m.direction, m.to_number if m.direction == "out" else m.from_number, m.purpose, m.status)
                for m in session.scalars(select(Message))
            ),
            "contacts": Counter((i.channel, i.issue_id is None) for i in session.scalars(select(Interaction))),
            "issues": Counter((i.kind, i.state, i.cause_code) for i in session.scalars(select(Issue))),
            "journal": Counter((e.kind, e.step, e.to_state) for e in session.scalars(select(JournalEntry))),
            "parts": Counter((m.item, m.quantity, m.target, m.reason) for m in session.scalars(select(StockMove))),
            "surveys": Counter((s.state, s.score) for s in session.scalars(select(Survey))),
        }


def unfinished(product: Product) -> list[tuple[str, str, str | None]]:
    """Work that is due and not done, or was given up: (topic, state, error)."""
    with product.reading() as session:
        at = now(session)
        rows = session.scalars(select(OutboxRow).where(OutboxRow.state.not_in(("done", "cancelled"))))
        return [(r.topic, r.state, r.last_error) for r in rows if r.state != "pending" or r.due_at <= at]
