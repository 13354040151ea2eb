"""The pipeline as a board of stages and as a list: what is shown costs the same however many orders there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.api.paging import decode, encode
from helpdesk.pipeline import search
from helpdesk.tickets.present import label
from order_core.errors import Invalid
from order_core.execution import papers, queries, rules
from order_core.execution.models import Order
from order_core.execution.queries import Wanted
from order_core.parties.models import Customer

Row = dict[str, Any]
CARDS = 30
"""Cards of a column; the list has them all."""
PAGE = 50
TIGHT = 3
"""Days of slack under which an order is watched daily (T-12, 4.1.1)."""


def columns(session: Session, at: datetime) -> list[Row]:
    """The board: stages in their order, each with its count and the orders of least slack."""
    today, counts = papers.house_day(at), queries.counts(session, at=at)
    found = {
        name: queries.stage(session, name, today=today, at=at, limit=CARDS) if counts[name] else []
        for name in rules.STAGES
    }
    names = customer_names(session, [order for orders in found.values() for order in orders])
    return [
        {
            "key": name,
            "label": label("stage", name),
            "count": counts[name],
            "href": f"/orders?view=list&stage={name}",
            "more": counts[name] > len(orders),
            "orders": [card(order, names, today) for order in orders],
        }
        for name, orders in found.items()
    ]


def customer_names(session: Session, orders: Sequence[Order]) -> dict[int, str]:
    """Customer → name, for the customers of these orders."""
    ids = {order.customer_id for order in orders}
    rows = session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(ids))) if ids else None
    return {row.id: row.name for row in rows} if rows else {}


def card(order: Order, names: Mapping[int, str], today: date) -> Row:
    """An order in short."""
    spare = queries.slack_of(order, today)
    return {
        "number": order.number,
        "href": f"/orders/{order.number}",
        "customer": names.get(order.customer_id, ""),
        "model": models(order),
        "state": order.state,
        "state_label": label("state.Order", order.state),
        "agreement": order.agreement,
        "revision": order.revision,
        "committed_on": order.committed_on,
        "promised_on": order.promised_on,
        "projected_on": order.projected_on,
        "delivered_at": order.delivered_at,
        "unexplained": order.unexplained,
        "slack": slack_pill(spare),
    }


def models(order: Order) -> str:
    """Models with their quantities; the first two, and how many more."""
    shown = [f"{line.quantity} × {line.model_code}" for line in order.lines[:2]]
    return ", ".join(shown) + (f" +{len(order.lines) - 2}" if len(order.lines) > 2 else "")


def slack_pill(days: int | None) -> Row | None:
    """Slack in words and tone: late, tight or at ease."""
    if days is None:
        return None
    if days < 0:
        text = gettext("orders.late.one") if days == -1 else gettext("orders.late", n=-days)
        return {"tone": "bad", "icon": "circle-alert", "text": text}
    text = gettext("orders.slack.one") if days == 1 else gettext("orders.slack", n=days)
    return {"tone": "warn" if days < TIGHT else "good", "icon": "clock", "text": text}


@dataclass(frozen=True)
class Page:
    """Rows of the list, and the cursor of the next page, or None."""

    rows: list[Row]
    next: str | None


def listed(session: Session, wanted: Wanted, *, q: str = "", after: str = "", at: datetime, limit: int = PAGE) -> Page:
    """Orders that fit, the newest first, by keyset: page 100 costs what page 1 does.

    Raises:
        Invalid: a cursor that is none of ours.
    """
    today = papers.house_day(at)
    query = queries.narrowed(select(Order), wanted, today=today)
    if q:
        query = query.where(search.orders_about(session, q))
    if after:
        last = decode(after)
        if not last.isdecimal() or len(last) > 18:
            raise Invalid("list.cursor", field="after")
        query = query.where(Order.id < int(last))
    found = session.scalars(query.order_by(Order.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    names = customer_names(session, shown)
    more = encode(shown[-1].id) if len(found) > limit else None
    return Page([card(order, names, today) for order in shown], more)


def day(text: str, field: str) -> date | None:
    """A day of the filter; nothing for nothing. Raises ``Invalid`` for what is no date."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("form.date", field=field) from error
