"""Two years of tickets in bulk: what is said, journals whose chains hold, clocks as they would have been reckoned.

Every ticket follows from its number alone, so that loading more goes on where it stopped, and twice is once.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Interaction, Message
from helpdesk.demo.sink import Sink
from helpdesk.search import rules as search
from helpdesk.search.index import UNDATED
from helpdesk.search.models import SearchEntry, written
from order_core.issues.models import Issue
from order_core.kernel.clock import Clock, ClockEvent, ClockReminder, Policy
from order_core.kernel.clock import _rungs as rungs_of
from order_core.kernel.journal import GENESIS, JournalEntry, chain_digest
from order_core.kernel.numbers import NumberSeries
from order_core.parties.models import ContactPerson, Customer, Person, Site
from order_core.rulebook.clocks import house_calendar, policy
from order_core.rulebook.machines import machine

CHUNK = 2_000
YEARS = timedelta(days=730)
OPEN_SHARE = 0.02
LATE_SHARE = 0.04
OPEN_FOR = timedelta(days=9)
SERIES = "DEMO"
"""In the number series: how many have been made."""
STEPS = (
    ("classify", "classified"),
    ("assign", "assigned"),
    ("note:replied", "assigned"),
    ("act", "acting"),
    ("verify", "verifying"),
    ("close", "closed"),
)
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "zh-Hant": {
        "refrigerator": ("冰箱下層不冷，底部積水", "冰箱一直嗡嗡響，晚上睡不著", "冷凍庫結霜很厚，門關不緊"),
        "washing_machine": ("洗衣機脫水時震動很大", "洗衣機漏水，地板都濕了", "洗到一半停住，面板顯示 E21"),
        "air_conditioner": ("冷氣不冷，只有送風", "冷氣滴水滴到床上", "遙控器按了沒有反應"),
        "dishwasher": ("洗碗機洗完還有油漬", "洗碗機排水排不掉", "洗碗機門打不開"),
        "reply": ("您好，我是客服，已收到您的問題，今天會安排技師與您聯絡。", "抱歉造成不便，請先關閉電源並拍照回傳。"),
        "thanks": ("謝謝，已經修好了", "師傅很專業，感謝", "可以了，謝謝你們"),
    },
    "zh-Hans": {
        "refrigerator": ("冰箱不制冷，冷藏室温度很高", "冰箱有异味，噪音很大", "冰箱门封条破损"),
        "washing_machine": ("洗衣机不排水，显示故障代码", "洗衣机甩干时声音很响", "洗衣机漏水严重"),
        "air_conditioner": ("空调制热效果差", "空调外机噪音太大", "空调漏水到墙面"),
        "dishwasher": ("洗碗机不进水", "洗碗机烘干功能失效", "洗碗机报警停机"),
        "reply": ("您好，已收到您的反馈，工程师今天会与您联系。", "抱歉给您带来不便，请先断开电源。"),
        "thanks": ("谢谢，问题解决了", "师傅态度很好", "好的，已经可以用了"),
    },
    "en": {
        "refrigerator": (
            "Fridge not cooling, water under the drawer",
            "Freezer door does not close",
            "Fridge hums loudly",
        ),
        "washing_machine": ("Washer leaking during the spin cycle", "Washing machine shows error E21", "Drum is stuck"),
        "air_conditioner": ("Air conditioner only blows warm air", "AC dripping on the floor", "Remote does nothing"),
        "dishwasher": ("Dishwasher leaves grease on plates", "Dishwasher will not drain", "Dishwasher door jammed"),
        "reply": (
            "Hello, we have your message and a technician will call today.",
            "Please switch it off and send a photo.",
        ),
        "thanks": ("Thanks, it works again", "Great service", "All good now, thank you"),
    },
}
APPLIANCES = ("refrigerator", "washing_machine", "air_conditioner", "dishwasher")
FIRST, LAST = ("Ann", "Bob", "Carol", "Tom"), ("Chan", "Lee", "Smith", "Wong", "Brown")
STREETS = ("Nathan Road", "King's Road", "彌敦道", "民生路", "中山路")
FAMILY, GIVEN = "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴周", "家明淑芬美玲志偉俊傑怡君雅婷建宏佳慧冠宇詩涵承恩"
URGENCIES = ("normal",) * 7 + ("low",) * 2 + ("high",)
CHANNELS = ("sms",) * 7 + ("phone",) * 2 + ("web",)
ISSUE = ("id", "number", "state", "revision", "version", "opened_at", "changed_at", "touched_at", "kind", "subject",
         "department", "channel", "language", "phone", "customer_id", "contact_id", "site_id", "category", "appliance",
         "urgency", "safety", "team", "assignee_id", "mode", "cause_code", "remedy", "result", "closed_at")  # fmt: skip
JOURNAL = ("kind", "case_id", "seq", "at", "entered_at", "actor_kind", "actor_id", "recorded_by", "department", "step",
           "from_state", "to_state", "clauses", "data", "salt", "payload_digest", "digest")  # fmt: skip
MESSAGE = ("id", "direction", "provider", "account", "from_number", "to_number", "body", "created_at", "author_kind",
           "status", "author_id", "language", "contact_id", "issue_id", "handled_at")  # fmt: skip
CLOCK = ("id", "policy", "case_kind", "case_id", "case_number", "budget_seconds", "warn_seconds", "working",
         "escalate_to", "owner_id", "due_at", "next_at", "stopped_at", "rungs")  # fmt: skip
NUMBERED = (Customer, ContactPerson, Site, Issue, Message, Clock, ClockEvent, ClockReminder, SearchEntry, JournalEntry,
            Interaction)  # fmt: skip
US = "+85230000000"


@dataclass
class Batch:
    """Rows of a chunk by table, and the ids that come next."""

    at: datetime
    people: Sequence[int]
    checker: int
    ids: dict[Any, int]
    rows: dict[Any, list[Sequence[Any]]] = field(default_factory=lambda: defaultdict(list))
    customers: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    dialect: str = "sqlite"

    def take(self, model: Any) -> int:
        """The next id of a table."""
        self.ids[model] += 1
        return self.ids[model] - 1

    def index(self, kind: str, ref_id: int, at: datetime, words: tuple[str, ...]) -> None:
        """A row of the search index."""
        tokens = [*words, *search.marks(kind, at)]
        self.rows[SearchEntry].append((self.take(SearchEntry), kind, ref_id, at, written(tokens, self.dialect)))


def made(session: Session) -> int:
    """How many tickets have been made in bulk so far."""
    return session.scalar(select(NumberSeries.last).where(NumberSeries.series == SERIES)) or 0


def add_chunk(session: Session, upto: int, *, at: datetime) -> int:
    """Make the next tickets, at most a chunk and at most up to ``upto`` in all; returns how many there are then."""
    first = made(session)
    last = min(first + CHUNK, upto)
    if last <= first:
        return first
    sink = Sink(session)
    people = session.execute(
        select(Person.id, Person.head).where(Person.department_code == "AFS", Person.active).order_by(Person.id)
    ).all()
    batch = Batch(
        at,
        [p.id for p in people if not p.head] or [p.id for p in people],
        next(p.id for p in people if p.head),
        {model: sink.next_id(model) for model in NUMBERED},
        dialect=sink.connection.dialect.name,
        customers=_half_made(session, first // 10) if first % 10 else {},
    )
    for n in range(first, last):
        _ticket(batch, n)
    for model, columns in _COLUMNS.items():
        sink.put(model, columns, batch.rows[model])
    sink.counted(NUMBERED)
    series = session.get(NumberSeries, (SERIES, 0)) or NumberSeries(series=SERIES, year=0, last=0)
    series.last = last
    session.add(series)
    session.flush()
    return last


_COLUMNS: dict[Any, tuple[str, ...]] = {
    Customer: ("id", "name", "number"),
    ContactPerson: ("id", "customer_id", "name", "phone", "language"),
    Site: ("id", "customer_id", "label", "address", "postcode", "lat", "lon", "zone"),
    Issue: ISSUE,
    JournalEntry: JOURNAL,
    Message: MESSAGE,
    Interaction: ("channel", "at", "message_id", "contact_id", "issue_id"),
    Clock: CLOCK,
    ClockEvent: ("clock_id", "kind", "at"),
    ClockReminder: ("clock_id", "kind", "at"),
    SearchEntry: ("id", "kind", "ref_id", "at", "words"),
}
"""Tables in the order in which they need each other, with what is written."""


def _ticket(batch: Batch, n: int) -> None:
    """The ``n``-th ticket: one of ten tells of a customer's first."""
    rng = Random(n)  # noqa: S311 - a history, not a secret
    language = LANGUAGES[n // 10 % 3]
    customer, contact, site, phone = _customer(batch, n // 10, language, new=n % 10 == 0)
    open_now = rng.random() < OPEN_SHARE
    opened = batch.at - (OPEN_FOR if open_now else YEARS) * rng.random()
    opened = opened.replace(second=0, microsecond=0)
    appliance, urgency = APPLIANCES[rng.randrange(4)], rng.choice(URGENCIES)
    words = SAID[language]
    subject = rng.choice(words[appliance])
    agent = batch.people[rng.randrange(len(batch.people))]
    issue_id, number = batch.take(Issue), f"T{opened:%y}-{n + 1:07d}"
    steps = _steps(rng, opened, open_now, late=rng.random() < LATE_SHARE, at=batch.at)
    state = steps[-1][1] if steps else "open"
    owner = agent if any(step == "assign" for step, *_ in steps) else None
    moments = {step: moment for step, _, moment in steps}
    ended = moments.get("verify")
    closed = moments.get("close")
    last = max([opened, *moments.values()])
    batch.rows[Issue].append((
        issue_id, number, state, 1, 1 + len(steps), opened, last, last, "ticket", subject, "AFS", rng.choice(CHANNELS),
        language, phone, customer, contact, site, "fault", appliance, urgency, False, "service", owner,
        "phone" if "act" in moments else None, *(("worn", "adjusted", "ok") if ended else (None, None, None)), closed,
    ))  # fmt: skip
    _journal(batch, issue_id, contact, agent, urgency, opened, steps)
    _clock(batch, policy("T-19", urgency), issue_id, number, owner, opened, moments.get("note:replied"))
    _clock(batch, policy("SOLVE", urgency), issue_id, number, owner, opened, ended)
    batch.index("ticket", issue_id, opened, (*_tokens(subject), *search.tokens(f"{number} {phone}")))
    _thread(batch, rng, words, subject, issue_id, contact, phone, agent, language, opened, moments)


def _customer(batch: Batch, n: int, language: str, *, new: bool) -> tuple[int, int, int, str]:
    """(customer, contact, site, phone) of the ``n``-th customer, made with the first of his ten tickets."""
    rng = Random(-n - 1)  # noqa: S311 - as above
    name = rng.choice(FAMILY) + "".join(rng.sample(GIVEN, 2))
    if language == "en":
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    phone = f"+8526{n:07d}"
    if new:
        customer, contact, site = ids = (batch.take(Customer), batch.take(ContactPerson), batch.take(Site))
        batch.customers[n] = ids
        address = f"{rng.randrange(1, 300)} {rng.choice(STREETS)}"
        place = (22.25 + rng.random() / 5, 114.1 + rng.random() / 5, "Asia/Hong_Kong")
        batch.rows[Customer].append((customer, name, f"D{n:07d}"))
        batch.rows[ContactPerson].append((contact, customer, name, phone, language))
        batch.rows[Site].append((site, customer, "home", address, "", *place))
        batch.index("customer", customer, UNDATED, tuple(search.tokens(f"{name} D{n:07d} {phone} {address}")))
    return (*batch.customers[n], phone)


def _half_made(session: Session, n: int) -> dict[int, tuple[int, int, int]]:
    """The customer whose first tickets an earlier run has made."""
    row = session.execute(
        select(Customer.id, ContactPerson.id, Site.id)
        .join(ContactPerson, ContactPerson.customer_id == Customer.id)
        .join(Site, Site.customer_id == Customer.id)
        .where(Customer.number == f"D{n:07d}")
    ).first()
    return {n: (row[0], row[1], row[2])} if row else {}


def _steps(
    rng: Random, opened: datetime, open_now: bool, *, late: bool, at: datetime
) -> list[tuple[str, str, datetime]]:
    """(step, state, when) after the opening; an open ticket has come some of the way."""
    gaps = [3, 2, 20 if not late else 3000, 10, 60 if not late else 9000, 5]
    found, moment = [], opened
    for (step, state), gap in zip(STEPS[: rng.randrange(5) if open_now else len(STEPS)], gaps, strict=False):
        moment += timedelta(minutes=gap * (0.5 + rng.random()))
        if moment >= at:
            break
        found.append((step, state, moment.replace(microsecond=0)))
    return found


@lru_cache(maxsize=1)
def _clauses() -> dict[str, tuple[str, ...]]:
    return {step: machine("Issue").transition(source, step).clauses
            for source, step in (("open", "classify"), ("classified", "assign"), ("assigned", "act"),
                                 ("acting", "verify"), ("verifying", "close"))}  # fmt: skip


def _journal(
    batch: Batch, issue_id: int, contact: int, agent: int, urgency: str, opened: datetime,
    steps: Sequence[tuple[str, str, datetime]],
) -> None:  # fmt: skip
    """The ticket's chain, each entry on the digest of the one before."""
    data: dict[str, dict[str, Any]] = {
        "classify": {"category": "fault", "urgency": urgency},
        "assign": {"assignee_id": agent},
        "act": {"mode": "phone"},
        "verify": {"cause_code": "worn", "remedy": "adjusted", "result": "2 characters"},
    }
    previous, state = GENESIS, None
    entries = [("open", "open", opened), *steps]
    for seq, (step, target, moment) in enumerate(entries, 1):
        payload = data.get(step)
        salt = f"{issue_id:024x}{seq:08x}"
        entry = _Fact(
            kind="Issue", case_id=issue_id, seq=seq, at=moment, recorded_by=None, step=step, from_state=state,
            to_state=target, clauses=list(_clauses().get(step, ("5.1.1-d",) if step == "open" else ("5.1.2-c",))),
            actor_kind="customer" if step == "open" else "person", department=None if step == "open" else "AFS",
            actor_id=contact if step == "open" else batch.checker if step == "close" else agent,
            payload_digest=_payload_digest(salt, payload),
        )  # fmt: skip
        digest = chain_digest(previous, entry)  # type: ignore[arg-type]  # it reads these fields only
        batch.rows[JournalEntry].append((
            "Issue", issue_id, seq, moment, moment, entry.actor_kind, entry.actor_id, None, entry.department, step,
            state, target, entry.clauses, payload, salt, entry.payload_digest, digest,
        ))  # fmt: skip
        previous, state = digest, target


@dataclass
class _Fact:
    """The fields of a journal entry that its digest covers."""

    kind: str
    case_id: int
    seq: int
    at: datetime
    actor_kind: str
    actor_id: int
    recorded_by: int | None
    department: str | None
    step: str
    from_state: str | None
    to_state: str
    clauses: list[str]
    payload_digest: str


def _payload_digest(salt: str, data: dict[str, Any] | None) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def _clock(
    batch: Batch, promised: Policy, issue_id: int, number: str, owner: int | None, opened: datetime,
    ended: datetime | None,
) -> None:  # fmt: skip
    """A clock with its events and with the reminders that were given by now."""
    seconds = int(promised.budget.total_seconds())
    rungs = rungs_of(promised, seconds)
    reached = {kind: _add(promised.working, opened, length) for kind, length, _ in rungs}
    clock_id, until = batch.take(Clock), ended or batch.at
    given = {kind: moment for kind, moment in reached.items() if moment <= until}
    due: datetime | None = reached["breach"]
    if ended is not None and reached["breach"] > ended:
        due = None
    pending = [moment for kind, moment in reached.items() if kind not in given] if ended is None else []
    batch.rows[Clock].append((
        clock_id, promised.code, "Issue", issue_id, number, seconds, int(seconds * promised.warn_at), promised.working,
        promised.escalate_to, owner, due, min(pending, default=None), ended, rungs,
    ))  # fmt: skip
    batch.rows[ClockEvent].append((clock_id, "start", opened))
    if ended is not None:
        batch.rows[ClockEvent].append((clock_id, "stop", ended))
    batch.rows[ClockReminder] += [(clock_id, kind, moment) for kind, moment in given.items()]


def _add(working: bool, moment: datetime, seconds: int) -> datetime:
    """When so much time has run since a whole minute."""
    return _due(_opening(moment), seconds) if working else moment + timedelta(seconds=seconds)


@lru_cache(maxsize=100_000)
def _opening(moment: datetime) -> datetime:
    return house_calendar().opens_after(moment)


@lru_cache(maxsize=300_000)
def _due(opens: datetime, seconds: int) -> datetime:
    return house_calendar().add(opens, timedelta(seconds=seconds))


@lru_cache(maxsize=10_000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(search.tokens(text))


def _thread(
    batch: Batch, rng: Random, words: dict[str, tuple[str, ...]], subject: str, issue_id: int, contact: int, phone: str,
    agent: int, language: str, opened: datetime, moments: dict[str, datetime],
) -> None:  # fmt: skip
    """What was said: the customer's first words, an agent's answer, thanks at the end or one more question."""
    answered, closed = moments.get("note:replied"), moments.get("close")
    said = [("in", "customer", subject, opened)]
    if answered:
        said.append(("out", "agent", rng.choice(words["reply"]), answered))
    if closed:
        said.append(("in", "customer", rng.choice(words["thanks"]), closed))
    for direction, author, body, moment in said:
        inward, message_id = direction == "in", batch.take(Message)
        batch.rows[Message].append((
            message_id, direction, "console", "demo", phone if inward else US, US if inward else phone, body, moment,
            author, "received" if inward else "delivered", None if inward else agent, language, contact, issue_id,
            moment if inward else None,
        ))  # fmt: skip
        if inward:
            batch.rows[Interaction].append(("sms", moment, message_id, contact, issue_id))
        batch.index("message", message_id, moment, _tokens(body))


def load(
    work: Callable[[Callable[[Session], Any]], Any], upto: int, *, at: datetime, say: Callable[[int], None]
) -> int:
    """Make tickets until there are ``upto``; ``work`` runs a function in a transaction. Returns how many are new."""
    before = there = work(made)
    many = upto - before > CHUNK
    if many:
        work(lambda session: Sink(session).without_search_index(True))
    while there < upto:
        there = work(partial(add_chunk, upto=upto, at=at))
        say(there)
    if many:
        work(lambda session: Sink(session).without_search_index(False))
    return int(there - before)
