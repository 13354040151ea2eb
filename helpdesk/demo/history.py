"""What happened before today: orders driven through by the right departments, and earlier faults of one lot."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call
from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import ContractLine
from order_core.aftersales import installation
from order_core.aftersales.models import InstalledProduct
from order_core.execution import service as orders
from order_core.execution.models import Order, OrderLine
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson, Customer, Person

CONFIRMERS = ("pro", "qua", "log")
LOT = "RF-2609-A"
CAUSE = "drain_heater_open"

# customer, model, serial, lot, room, days ago accepted
UNITS = (
    ("lin", "RF-520", "RF520-26090117", LOT, "廚房", 200),
    ("ho", "RF-520", "RF520-26090093", LOT, "廚房", 205),
    ("lau", "RF-520", "RF520-26090105", LOT, "客廳", 198),
    ("chen", "WM-900", "WM900-26050412", "WM-2605-C", "阳台", 320),
    ("chen", "AC-350", "AC350-26060220", "AC-2606-B", "客厅", 300),
    ("smith", "DW-600", "DW600-26030077", "DW-2603-A", "kitchen", 400),
    ("wang", "WM-900", "WM900-26050377", "WM-2605-C", "後陽台", 310),
)


PAYMENT_TERMS = "交貨後 30 天 · 30 days after delivery"
SERVICE_TERMS = "零件 36 個月、工資 24 個月 · parts 36 months, labour 24 months"
PRICES = {"RF-520": 899_900, "WM-900": 649_900, "AC-350": 529_900, "DW-600": 719_900}
"""Net prices in cents."""


def add_orders(session: Session, staff: dict[str, Person], customers: dict[str, Customer], *, at: datetime) -> None:
    """One finished order a unit; and one of Smith's that is being made, promised for next week."""
    for index, (key, model, serial, lot, room, days) in enumerate(UNITS, 1):
        accepted = at - timedelta(days=days)
        order = _confirmed(session, staff, customers[key], model, f"CT-{index:04d}", accepted - timedelta(days=40))
        _delivered(session, staff, customers[key], order, at=accepted)
        line = order.lines[0]
        installation.install(session, order, line, [(serial, lot)], room=room, at=accepted)
        orders.close(session, order, by=staff["sal"].actor(), at=accepted + timedelta(hours=1))
    started = at - timedelta(days=12)
    order = _confirmed(session, staff, customers["smith"], "WM-900", "CT-0100", started, due=at + timedelta(days=7))
    orders.start(
        session,
        order,
        projected_on=(at + timedelta(days=6)).date(),
        by=staff["pro"].actor(),
        at=started + timedelta(days=2),
    )


def _confirmed(
    session: Session,
    staff: dict[str, Person],
    customer: Customer,
    model: str,
    agreement: str,
    at: datetime,
    due: datetime | None = None,
) -> Order:
    sales = staff["sal"].actor()
    contracts.keep(
        session,
        number=agreement,
        customer_id=customer.id,
        currency="HKD",
        valid_from=at.date(),
        valid_until=(at + timedelta(days=730)).date(),
        payment_terms=PAYMENT_TERMS,
        service_terms=SERVICE_TERMS,
        lines=[ContractLine(model_code=model, specification=f"{model}, standard", unit_price=PRICES[model])],
        by=sales,
        at=at,
    )
    line = OrderLine(
        model_code=model,
        specification=f"{model}, standard",
        quantity=1,
        due_on=(due or at + timedelta(days=45)).date(),
        site_id=customer.sites[0].id,
    )
    order = orders.draft(session, customer_id=customer.id, agreement=agreement, lines=[line], by=sales, at=at)
    orders.issue(session, order, by=sales, at=at)
    for hours, key in enumerate((*CONFIRMERS, "hua"), 1):
        orders.confirm(session, order, by=staff[key].actor(), at=at + timedelta(hours=hours))
    return order


def _delivered(session: Session, staff: dict[str, Person], customer: Customer, order: Order, *, at: datetime) -> None:
    started = at - timedelta(days=35)
    orders.start(session, order, projected_on=at.date(), by=staff["pro"].actor(), at=started)
    contact = customer.contacts[0]
    orders.deliver(session, order, contact.name, by=staff["log"].actor(), at=at - timedelta(hours=1))
    orders.accept(session, order, by=contact.actor(recorded_by=staff["log"].id), at=at)


def add_past_faults(
    session: Session, staff: dict[str, Person], customers: dict[str, Customer], *, at: datetime
) -> None:
    """Two neighbours' refrigerators of the same lot had the same fault lately, cured over the phone."""
    for key, days in (("ho", 40), ("lau", 19)):
        customer = customers[key]
        product = session.scalars(select(InstalledProduct).where(InstalledProduct.customer_id == customer.id)).one()
        _solved_ticket(session, staff, customer, product, at=at - timedelta(days=days))


def _solved_ticket(
    session: Session,
    staff: dict[str, Person],
    customer: Customer,
    product: InstalledProduct,
    *,
    at: datetime,
) -> None:
    contact, mei, hua = customer.contacts[0], staff["mei"].actor(), staff["hua"].actor()
    issue = issues.open_ticket(
        session,
        subject="冰箱下層不冷，底部積水",
        channel="phone",
        phone=contact.phone,
        language=contact.language,
        contact=contact,
        site_id=product.site_id,
        product_id=product.id,
        appliance="refrigerator",
        symptom="not_cooling",
        category="fault",
        by=mei,
        at=at,
    )
    steps: tuple[tuple[str, dict[str, Any], Any], ...] = (
        ("classify", {"category": "fault", "urgency": "normal"}, mei),
        ("assign", {"assignee_id": staff["mei"].id}, mei),
        ("contact", {"notes": "下層不冷，底部有水"}, mei),
        ("act", {"mode": "phone"}, mei),
        ("verify", {"cause_code": CAUSE, "remedy": "part_replaced", "result": "換件後恢復正常"}, mei),
        ("close", {}, hua),
    )
    for minutes, (step, data, by) in enumerate(steps, 1):
        issues.step(session, issue, step, data, by=by, at=at + timedelta(minutes=20 * minutes))
    _rang(session, contact, issue, at + timedelta(minutes=20 * len(steps) + 6))


def _rang(session: Session, contact: ContactPerson, issue: Issue, end: datetime) -> None:
    """The customer heard of it by telephone."""
    session.add(
        Call(
            direction="out",
            sid=None,
            number=contact.phone,
            contact_id=contact.id,
            language=contact.language,
            state="ended",
            started_at=end - timedelta(minutes=5),
            ended_at=end,
            seconds=240,
            issue_id=issue.id,
        )
    )
