"""The search page: what holds the words, grouped by what it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.auth.door import SIGNED_IN, current_actor, door
from helpdesk.channels.models import Message
from helpdesk.extensions import db
from helpdesk.search import queries, rules
from helpdesk.search.index import UNDATED
from helpdesk.search.queries import Found
from helpdesk.search.rules import Question
from order_core.aftersales.models import InstalledProduct
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, Customer
from order_core.rulebook.roles import GRANTS

bp = Blueprint("search", __name__)

SHOWN = 12
LONGEST = 90
"""Characters of a message that are shown round the words."""
NEEDS = {
    "ticket": "ticket.read",
    "message": "ticket.read",
    "customer": "ticket.read",
    "product": "ticket.read",
    "order": "order.read",
}
ICONS = {
    "ticket": "inbox",
    "message": "message-square",
    "customer": "user",
    "product": "package",
    "order": "clipboard-list",
}


def _kinds(actor: Actor | None) -> list[str]:
    """What the reader may find."""
    return [kind for kind, permission in NEEDS.items() if GRANTS.may(actor, permission)]


@bp.get("/search")
@door(SIGNED_IN)
def index() -> str:
    """What was found, or why nothing was."""
    session, q = db.session(), request.args.get("q", "").strip()[: rules.LONGEST_QUESTION]
    asked = rules.question(q)
    found = queries.ranked(session, asked, _kinds(current_actor())) if asked else {}
    told = gettext("search.nothing" if asked else "search.odd" if q else "search.empty")
    return render_template(
        "search/found.html", q=q, groups=[_group(session, asked, kind, hits) for kind, hits in found.items()], told=told
    )


def _group(session: Session, asked: Question, kind: str, found: Sequence[Found]) -> dict[str, Any]:
    hits = SHOW[kind](session, asked, [one.ref_id for one in found[:SHOWN]])
    count = str(len(found)) if len(found) < queries.ENOUGH // 2 else f"{len(found)}+"
    more = f"/tickets?view={'open'}&q={asked.folded}" if kind in queries.DATED and len(found) > SHOWN else None
    return {"kind": kind, "label": gettext(f"search.kind.{kind}"), "icon": ICONS[kind], "hits": hits, "count": count,
            "more": more}  # fmt: skip


def _hit(
    asked: Question, title: str, sub: Sequence[str], href: str | None, at: datetime | None = None
) -> dict[str, Any]:
    return {
        "title": marked(asked, title),
        "sub": [text for text in sub if text],
        "href": href,
        "at": at if at and at > UNDATED else None,
    }


def marked(asked: Question, text: str) -> list[tuple[str, bool]]:
    """A text, cut round the first word that was asked for, in parts that are or are not it."""
    folded = rules.fold(text)
    words = [*asked.phrases, *(token for token, _ in asked.wanted if token.isascii())]
    if len(folded) != len(text):  # folding has changed its length: nothing can be marked
        return [(text[:LONGEST], False)]
    places = sorted((start, start + len(word)) for word in words if (start := folded.find(word)) >= 0)
    if not places:
        return [(text[:LONGEST], False)]
    begin = max(0, places[0][0] - LONGEST // 3)
    parts, here = [("…" if begin else "", False)], begin
    for start, end in places:
        if start < here or end > begin + LONGEST:
            continue
        parts += [(text[here:start], False), (text[start:end], True)]
        here = end
    parts.append((text[here : begin + LONGEST], False))
    return [(part, hit) for part, hit in parts if part]


def _ordered(rows: Sequence[Any], ids: Sequence[int]) -> list[Any]:
    by_id = {row.id: row for row in rows}
    return [by_id[i] for i in ids if i in by_id]


def _tickets(session: Session, asked: Question, ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Issue.id, Issue.number, Issue.subject, Issue.state.label("state"), Issue.opened_at, Customer.name)
        .outerjoin(Customer, Customer.id == Issue.customer_id)
        .where(Issue.id.in_(ids))
    ).all()
    return [
        _hit(asked, row.subject, (row.number, row.name or "", gettext(f"state.Issue.{row.state}")),
             f"/tickets/{row.number}", row.opened_at)
        for row in _ordered(rows, ids)
    ]  # fmt: skip


def _messages(session: Session, asked: Question, ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Message.id, Message.body, Message.created_at, Message.author_kind, Issue.number)
        .join(Issue, Issue.id == Message.issue_id)
        .where(Message.id.in_(ids))
    ).all()
    return [
        _hit(asked, row.body, (row.number, gettext(f"author.{row.author_kind}")), f"/tickets/{row.number}",
             row.created_at)
        for row in _ordered(rows, ids)
    ]  # fmt: skip


def _customers(session: Session, asked: Question, ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.scalars(select(Customer).where(Customer.id.in_(ids))).all()
    phones: dict[int, list[str]] = {}
    wanted = select(ContactPerson.customer_id, ContactPerson.phone).where(ContactPerson.customer_id.in_(ids))
    for owner, phone in session.execute(wanted):
        phones.setdefault(owner, []).append(phone or "")
    return [
        _hit(asked, row.name, (row.number, *phones.get(row.id, ())), f"/tickets?q={row.name}")
        for row in _ordered(rows, ids)
    ]


def _products(session: Session, asked: Question, ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(InstalledProduct.id, InstalledProduct.serial, InstalledProduct.model_code, InstalledProduct.lot,
               Customer.name)
        .join(Customer, Customer.id == InstalledProduct.customer_id)
        .where(InstalledProduct.id.in_(ids))
    ).all()  # fmt: skip
    return [_hit(asked, row.serial, (row.model_code, row.lot, row.name), None) for row in _ordered(rows, ids)]


def _orders(session: Session, asked: Question, ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order.id, Order.number, Order.state.label("state"), Customer.name)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Order.id.in_(ids))
    ).all()
    return [
        _hit(asked, row.number, (row.name, gettext(f"state.Order.{row.state}")), f"/orders/{row.number}")
        for row in _ordered(rows, ids)
    ]


SHOW = {"ticket": _tickets, "message": _messages, "customer": _customers, "product": _products, "order": _orders}


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
