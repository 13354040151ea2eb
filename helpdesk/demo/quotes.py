"""The demo's enquiries and quotes: every state, told by real people, in the customers' own languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.demo.catalogue import SUPPLIER, WAREHOUSE
from order_core.acquisition.days import end_of, house_day
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.enquiry.service import Told
from order_core.acquisition.quote import drafting, negotiation, service, supply, terms
from order_core.acquisition.quote.drafting import LineSpec
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.quote.negotiation import Meeting
from order_core.acquisition.quote.rules import Input
from order_core.acquisition.quote.terms import Change
from order_core.issues.models import Issue
from order_core.kernel import notice, stock
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.notice import Notice
from order_core.parties.models import ContactPerson, Customer, Person

CUSTOMERS = {"hotel": "K00101", "flats": "K00102", "laundry": "K00103", "shop": "K00104"}
"""The business customers of the demo, by what they are."""

# model: units in stock, cost and market price a unit (cents), days of material, units a day, cycle, road
MODELS = {
    "RF-520": (24, 612_000, 858_000, 12, 6, 4, 3),
    "WM-900": (6, 478_000, 655_000, 9, 8, 3, 3),
    "AC-350": (0, 352_000, 492_000, 15, 10, 3, 4),
    "DW-600": (3, 489_000, 676_000, 10, 4, 3, 2),
}
PAYMENT = {
    "zh-Hant": "簽約付 30 %，交貨後 30 天付清",
    "zh-Hans": "签约付 30 %，交货后 30 天付清",
    "en": "30 % on signing, the rest within 30 days of delivery",
}
SERVICE = {
    "zh-Hant": "到府保固兩年，四小時內回應",
    "zh-Hans": "上门保修两年，四小时内响应",
    "en": "Two years on site, answered within four hours",
}
SOURCES = ("BOM 2026-11", "price survey, autumn 2026")
ASKED = ("function", "quality", "price", "time")


@dataclass(frozen=True)
class Scene:
    """Who plays, and on which day; ``by``: sales, unless said otherwise."""

    session: Session
    staff: dict[str, Person]
    customers: dict[str, Customer]
    at: datetime

    @property
    def sal(self) -> Actor:
        return self.staff["sal"].actor()

    def ago(self, days: float) -> datetime:
        return self.at - timedelta(days=days)


def add_quotes(session: Session, staff: dict[str, Person], customers: dict[str, Customer], *, at: datetime) -> None:
    """What dates are computed from, enquiries in every state, quotes in every state."""
    scene = Scene(session, staff, customers | _companies(session), at)
    _supply(scene)
    _asked(scene)
    _ended(scene)
    _running(scene)


def _companies(session: Session) -> dict[str, Customer]:
    known = {row.number: row for row in session.scalars(select(Customer))}
    return {key: known[number] for key, number in CUSTOMERS.items()}


def _supply(scene: Scene) -> None:
    pro, before = scene.staff["pro"].actor(), scene.ago(60)
    for model, (units, _cost, _market, material, per_day, cycle, road) in MODELS.items():
        if units:
            stock.move(scene.session, model, units, source=SUPPLIER, target=WAREHOUSE, reason="receipt",
                       by=WORKER, at=before)  # fmt: skip
        supply.lay_down(
            scene.session, model, material_days=material, per_day=per_day, cycle_days=cycle, transport_days=road,
            by=pro, at=before,
        )  # fmt: skip
    due = house_day(scene.at) + timedelta(days=8)
    supply.expect(scene.session, "WM-900", 20, due, "PRO 26-118", by=pro, at=scene.at)


def _told(scene: Scene, key: str, channel: str, words: str, at: datetime, ticket: Issue | None = None) -> Told:
    return Told(channel, house_day(at), words, scene.customers[key].contacts[0].id, ticket)


def _capture(scene: Scene, key: str, days: float, *wishes: tuple[str, str]) -> Enquiry:
    """An enquiry of some days ago; wishes: channel and words."""
    at = scene.ago(days)
    (channel, words), *more = wishes
    customer = scene.customers[key].id
    told = _told(scene, key, channel, words, at)
    enquiry = enquiries.capture(scene.session, customer_id=customer, told=told, by=scene.sal, at=at)
    for channel, words in more:
        enquiries.add(scene.session, enquiry, _told(scene, key, channel, words, at), by=scene.sal, at=at)
    return enquiry


def _understand(scene: Scene, enquiry: Enquiry, days: float, said: Sequence[dict[str, str]]) -> None:
    """Aspects of each requirement; what is not named was not stated by the customer."""
    at = scene.ago(days)
    for row, found in zip(enquiry.requirements, said, strict=True):
        aspects = {aspect: found.get(aspect) for aspect in ASKED}
        enquiries.state_aspects(scene.session, enquiry, row.position, aspects, by=scene.sal, at=at)
    enquiries.complete(scene.session, enquiry, by=scene.sal, at=at + timedelta(minutes=5))


def _classify(scene: Scene, enquiry: Enquiry, days: float, *ranks: tuple[str, str]) -> None:
    at = scene.ago(days)
    for row, (code, rank) in zip(enquiry.requirements, ranks, strict=True):
        enquiries.classify(scene.session, enquiry, row.position, class_code=code, rank=rank, by=scene.sal, at=at)
    enquiries.rank(scene.session, enquiry, by=scene.sal, at=at + timedelta(minutes=5))


def _asked(scene: Scene) -> None:
    """What has been told and not been quoted yet: two that may be one, one from a ticket, one that led nowhere."""
    session = scene.session
    twice = _capture(scene, "flats", 3, ("visit", "公寓要三十台滚筒洗衣机，噪音要小，春节前装好"))
    enquiries.state_aspects(session, twice, 1, {"function": "滚筒，投币口可加装", "quality": "噪音 55 dB 以下"},
                            by=scene.sal, at=scene.ago(2))  # fmt: skip
    _capture(scene, "flats", 1, ("email", "吴经理来信：公寓需要 30 台滚筒洗衣机，春节前安装，噪音小"))
    understood = _capture(
        scene, "laundry", 6, ("fair", "Glass-door refrigerators for the staff room that hum less than a whisper")
    )
    _understand(scene, understood, 5, [{"function": "glass door, lock", "quality": "below 25 dB"}])
    at, lau = scene.ago(10), scene.customers["lau"]
    ticket = session.scalars(select(Issue).where(Issue.customer_id == lau.id, Issue.kind == "ticket")).first()
    if ticket is not None:
        told = _told(scene, "lau", "ticket", "順便問：有沒有門片可以左右換開的冰箱？想換一台", at, ticket)
        enquiries.capture(session, customer_id=lau.id, told=told, by=scene.staff["mei"].actor(), at=at)
    dropped = _capture(scene, "wang", 20, ("phone", "想要一台烘衣機"))
    enquiries.drop(session, dropped, "目前不生產烘衣機，已轉告市場調研", by=scene.sal, at=scene.ago(19))


def _quote(
    scene: Scene, key: str, days: float, wish: str, model: str, quantity: int, price: int, *, told_by: str = "visit"
) -> Quote:
    """A complete draft for a wish, classified the same day."""
    enquiry = _capture(scene, key, days + 3, (told_by, wish))
    _understand(scene, enquiry, days + 2.5, [{"function": model, "time": "10-12 weeks"}])
    _classify(scene, enquiry, days + 2, ("standard", "key"))
    return _drafted(scene, key, enquiry, days, model, quantity, price)


def _drafted(scene: Scene, key: str, enquiry: Enquiry, days: float, model: str, quantity: int, price: int) -> Quote:
    at, session, contact = scene.ago(days), scene.session, scene.customers[key].contacts[0]
    quote = service.draft(session, enquiry, currency="HKD", by=scene.sal, at=at)
    _cost, _market = MODELS[model][1:3]
    on, wish = house_day(at), enquiry.requirements[0]
    inputs = (
        Input("cost", _cost, "", on, SOURCES[0]),
        Input("market", _market, "", on, SOURCES[1]),
        Input("need", price - 12_000, wish.words[:80], wish.told_on, contact.name),
    )
    answers = tuple(row.id for row in enquiry.requirements if row.refusal is None)
    spec = LineSpec(model, f"{model}, 220 V", quantity, price, inputs, answers)
    drafting.set_line(session, quote, None, spec, by=scene.sal, at=at)
    drafting.set_terms(
        session, quote, payment=PAYMENT[contact.language], service=SERVICE[contact.language],
        valid_until=on + timedelta(days=30), contact_id=contact.id, by=scene.sal, at=at,
    )  # fmt: skip
    return quote


def _sent(scene: Scene, quote: Quote, days: float) -> Quote:
    service.approve(scene.session, quote, by=scene.sal, at=scene.ago(days))
    service.send(scene.session, quote, by=scene.sal, at=scene.ago(days) + timedelta(hours=1))
    return quote


def _met(scene: Scene, quote: Quote, days: float, next_step: str, *changes: Change) -> None:
    at = scene.ago(days)
    contact = scene.session.get_one(ContactPerson, quote.contact_id)
    held = Meeting(house_day(at), (scene.staff["sal"].id,), contact.name, next_step)
    negotiation.hold_round(scene.session, quote, held, changes, by=scene.sal, at=at)


def _ended(scene: Scene) -> None:
    """Won with a concession, lost above the market, expired unanswered; their notices were read."""
    session = scene.session
    won = _quote(scene, "laundry", 70, "Twelve dishwashers for the staff canteen", "DW-600", 12, 672_000)
    _sent(scene, won, 69)
    _met(scene, won, 62, "Send the lower price", Change(terms.PRICE, 1, 652_000))
    accepted = Meeting(house_day(scene.ago(58)), (scene.staff["sal"].id,), "Ms Gomes", "Issue the order")
    negotiation.win(session, won, accepted, by=scene.sal, at=scene.ago(58))
    lost = _sent(scene, _quote(scene, "flats", 50, "公寓大堂要十台分体式空调", "AC-350", 10, 524_000), 49)
    negotiation.lose(session, lost, "price", "对方认为比同类高一成", by=scene.sal, at=scene.ago(41))
    expired = _sent(scene, _quote(scene, "shop", 45, "展示間要兩台冷氣", "AC-350", 2, 488_000), 44)
    service.lapse_due(session, at=end_of(expired.valid_until) + timedelta(hours=1))
    for row in session.scalars(select(Notice).where(Notice.about_kind.in_(("Quote", "Enquiry")))):
        head = row.to_person_id or scene.staff[(row.to_department or "SAL").lower().replace("afs", "hua")].id
        notice.acknowledge(row, person=head, at=row.created_at + timedelta(hours=2))


def _running(scene: Scene) -> None:
    """In talks, waiting for an answer, waiting for management's signature, just begun."""
    session = scene.session
    talked = _sent(
        scene, _quote(scene, "hotel", 24, "新館三十間套房要安靜的雙門冰箱，農曆年前到", "RF-520", 30, 852_000), 23
    )
    later = max((talked.lines[0].promised_on or house_day(scene.at)) + timedelta(days=10), house_day(scene.at))
    _met(scene, talked, 16, "回覆可否降價並延後交貨", Change(terms.PRICE, 1, 830_000))
    agreed = Change(terms.PAYMENT, 0, agreed=True)
    moved = Change(terms.DELIVERY, 1, later.isoformat(), reason="生產已為此單預留兩週產能")
    _met(scene, talked, 9, "請生產與物流確認新交期", moved, agreed)
    longer = Change(terms.SERVICE, 0, "到府保固三年，四小時內回應")
    _met(scene, talked, 2, "等總店簽核", Change(terms.PRICE, 1, 808_000), longer)
    waiting = _sent(scene, _quote(scene, "laundry", 27, "Six washing machines for the new shop", "WM-900", 6, 648_000,
                                  told_by="talk"), 26)  # fmt: skip
    _met(scene, waiting, 12, "Call after their board has met")
    _sent(scene, _quote(scene, "flats", 4, "样板间要两台双门冰箱", "RF-520", 2, 866_000, told_by="web"), 3)
    low = _quote(scene, "shop", 1, "客戶的自助洗衣間要十五台洗衣機，預算有限", "WM-900", 15, 548_000, told_by="phone")
    service.ask_signature(session, low, by=scene.sal, at=scene.ago(0.5))
    enquiry = _capture(
        scene, "laundry", 5, ("email", "Split air conditioners for forty flats above the plant, quiet at night"),
        ("email", "An app to switch them off from the office"),
    )  # fmt: skip
    _understand(scene, enquiry, 4.5, [{"function": "split, R32", "quality": "19 dB"}, {"function": "remote control"}])
    _classify(scene, enquiry, 4, ("standard", "key"), ("new_product", "key"))
    enquiries.refuse(session, enquiry, 2, "We have no such app yet; timers on each unit can be set.", by=scene.sal,
                     at=scene.ago(3.5))  # fmt: skip
    draft = _drafted(scene, "laundry", enquiry, 2, "AC-350", 40, 478_000)
    sooner = (draft.lines[0].computed_on or house_day(scene.at)) - timedelta(days=4)
    drafting.type_date(session, draft, 1, sooner, "Two shifts in December, agreed with production", by=scene.sal,
                       at=scene.ago(1.5))  # fmt: skip
