"""Design work of the demo company, each piece at another stage, and the changes asked of released designs."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.demo.history import PAYMENT_TERMS, PRICES, SERVICE_TERMS
from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import ContractLine
from order_core.execution import service as orders
from order_core.execution.change import acknowledge, effect
from order_core.execution.change import service as changes
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Effectivity
from order_core.execution.design import drafting, planning, points, review
from order_core.execution.design import service as designs
from order_core.execution.design.drafting import Paper
from order_core.execution.design.models import Design
from order_core.execution.design.rules import REVIEWERS, Need, Trait
from order_core.execution.models import Order, OrderLine
from order_core.kernel.actor import Actor
from order_core.kernel.plan import Action
from order_core.parties.models import Customer, Person

DAY = timedelta(days=1)
KEYS = {"SAL": "sal", "PRO": "pro", "QUA": "qua", "RND": "rnd"}

QUIET = Trait(
    code="C1", name="噪音 noise", target=36, upper=38, unit="dB(A)", method="IEC 60704-2-14", needs=("N1",)
)  # fmt: skip
ENERGY = Trait(code="C2", name="年耗電 energy", target=210, upper=225, unit="kWh", method="IEC 62552", needs=("N2",))
RACK = Trait(code="C3", name="酒架承重 rack load", target=12, lower=10, unit="kg", method="載重 24 h", needs=("N3",))
HINGE = Trait(code="C4", name="左開門 left hinge", kind="yes_no", method="圖面檢查", needs=("N4",))
FRIDGE_NEEDS = (
    Need("N1", "夜裡要安靜，不能超過 38 分貝", True),
    Need("N2", "一年用電不超過 225 度", True),
    Need("N3", "要有紅酒架，放得下八瓶", True),
    Need("N4", "門往左開", False),
)
WASHER_NEEDS = (Need("N1", "脱水时声音要小", True), Need("N2", "要有童锁", True), Need("N3", "面板用中文", False))
SPIN = Trait(code="C1", name="脱水噪音 spin noise", target=62, upper=66, unit="dB(A)", method="IEC 60704-2-4",
             needs=("N1",))  # fmt: skip
LOCK = Trait(code="C2", name="童锁 child lock", kind="yes_no", needs=("N2",))


def add_design_work(
    session: Session, staff: dict[str, Person], customers: dict[str, Customer], *, at: datetime
) -> None:
    """Catalogue designs, five tasks at five stages, and three changes: implemented, approved, up for approval."""
    studio = _Studio(session, staff, customers, at)
    fridge = studio.catalogue("RF-520", "RF-520 冰箱", 300)
    washer = studio.catalogue("WM-900", "WM-900 洗衣機", 280)
    studio.released("ho", "AC-350", "AC-350 低噪音室外機", 75)
    studio.in_review("lau", "RF-520", "RF-520 附紅酒架、左開門", 24)
    studio.designing("ho", "WM-900", "WM-900 静音，带童锁", 16)
    studio.planned_late("lau", "RF-520", "RF-520 窄身 55 cm", 6)
    studio.opened("ho", "DW-600", "DW-600, stainless front", 3)
    studio.order("lau", "RF-520", "RF-520, standard", 8, due=38, new_design=False)
    newest = studio.implemented(fridge, 60)
    studio.approved(washer, 2)
    studio.up_for_approval(newest, 3)


class _Studio:
    """R&D of the demo: who works there, and the steps that each story takes, so many days ago."""

    def __init__(
        self, session: Session, staff: dict[str, Person], customers: dict[str, Customer], at: datetime
    ) -> None:
        self.session, self.staff, self.customers, self.now = session, staff, customers, at
        self.yan, self.lei = staff["yan"], staff["lei"]
        self.contracts = count(1)

    def by(self, key: str) -> Actor:
        return self.staff[key].actor()

    def order(
        self, customer: str, model: str, words: str, days: float, *, due: int = 75, new_design: bool = True
    ) -> Order:
        """An order confirmed so many days ago, due so many days from then."""
        at = self.now - days * DAY
        number, sales = f"CT-D{next(self.contracts):03d}", self.by("sal")
        contracts.keep(
            self.session, number=number, customer_id=self.customers[customer].id, currency="HKD",
            valid_from=at.date(), valid_until=(at + 730 * DAY).date(), payment_terms=PAYMENT_TERMS,
            service_terms=SERVICE_TERMS, by=sales, at=at,
            lines=[ContractLine(model_code=model, specification=words, unit_price=PRICES[model])],
        )  # fmt: skip
        line = OrderLine(
            model_code=model, specification=words, quantity=1, due_on=(at + due * DAY).date(),
            site_id=self.customers[customer].sites[0].id, new_design=new_design,
        )  # fmt: skip
        order = orders.draft(
            self.session, customer_id=self.customers[customer].id, agreement=number, lines=[line], by=sales, at=at
        )
        orders.issue(self.session, order, by=sales, at=at)
        for n, code in enumerate(order.confirmers, 1):
            key = "hua" if code == "AFS" else code.lower()
            orders.confirm(self.session, order, by=self.by(key), at=at + n * timedelta(minutes=20))
        return order

    def opened(self, customer: str, model: str, words: str, days: float) -> Design:
        at = self.now - days * DAY
        order = self.order(customer, model, words, days)
        designs.open_tasks(self.session, order, by=self.by("sal"), at=at)
        return self.session.scalars(
            select(Design).where(Design.task.has(line_id=order.lines[0].id)).order_by(Design.id)
        ).one()

    def assigned(self, customer: str, model: str, words: str, days: float, owner: Person) -> tuple[Design, datetime]:
        design, at = self.opened(customer, model, words, days), self.now - (days - 0.2) * DAY
        designs.assign(self.session, design, owner.id, by=self.by("rnd"), at=at)
        return design, at

    def plan(self, design: Design, owner: Person, stages: Sequence[tuple[str, str, str, int]], at: datetime) -> None:
        """Stages: name, goal, measure, days from ``at``."""
        actions = [
            Action(stage=name, goal=goal, measure=measure, owner=owner.id, due=(at + days * DAY).date())
            for name, goal, measure, days in stages
        ]
        planning.set_stages(self.session, design, actions, by=owner.actor(), at=at)
        planning.approve(self.session, design, by=self.by("rnd"), at=at)

    def write(self, design: Design, traits: Sequence[Trait], by: Actor, at: datetime) -> None:
        drafting.set_characteristics(self.session, design, traits, by=by, at=at)
        papers = [
            Paper(f"{design.model_code} {name}", f"vault:{design.number}/{name}",
                  hashlib.sha256(f"{design.number} {name}".encode()).hexdigest(), size)
            for name, size in (("drawing.pdf", 482_133), ("bom.csv", 18_204))
        ]  # fmt: skip
        drafting.set_documents(self.session, design, papers, by=by, at=at)

    def results(self, design: Design, found: dict[str, float], at: datetime) -> None:
        for code, result in found.items():
            drafting.verify(self.session, design, code, result, by=self.by("qua"), at=at)

    def review(self, design: Design, by: Actor, at: datetime, *departments: str) -> None:
        """Called for the same day, held, and these departments agree."""
        session = self.session
        review.submit(session, design, meets_on=at.date() + DAY, place="研發樓 301", by=by, at=at)
        people = [self.staff[KEYS[code]].id for code in REVIEWERS if code in departments or code == "RND"]
        review.hold(session, design, people, "", by=by, at=at + DAY)
        for hours, code in enumerate(departments, 1):
            at_ = at + DAY + timedelta(minutes=15 * hours)
            review.opine(session, design, "approve", "", by=self.by(KEYS[code]), at=at_)

    def catalogue(self, model: str, title: str, days: int) -> Design:
        at, by = self.now - days * DAY, self.yan.actor()
        design = designs.take_over(self.session, model, title, by=by, at=at)
        noise, energy = Trait(**QUIET.__dict__ | {"needs": ()}), Trait(**ENERGY.__dict__ | {"needs": ()})
        self.write(design, [noise, energy], by, at)
        self.results(design, {"C1": 37.2, "C2": 214}, at)
        self.review(design, by, at, *REVIEWERS)
        review.release(self.session, design, by=self.by("rnd"), at=at + 2 * DAY)
        return design

    def released(self, customer: str, model: str, words: str, days: int) -> Design:
        design, at = self.assigned(customer, model, words, days, self.yan)
        self.plan(design, self.yan, (("概念", "選定壓縮機", "噪音估算", 8), ("樣機", "兩台樣機", "消音室實測", 22)), at)
        planning.begin(self.session, design, by=self.yan.actor(), at=at + DAY)
        for position, after, words_ in ((1, 7, "採用雙轉子壓縮機"), (2, 24, "實測 47 dB")):
            planning.settle_stage(
                self.session, design, position, "done", words_, by=self.yan.actor(), at=at + after * DAY
            )
        needs = (Need("N1", "室外機不能吵到鄰居", True),)
        designs.record_needs(self.session, design, needs, by=self.by("sal"), at=at)
        trait = Trait(code="C1", name="噪音 noise", target=46, upper=48, unit="dB(A)", method="ISO 3744", needs=("N1",))
        self.write(design, [trait], self.yan.actor(), at + 20 * DAY)
        self.results(design, {"C1": 47}, at + 23 * DAY)
        self.review(design, self.yan.actor(), at + 25 * DAY, *REVIEWERS)
        review.release(self.session, design, by=self.by("rnd"), at=at + 27 * DAY)
        planning.achieve(self.session, design, by=self.by("rnd"), at=at + 27 * DAY)
        return design

    def in_review(self, customer: str, model: str, words: str, days: int) -> Design:
        """Sent back once; production has still to answer in writing, one point is open."""
        design, at = self.assigned(customer, model, words, days, self.yan)
        by, session = self.yan.actor(), self.session
        self.plan(design, self.yan, (("概念", "內箱佈置", "三維模型", 6), ("樣機", "一台樣機", "實測", 20)), at)
        planning.begin(session, design, by=by, at=at + DAY)
        planning.settle_stage(session, design, 1, "done", "酒架放在冷藏室下層", by=by, at=at + 5 * DAY)
        designs.record_needs(session, design, FRIDGE_NEEDS, by=self.by("sal"), at=at)
        self.write(design, [QUIET, ENERGY, RACK, HINGE], by, at + 10 * DAY)
        self.results(design, {"C1": 37.4, "C2": 231, "C3": 13}, at + 14 * DAY)
        self.review(design, by, at + 15 * DAY, "SAL", "QUA")
        self.suggest(design, "qua", "改用真空隔熱板，降低耗電", "年耗電 ≤ 225 kWh", at + 16 * DAY, mandatory=True)
        review.send_back(session, design, by=self.by("qua"), at=at + 16 * DAY + timedelta(hours=2))
        self.results(design, {"C2": 218, "C4": 1}, at + 19 * DAY)
        points.settle(session, design, 1, "done", "真空隔熱板，實測 218 kWh", by=by, at=at + 19 * DAY)
        review.submit(
            session, design, meets_on=(at + 21 * DAY).date(), place="研發樓 301", also=["AFS"], by=by, at=at + 20 * DAY
        )
        present = [self.staff[key].id for key in ("sal", "qua", "rnd", "hua")]
        review.hold(session, design, present, "確認隔熱板供應。", by=by, at=at + 21.4 * DAY)
        review.opine(session, design, "approve", "客戶已看過樣機", by=self.by("sal"), at=at + 21.5 * DAY)
        review.opine(session, design, "approve", "", by=self.by("qua"), at=at + 21.5 * DAY)
        review.opine(session, design, "query", "門封條備品型號是否不變？", by=self.by("hua"), at=at + 21.6 * DAY)
        self.suggest(design, "hua", "在圖面註明門封條備品型號", "圖面已更新", at + 21.6 * DAY, mandatory=False)
        return design

    def suggest(self, design: Design, who: str, goal: str, measure: str, at: datetime, *, mandatory: bool) -> None:
        review.suggest(
            self.session, design, goal=goal, measure=measure, owner=self.yan.id, due=(at + 5 * DAY).date(),
            mandatory=mandatory, by=self.by(who), at=at,
        )  # fmt: skip

    def designing(self, customer: str, model: str, words: str, days: int) -> Design:
        """Stages done, late and to come; a key need without verification, another that shall be waived."""
        design, at = self.assigned(customer, model, words, days, self.lei)
        by, session = self.lei.actor(), self.session
        stages = (
            ("方案", "选定减振方案", "方案评审", 5), ("试制", "一台样机", "样机可运转", 12),
            ("验证", "噪音与童锁", "实测报告", 26), ("定稿", "图纸归档", "文件齐全", 34),
        )  # fmt: skip
        self.plan(design, self.lei, stages, at)
        planning.begin(session, design, by=by, at=at + DAY)
        planning.settle_stage(session, design, 1, "done", "双层减振", by=by, at=at + 5 * DAY)
        designs.record_needs(session, design, WASHER_NEEDS, by=self.by("sal"), at=at)
        self.write(design, [SPIN, LOCK], by, at + 6 * DAY)
        drafting.waive(session, design, "N2", "面板无空位，客户接受锁定程序代替", by=by, at=at + 10 * DAY)
        drafting.sign_waiver(session, design, "N2", "approve", by=self.by("sal"), at=at + 11 * DAY)
        return design

    def planned_late(self, customer: str, model: str, words: str, days: int) -> Design:
        design, at = self.assigned(customer, model, words, days, self.yan)
        stages = (("概念", "側壁減薄方案", "熱負荷計算", 14), ("模具", "新內箱模具", "首件合格", 62))
        self.plan(design, self.yan, stages, at)
        return design

    def change(self, design: Design, cause: str, reason: str, scope: str, ready: int, at: datetime, *,
               development: int, effectivity: Effectivity, item: tuple[str, int] | None = None,
               origin: str = "other", asked: str = "qua") -> ChangeRequest:  # fmt: skip
        """Asked, drawn up, its effect given and submitted."""
        session = self.session
        change = changes.ask(
            session, reason=reason, model_code=design.model_code, quality_issue_id=None, by=self.by(asked), at=at,
            origin=origin,
        )  # fmt: skip
        effect.draw_up(
            session, change, design=design, cause=cause, scope=scope, ready_on=(at + ready * DAY).date(),
            development=development, effectivity=effectivity, by=self.yan.actor(), at=at + timedelta(hours=1),
            old_item=item[0] if item else None, old_item_value=item[1] if item else None,
        )  # fmt: skip
        later = at + timedelta(hours=2)
        effect.give_production(session, change, scrap=1_240_000, open_work=860_000, by=self.by("pro"), at=later)
        effect.give_sales(session, change, customer=150_000, by=self.by("sal"), at=later)
        changes.submit(session, change, by=self.yan.actor(), at=at + timedelta(hours=3))
        return change

    def sign(self, change: ChangeRequest, at: datetime, *keys: str) -> None:
        for key in keys:
            changes.opine(self.session, change, "approve", "", by=self.by(key), at=at)

    def implemented(self, design: Design, days: int) -> Design:
        """A supplier stopped making a part: changed, released anew, in force, found good."""
        at, session = self.now - days * DAY, self.session
        change = self.change(
            design, "supply", "門封條供應商停產", "改用 GS-111 磁性門封條", 8, at, development=900_000,
            effectivity=Effectivity("serial", "RF520-26100001"), asked="pur",
        )  # fmt: skip
        self.sign(change, at + timedelta(hours=5), "pro", "sal", "rnd")
        changes.approve(session, change, by=self.by("rnd"), at=at + timedelta(hours=6))
        new = changes.revise(session, change, by=self.yan.actor(), at=at + DAY)
        self.results(new, {"C1": 37.0, "C2": 212}, at + 6 * DAY)
        self.review(new, self.yan.actor(), at + 7 * DAY, *REVIEWERS)
        review.release(session, new, by=self.by("rnd"), at=at + 9 * DAY)
        self.acknowledged(change, at + timedelta(hours=8))
        if not changes.implement(session, change, by=self.by("rnd"), at=at + 10 * DAY):
            self.acknowledged(change, at + 11 * DAY)
            changes.implement(session, change, by=self.by("rnd"), at=at + 12 * DAY)
        changes.verify(session, change, "二十台無漏冷", by=self.by("qua"), at=at + 30 * DAY)
        return new

    def acknowledged(self, change: ChangeRequest, at: datetime) -> None:
        """Every department that has not yet done so takes note."""
        for notice in (notice for notice in change.notices if notice.acknowledged_at is None):
            by = self.by(KEYS.get(notice.department, "log"))
            acknowledge.acknowledge(self.session, change, "", by=by, at=at)

    def approved(self, design: Design, days: int) -> None:
        """Holders of affected records are told; production has acknowledged, others have not."""
        at, session = self.now - days * DAY, self.session
        later = Effectivity("date", (self.now + 45 * DAY).date().isoformat())
        change = self.change(
            design, "customer", "多位客戶反映排水聲大", "排水泵換成靜音型", 20, at, development=2_600_000,
            effectivity=later, item=("DP-450", 18_000), origin="customer", asked="sal",
        )  # fmt: skip
        self.sign(change, at + timedelta(hours=5), "pro", "pur", "sal", "rnd")
        changes.approve(session, change, by=self.by("rnd"), at=at + timedelta(hours=6))
        acknowledge.acknowledge(
            session, change, "下一批開始用新泵", by=self.by("pro"), at=at + timedelta(hours=7)
        )  # fmt: skip
        changes.revise(session, change, by=self.yan.actor(), at=at + timedelta(hours=8))

    def up_for_approval(self, design: Design, days: int) -> None:
        """Dear: management has to sign too."""
        at = self.now - days * DAY
        change = self.change(
            design, "regulation", "明年起能效門檻提高", "換真空隔熱板，重做門體模具", 30, at, development=12_500_000,
            effectivity=Effectivity("date", self.now.date().isoformat()),
        )  # fmt: skip
        self.sign(change, at + timedelta(hours=6), "pro", "sal")
