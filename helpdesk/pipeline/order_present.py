"""An order as its page shows it, in the reader's language: lines, differences, questions, revisions, its chain."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_currency, format_date, gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpdesk.pipeline.present import signatures
from helpdesk.tickets.present import clock_pill, label, names_of
from order_core.acquisition import agreement
from order_core.acquisition.contract import service as contracts
from order_core.aftersales.models import InstalledProduct
from order_core.execution import conditions, papers, rules
from order_core.execution.confirmation import QUERY_CLOCK
from order_core.execution.models import Order
from order_core.execution.records import OrderQuery, OrderRevision
from order_core.execution.rules import Content, Difference
from order_core.issues.models import Issue
from order_core.kernel import clock, sign
from order_core.parties.models import Site

Row = dict[str, Any]
MOST_UNITS = 50
"""Units and tickets of an order that its page lists."""


def money(amount: int | None, currency: str) -> str:
    """An amount in words of the reader's language; ``amount`` in hundredths."""
    if amount is None:
        return ""
    return str(format_currency(Decimal(amount) / 100, currency)) if currency else f"{Decimal(amount) / 100:,.2f}"


def name(field: str) -> str:
    """What a field of a difference is called: ``Line 2: quantity``."""
    parts = field.split(".")
    if parts[0] == "agreed":
        return str(gettext("order.line.agreed", n=parts[1]))
    if parts[0] != "lines":
        return str(gettext(f"field.{field}"))
    line = str(gettext("order.line.n", n=parts[1]))
    return f"{line} · {gettext(f'field.{parts[2]}')}" if len(parts) > 2 else line


def value(field: str, plain: Any, currency: str, sites: Mapping[int, str] | None = None) -> str:
    """A value of a difference in the reader's language; a dash for nothing."""
    last = field.split(".")[-1]
    if plain is None or plain == "":
        return "-"
    if last == "unit_price":
        return money(plain, currency)
    if last == "due_on":
        return str(format_date(date.fromisoformat(plain), "medium"))
    if last == "site_id":
        return (sites or {}).get(plain, str(plain))
    if last == "new_design":
        return str(gettext("order.yes" if plain else "order.no"))
    return str(plain)


def said(difference: Difference, currency: str) -> str:
    """A difference on one line: what it is about, as agreed, as ordered."""
    was, now = (value(difference.field, v, currency) for v in (difference.agreed, difference.ordered))
    return f"{name(difference.field)}: {was} → {now}"


def stepper(order: Order) -> list[Row]:
    """The usual way of an order, and where this one stands."""
    stages = list(rules.STAGES)
    here = next((n for n, stage in enumerate(stages) if order.state in rules.STAGES[stage]), None)
    return [
        {"label": label("stage", stage), "done": here is not None and n < here, "current": n == here}
        for n, stage in enumerate(stages)
    ]


def lines(session: Session, order: Order) -> list[Row]:
    """The lines with their places, prices and what is not as agreed."""
    sites, open_fields = _sites(session, order), {d.field for d in papers.differences(session, order)}
    return [
        {
            "n": n,
            "model": line.model_code,
            "specification": line.specification,
            "quantity": line.quantity,
            "price": money(line.unit_price, order.currency),
            "total": money(line.unit_price * line.quantity, order.currency) if line.unit_price is not None else "",
            "due_on": line.due_on,
            "place": sites.get(line.site_id or 0, ""),
            "new_design": line.new_design,
            "differs": any(field == f"lines.{n}" or field.startswith(f"lines.{n}.") for field in open_fields),
        }
        for n, line in enumerate(order.lines, 1)
    ]


def total(order: Order) -> str:
    """What the order is worth, as far as its prices are known."""
    known = sum(line.unit_price * line.quantity for line in order.lines if line.unit_price is not None)
    return money(known, order.currency)


def differences(session: Session, order: Order) -> list[Row]:
    """Agreed, ordered and why, side by side."""
    texts = papers.explanations(session, order)
    open_fields = {d.field for d in papers.unexplained(session, order)}
    names = names_of(session, {row.by_id for row in texts.values() if row.by_id})
    rows = []
    for d in papers.differences(session, order):
        known = texts.get(d.field) if d.field not in open_fields else None
        rows.append(
            {
                "name": name(d.field),
                "agreed": value(d.field, d.agreed, order.currency),
                "ordered": value(d.field, d.ordered, order.currency),
                "why": known.why if known else "",
                "who": names.get(known.by_id or 0, "") if known else "",
            }
        )
    return rows


def queries(session: Session, order: Order, at: datetime) -> list[Row]:
    """Questions and answers as a thread, the oldest first."""
    asked = list(session.scalars(select(OrderQuery).where(OrderQuery.order_id == order.id).order_by(OrderQuery.id)))
    people = {q.asked_by for q in asked if q.asked_by} | {q.answered_by for q in asked if q.answered_by}
    names = names_of(session, people)
    return [
        {
            "number": q.number,
            "department": label("department", q.department),
            "who": names.get(q.asked_by or 0, ""),
            "at": q.asked_at,
            "text": q.text,
            "answer": q.answer,
            "answered_by": names.get(q.answered_by or 0, ""),
            "answered_at": q.answered_at,
            "answered_in": q.answered_in,
            "clock": clock_pill(clock.running(session, q, QUERY_CLOCK, q.department), at),
        }
        for q in asked
    ]


def revisions(session: Session, order: Order) -> list[Row]:
    """Every revision with what it said otherwise than the one before, the newest first."""
    kept, sites = papers.revisions(session, order), _sites(session, order)
    names = names_of(session, {row.made_by for row in kept if row.made_by})
    return [
        {
            "revision": row.revision,
            "at": row.made_at,
            "who": names.get(row.made_by or 0, ""),
            "reason": label("order.revised", row.reason),
            "change": row.change or "",
            "promised_on": row.promised_on,
            "changes": _changed(kept[n - 1] if n else None, row, sites),
            "said": _said_then(row, sites),
        }
        for n, row in reversed(list(enumerate(kept)))
    ]


def _changed(before: OrderRevision | None, after: OrderRevision, sites: Mapping[int, str]) -> list[Row]:
    if before is None:
        return []
    was, now = Content.from_json(before.content), Content.from_json(after.content)
    return [
        {
            "name": name(d.field),
            "before": value(d.field, d.agreed, was.currency, sites),
            "after": value(d.field, d.ordered, now.currency, sites),
        }
        for d in rules.changes(was, now)
    ]


def _said_then(row: OrderRevision, sites: Mapping[int, str]) -> list[str]:
    """The lines of an old revision, one a line."""
    content = Content.from_json(row.content)
    return [
        " · ".join(
            (
                f"{line.quantity} × {line.model_code}",
                line.specification,
                money(line.unit_price, content.currency),
                value("due_on", line.due_on and line.due_on.isoformat(), ""),
                sites.get(line.site_id or 0, ""),
            )
        )
        for line in content.lines
    ]


def endings(session: Session, order: Order) -> list[Row]:
    """Wishes to refuse or cancel the order: why, and who has signed."""
    wishes = [(kind, conditions.find_ending(session, order, kind)) for kind in conditions.ENDINGS]
    return [
        {
            "title": gettext(f"order.ending.{kind}"),
            "reason": ending.reason,
            "at": ending.asked_at,
            "signatures": signatures(session, sign.for_purpose(session, order, kind)),
        }
        for kind, ending in wishes
        if ending is not None
    ]


def chain(session: Session, order: Order) -> Row:
    """What the order came from and what came of it: agreement, units, tickets; each a link (1.1)."""
    line_ids = [line.id for line in order.lines]
    units = session.scalars(
        select(InstalledProduct).where(InstalledProduct.order_line_id.in_(line_ids)).limit(MOST_UNITS)
    ).all()
    of_units = Issue.product_id.in_([unit.id for unit in units])
    issues = session.scalars(
        select(Issue).where(or_(Issue.order_id == order.id, of_units)).order_by(Issue.id.desc()).limit(MOST_UNITS)
    ).all()
    return {
        "agreement": {"number": order.agreement, "href": _agreement_href(session, order.agreement)},
        "units": [f"{unit.serial} ({unit.lot})" for unit in units],
        "issues": [_issue(issue) for issue in issues],
    }


def _agreement_href(session: Session, number: str) -> str:
    """The page of the contract or quote; nothing for one that we do not know."""
    if contracts.by_number(session, number) is not None:
        return f"/orders/contracts#{number}"
    return f"/orders/quotes/{number}" if agreement.find(session, number) is not None else ""


def _issue(issue: Issue) -> Row:
    place = "quality" if issue.kind == "quality" else "tickets"
    return {
        "number": issue.number,
        "href": f"/{place}/{issue.number}",
        "subject": issue.subject,
        "state": issue.state,
        "state_label": label("state.Issue", issue.state),
    }


def _sites(session: Session, order: Order) -> dict[int, str]:
    rows: Sequence[Site] = session.scalars(select(Site).where(Site.customer_id == order.customer_id)).all()
    return {site.id: site.label for site in rows}
