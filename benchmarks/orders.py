"""A company with many orders, made in bulk: the same mix of stages at every size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from order_core.db import Base
from order_core.execution.models import Order, OrderLine
from order_core.parties.models import Customer, Site

MIX = (
    ("draft", 10), ("issued", 15), ("queried", 5), ("confirmed", 25), ("executing", 40), ("delivered", 4),
    ("rectifying", 1),
)  # fmt: skip
"""State → share of the open orders in hundredths."""
STATES = tuple(state for state, share in MIX for _ in range(share))
MODELS = ("RF-520", "WM-900", "AC-350", "DW-600")
STALE = 50
"""One projection in so many has passed."""
BATCH = 5_000


def fill(session: Session, count: int, *, at: datetime) -> None:
    """So many open orders and a tenth of it finished lately, each with a line; a customer for every ten."""
    first = (session.scalar(select(Customer.id).order_by(Customer.id.desc()).limit(1)) or 0) + 1
    owners = range(first, first + max(count // 10, 1))
    _rows(session, Customer, ({"id": n, "name": f"客戶 {n}", "number": f"B{n:06d}"} for n in owners))
    places = (
        {"id": n, "customer_id": n, "label": "店", "address": "-", "postcode": "", "lat": 22.3, "lon": 114.2,
         "zone": "Asia/Hong_Kong"}
        for n in owners
    )  # fmt: skip
    _rows(session, Site, places)
    start = (session.scalar(select(Order.id).order_by(Order.id.desc()).limit(1)) or 0) + 1
    numbers = range(start, start + count + count // 10)
    _rows(session, Order, (_order(n, owners[n % len(owners)], n - start >= count, at) for n in numbers))
    _rows(session, OrderLine, (_line(n, owners[n % len(owners)], at.date()) for n in numbers))


def _rows(session: Session, model: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    table = cast(Table, model.__table__)
    while batch := list(islice(rows, BATCH)):
        session.execute(insert(table), batch)


def _order(n: int, customer: int, done: bool, at: datetime) -> dict[str, Any]:
    state = "accepted" if done else STATES[n % len(STATES)]
    promised = at.date() + timedelta(days=n * 37 % 90 - 10)
    projected = None
    if state == "executing":
        projected = at.date() + timedelta(days=-3 if n % STALE == 0 else n * 53 % 80)
    moment = at - timedelta(minutes=n % 20_000)
    return {
        "id": n, "number": f"B26-{n:06d}", "state": state, "revision": 1, "version": 1, "opened_at": moment,
        "changed_at": moment, "customer_id": customer, "agreement": "CT-0203", "currency": "HKD", "payment_terms": "",
        "service_terms": "", "promised_on": promised, "committed_on": promised, "projected_on": projected,
        "slack_days": (promised - projected).days if projected else None, "unexplained": 0, "confirmers": [],
    }  # fmt: skip


def _line(n: int, site: int, today: date) -> dict[str, Any]:
    return {
        "order_id": n, "model_code": MODELS[n % len(MODELS)], "specification": f"規格 {n % 7}", "quantity": n % 9 + 1,
        "due_on": today, "site_id": site, "new_design": False, "unit_price": 500_000,
    }  # fmt: skip
