"""Market research of the last months: a round with a corrected report, one missed, one to be signed, one collecting."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day, start_of
from order_core.acquisition.research import analyses, forecasts, publishing, reports, rules, service
from order_core.acquisition.research.analyses import Data
from order_core.acquisition.research.models import Finding, ResearchReport
from order_core.acquisition.research.rules import FindingFacts, PointFacts
from order_core.execution.history import BY_MODEL
from order_core.kernel.actor import Actor
from order_core.parties.models import Person
from order_core.rounds import service as rounds
from order_core.rounds.models import Round

# Days into the round, kind, source, days before that the source is of, text, models, link
Told = tuple[int, str, str, int, str, tuple[str, ...], str]
FIRST: tuple[Told, ...] = (
    (4, "industry", "機電工程署 公告", 6, "新版冰箱能源標籤明年七月起適用，一級門檻提高 12%。", ("RF-520",),
     "https://www.emsd.gov.hk/"),
    (6, "competitor", "卖场走访（旺角、沙田）", 2, "两家对手把洗碗机降价 8%，并附送三年保修。", ("DW-600",), ""),
    (9, "demand", "客服來電彙整", 1, "詢問靜音款洗衣機的來電比上季多三成，多為小坪數住戶。", ("WM-900",), ""),
    (15, "demand", "Dealer survey, Northern California", 5,
     "Dealers ask for 60 cm dishwashers without a vent; lead time matters more than price.", ("DW-600",), ""),
    (19, "industry", "Refrigerant trade press", 9, "R-290 compressors are short until spring; prices up 6 %.",
     ("RF-520", "AC-350"), "https://example.com/refrigerants"),
)  # fmt: skip
THIRD: tuple[Told, ...] = (
    (5, "competitor", "Trade fair notes", 2, "A rival shows a heat-pump washer-dryer at the price of our WM-900.",
     ("WM-900",), ""),
    (11, "competitor", "對手官網", 1, "對手開始提供分離式冷氣的以舊換新，補貼 800 元。", ("AC-350",), "https://example.com/trade-in"),
    (16, "demand", "售后工单分析", 1, "老旧小区客户希望上门时一并清洗滤网，愿意为此付费。", ("AC-350", "WM-900"), ""),
)  # fmt: skip
PRESENT: tuple[Told, ...] = (
    (3, "industry", "統計處 零售業銷貨額", 2, "家電零售額連續第三個月上升，年增 4.1%。", (), "https://www.censtatd.gov.hk/"),
    (8, "demand", "门市访谈", 1, "节前询问大容量冰箱的家庭增多，要求两周内到货。", ("RF-520",), ""),
    (10, "demand", "Customer calls, San Francisco", 1, "Quieter dishwashers are asked for in open kitchens.",
     ("DW-600",), ""),
)  # fmt: skip

REPORT = (
    ("需求", "靜音與小尺寸是本月最常被問到的兩點；洗碗機以交期取勝的機會大於以價格取勝。"),
    ("對手", "對手以降價與延長保固搶占洗碗機市場，我方不宜跟進降價，可以服務條款回應。"),
    ("建議", "研發部評估 WM-900 的降噪套件；生產部預留 R-290 壓縮機的安全存量。"),
)
CORRECTED = "第一段的成長數字誤植為三成五，應為三成。"
DRAFTED = (
    ("竞争", "对手的热泵洗烘一体机与我们 WM-900 同价，旧换新补贴把换机周期提前。"),
    ("需求", "客户愿意为上门清洗滤网付费，可与年度保养合并推出。"),
)

LOST = (("价格", 41), ("交期", 33), ("噪音", 18), ("能效等级", 9), ("尺寸", 6), ("颜色", 3), ("其他", 2))
"""Reasons that shops gave for customers who did not buy, counted."""

# Units asked for in each of the last 24 months, the newest last.
HISTORY = {
    "RF-520": (42, 43, 53, 54, 52, 55, 46, 44, 36, 39, 41, 45, 57, 62, 71, 70, 73, 68, 60, 58, 49, 51, 49, 60),
    "WM-900": (106, 100, 107, 100, 102, 88, 87, 82, 95, 100, 100, 116,
               119, 130, 120, 120, 110, 114, 109, 100, 110, 113, 129, 128),
    "AC-350": (88, 88, 93, 108, 118, 137, 132, 140, 123, 102, 92, 87,
               99, 93, 109, 114, 136, 136, 158, 152, 131, 114, 101, 98),
    "DW-600": (55, 56, 60, 55, 61, 57, 64, 65, 68, 70, 94, 108, 66, 56, 60, 55, 61, 57, 63, 65, 68, 71, 95, 119),
}  # fmt: skip
LEDGER = "銷售台帳（2026 年前以試算表登錄）"


def add_research(session: Session, staff: dict[str, Person], *, at: datetime) -> None:
    """Rounds from three months ago till now, reports, an analysis, two years of history and the forecasts from it."""
    kay, sal = staff["kay"].actor(), staff["sal"].actor()
    begun = _months(at)
    first = _opened(session, begun[0])
    found = _recorded(session, first, FIRST, kay, at)
    _finish(session, first, kay, at)
    _published(session, first, found, kay, sal)
    _opened(session, begun[1])  # and left alone: the clock will say that it was missed
    third = _opened(session, begun[2])
    found = _recorded(session, third, THIRD, kay, at)
    service.nothing_found(session, third, "industry", by=kay, at=_day(third, 20, at))
    _finish(session, third, kay, at)
    _submitted(session, third, found, kay)
    present = _opened(session, begun[3])
    _recorded(session, present, PRESENT, kay, at)
    _add_history(session, kay, at)
    _analyse(session, third, kay, at)


def _months(at: datetime) -> list[datetime]:
    """The first mornings of the three months before and of this one, the oldest first; none is later than now."""
    first = house_day(at).replace(day=1)
    months = rules.month_span(first.replace(year=first.year - 1), first)[-4:]
    return [min(start_of(month) + timedelta(hours=9), at) for month in months]


def _opened(session: Session, at: datetime) -> Round:
    """The round of the month of that moment, opened by its clock."""
    return rounds.keep_going(session, service.DUTY, at=at)[0]


def _day(turn: Round, days: int, at: datetime) -> datetime:
    """That many days into a round, but not later than now."""
    return min(turn.opens_at + timedelta(days=days, hours=10), at)


def _recorded(session: Session, turn: Round, told: Sequence[Told], by: Actor, at: datetime) -> list[Finding]:
    found = []
    for days, kind, source, before, text, models, link in told:
        moment = _day(turn, days, at)
        dated_on = house_day(moment) - timedelta(days=before)
        facts = FindingFacts(kind, source, dated_on, text, link, models)
        found.append(service.record(session, turn, facts, by=by, at=moment))
    return found


def _finish(session: Session, turn: Round, by: Actor, at: datetime) -> None:
    service.finish(session, turn, by=by, at=_day(turn, 24, at))


def _published(session: Session, turn: Round, found: Sequence[Finding], kay: Actor, sal: Actor) -> None:
    """A report, and a week later its correction; then the head signs the round off."""
    moment = turn.opens_at + timedelta(days=25)
    wrong = (REPORT[0][0], REPORT[0][1].replace("兩點", "兩點，來電成長三成五"))
    report = _written(session, turn, found, "靜音與交期：本月市場調研", "zh-Hant", (wrong, *REPORT[1:]), kay, moment)
    _sent_out(session, report, kay, sal, moment)
    later = moment + timedelta(days=2)
    corrected = publishing.correct(session, report, CORRECTED, by=kay, at=later)
    cited = [finding.number for finding in found]
    reports.write(
        session, corrected, title=report.title, language="zh-Hant", sections=REPORT, cited=cited, by=kay, at=later
    )
    _sent_out(session, corrected, kay, sal, later + timedelta(hours=3))
    rounds.sign(session, turn, by=sal, at=later + timedelta(hours=4))


def _sent_out(session: Session, report: ResearchReport, kay: Actor, sal: Actor, at: datetime) -> None:
    publishing.submit(session, report, by=kay, at=at)
    publishing.approve(session, report, by=sal, at=at + timedelta(hours=2))


def _submitted(session: Session, turn: Round, found: Sequence[Finding], kay: Actor) -> None:
    moment = turn.opens_at + timedelta(days=26)
    report = _written(session, turn, found, "竞品与服务需求：本月市场调研", "zh-Hans", DRAFTED, kay, moment)
    publishing.submit(session, report, by=kay, at=moment + timedelta(hours=1))


def _written(
    session: Session,
    turn: Round,
    found: Sequence[Finding],
    title: str,
    language: str,
    sections: Sequence[tuple[str, str]],
    by: Actor,
    at: datetime,
) -> ResearchReport:
    cited = [finding.number for finding in found]
    report = reports.draft(session, turn, title=title, language=language, cited=cited, by=by, at=at)
    reports.write(session, report, title=title, language=language, sections=sections, cited=cited, by=by, at=at)
    return report


def _add_history(session: Session, by: Actor, at: datetime) -> None:
    """Typed-in months of each model, and the forecasts that rest on them."""
    this_month = house_day(at).replace(day=1)
    months = [month for month in rules.month_span(date(this_month.year - 3, 1, 1), this_month) if month < this_month]
    points = [
        PointFacts(model, month, quantity)
        for model, quantities in HISTORY.items()
        for month, quantity in zip(months[-len(quantities) :], quantities, strict=True)
    ]
    forecasts.set_history(session, points, LEDGER, by=by, at=at)
    forecasts.recompute(session, at=at)


def _analyse(session: Session, turn: Round, by: Actor, at: datetime) -> None:
    """Why dealers did not buy, which models weigh most, where one goes, and what comes back every year."""
    months = {
        model: [(key, float(quantity or 0)) for key, quantity, _ in forecasts.series_of(session, model, at=at)]
        for model in ("WM-900", "AC-350")
    }
    this_month = house_day(at).replace(day=1)
    for title, data, method in (
        ("哪些機型的訂單最多", Data(query=BY_MODEL, until=this_month), "pareto"),
        ("AC-350 seasons", Data(typed=months["AC-350"]), "seasonality"),
        ("WM-900 每月需求的趨勢", Data(typed=months["WM-900"]), "trend"),
        ("门店：没有成交的原因", Data(typed=[(key, float(count)) for key, count in LOST]), "pareto"),
    ):
        analyses.analyse(session, turn, title=title, data=data, method=method, settings={}, by=by, at=at)
