"""Business customers with contracts, and orders of theirs at every stage: the pipeline on a working day."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import Contract, ContractLine
from order_core.execution import confirmation, endings, papers
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.execution.rules import Line
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, Customer, Person, Site

# number, name, contact, phone, language, place, address, postcode, lat, lon, zone
CUSTOMERS = (
    ("K00101", "海景酒店", "葉經理", "+85261230101", "zh-Hant",
     "尖沙咀店", "九龍尖沙咀海景道 8 號", "KLN-TST", 22.2950, 114.1720, "Asia/Hong_Kong"),
    ("K00102", "广厦物业管理有限公司", "赵主任", "+85261230102", "zh-Hans",
     "碧湖苑三期", "沙田大围道 20 号", "NT-TW", 22.3720, 114.1800, "Asia/Hong_Kong"),
    ("K00103", "Harbour Laundry Ltd", "Ms Gomes", "+85261230103", "en",
     "Plant", "18 Wang Chiu Road, Kowloon Bay", "KLN-KB", 22.3240, 114.2090, "Asia/Hong_Kong"),
    ("K00104", "晴天家電行", "鄭老闆", "+886912000104", "zh-Hant",
     "門市", "新北市板橋區文化路一段 100 號", "220", 25.0140, 121.4620, "Asia/Taipei"),
)  # fmt: skip

# contract, customer, payment terms, service terms, lines: model, specification, price in cents
CONTRACTS = (
    ("CT-0201", "K00101", "月結 60 天", "零件 36 個月，4 小時內回覆",
     (("AC-350", "AC-350，靜音型", 489_900), ("RF-520", "RF-520，不鏽鋼", 859_900))),
    ("CT-0202", "K00102", "验收后 30 天", "零件 24 个月", (("AC-350", "AC-350，标准型", 499_900),)),
    ("CT-0203", "K00103", "30 days net", "parts 24 months, an answer within one working day",
     (("WM-900", "WM-900, coin-operated", 699_900), ("DW-600", "DW-600, standard", 679_900))),
    ("CT-0204", "K00104", "貨到付款", "零件 36 個月",
     (("RF-520", "RF-520，標準型", 849_900), ("WM-900", "WM-900，標準型", 629_900))),
)  # fmt: skip

# contract, line of it, quantity, due in days, how far it is, days since it was drafted
ORDERS = (
    ("CT-0201", 0, 24, 34, "queried", 1),
    ("CT-0201", 1, 6, 12, "issued", 2),
    ("CT-0202", 0, 18, 52, "confirmed", 5),
    ("CT-0202", 0, 12, 9, "making", 24),
    ("CT-0203", 0, 8, 27, "answered", 3),
    ("CT-0203", 0, 4, 3, "making", 30),
    ("CT-0204", 1, 10, -2, "making", 40),
    ("CT-0204", 0, 12, 30, "draft", 0),
    ("CT-0204", 1, 3, 16, "refusing", 2),
)
LATE = {"CT-0202": 6, "CT-0203": -1, "CT-0204": 4}
"""Contract → days by which its orders are projected after their promise."""


@dataclass(frozen=True)
class Told:
    """Who acts on an order, and when it was drafted; ``late``: what production projects."""

    session: Session
    staff: dict[str, Person]
    order: Order
    began: datetime
    late: int

    def by(self, key: str) -> Actor:
        """One of the staff as the one who acts."""
        return self.staff[key].actor()

    def after(self, hours: float) -> datetime:
        """So many hours after the draft."""
        return self.began + timedelta(hours=hours)

    def signed(self, *parties: str) -> None:
        """These departments sign, one after the other."""
        for n, party in enumerate(parties, 2):
            key = "hua" if party == "AFS" else party.lower()
            orders.confirm(self.session, self.order, by=self.by(key), at=self.after(n / 4))


def add(session: Session, staff: dict[str, Person], *, at: datetime) -> None:
    """Customers, contracts and orders; nothing when they are there."""
    if contracts.by_number(session, CONTRACTS[0][0]) is not None:
        return
    customers = _customers(session)
    sales = staff["sal"].actor()
    kept = {row[0]: _contract(session, customers[row[1]], row, by=sales, at=at) for row in CONTRACTS}
    for number, n, quantity, due, reached, age in ORDERS:
        began, agreed = at - timedelta(days=age), kept[number]
        order = orders.draft_from(session, number, by=sales, at=began)
        line = papers.content(order).lines[n]
        wanted = replace(line, quantity=quantity, due_on=(at + timedelta(days=due)).date())
        orders.edit(session, order, Edit([wanted]), by=sales, at=began)
        STAGES[reached](Told(session, staff, order, began, LATE.get(agreed.number, 0)), wanted)


def _customers(session: Session) -> dict[str, Customer]:
    found = {}
    for number, name, contact, phone, language, label, address, postcode, lat, lon, zone in CUSTOMERS:
        customer = Customer(name=name, number=number)
        customer.contacts.append(ContactPerson(name=contact, phone=phone, language=language))
        customer.sites.append(Site(label=label, address=address, postcode=postcode, lat=lat, lon=lon, zone=zone))
        session.add(customer)
        found[number] = customer
    session.flush()
    return found


def _contract(
    session: Session,
    customer: Customer,
    row: tuple[str, str, str, str, tuple[tuple[str, str, int], ...]],
    *,
    by: Actor,
    at: datetime,
) -> Contract:
    number, _, payment, service, lines = row
    return contracts.keep(
        session,
        number=number,
        customer_id=customer.id,
        currency="HKD",
        valid_from=(at - timedelta(days=200)).date(),
        valid_until=(at + timedelta(days=530)).date(),
        payment_terms=payment,
        service_terms=service,
        lines=[ContractLine(model_code=model, specification=text, unit_price=price) for model, text, price in lines],
        by=by,
        at=at - timedelta(days=200),
    )


def _draft(told: Told, line: Line) -> None:
    """Cheaper than agreed, and not explained yet."""
    dearer = line.unit_price or 0
    cheaper = Edit([replace(line, unit_price=dearer - 30_000)])
    orders.edit(told.session, told.order, cheaper, by=told.by("sal"), at=told.began)


def _issued(told: Told, _line: Line) -> None:
    orders.issue(told.session, told.order, by=told.by("sal"), at=told.after(0.25))
    told.signed("PRO")


def _queried(told: Told, line: Line) -> None:
    _issued(told, line)
    told.signed("LOG")
    text = "靜音型的進氣格柵是新款還是舊款？檢驗標準不同。"
    confirmation.ask_back(told.session, told.order, text, by=told.by("qua"), at=told.after(2))


def _answered(told: Told, line: Line) -> None:
    """Production asked, and sales changed the quantity: a second revision."""
    orders.issue(told.session, told.order, by=told.by("sal"), at=told.after(0.25))
    told.signed("QUA", "LOG")
    text = "Eight machines, or nine with the spare one?"
    query = confirmation.ask_back(told.session, told.order, text, by=told.by("pro"), at=told.after(2))
    wanted = Edit([replace(line, quantity=line.quantity + 1)])
    said = "Nine: the customer wants a spare one."
    confirmation.answer(
        told.session, told.order, query, said, by=told.by("sal"), at=told.after(5), wanted=wanted
    )  # fmt: skip


def _confirmed(told: Told, _line: Line) -> None:
    orders.issue(told.session, told.order, by=told.by("sal"), at=told.after(0.25))
    told.signed(*told.order.confirmers)


def _making(told: Told, line: Line) -> None:
    _confirmed(told, line)
    promised = told.order.promised_on
    assert promised is not None, "it has been issued"
    maker = told.by("pro")
    orders.start(told.session, told.order, projected_on=promised, by=maker, at=told.after(24))
    projected = promised + timedelta(days=told.late)
    orders.project(told.session, told.order, projected, by=maker, at=told.after(48))


def _refusing(told: Told, line: Line) -> None:
    _issued(told, line)
    reason = "前兩張訂單的貨款尚未收到。"
    endings.propose(told.session, told.order, "refuse", reason, by=told.by("sal"), at=told.after(6))


STAGES: dict[str, Callable[[Told, Line], None]] = {
    "draft": _draft,
    "issued": _issued,
    "queried": _queried,
    "answered": _answered,
    "confirmed": _confirmed,
    "making": _making,
    "refusing": _refusing,
}
