"""What the doctor examines, and what it may mend: only what cannot make anything worse.

Journals against states, stock against its ledger, work that is stuck; the surroundings (configuration,
database, Redis, processes); the wordings of messages. A fault is one line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.channels import lint
from helpdesk.config import Settings
from helpdesk.health import checks
from helpdesk.setting_types import is_loopback
from order_core.kernel.case import state_faults
from order_core.kernel.ledger import ledger_faults
from order_core.kernel.outbox import OutboxRow

LATE = timedelta(minutes=10)
"""Work that is due longer than this is stuck."""


@dataclass(frozen=True)
class Finding:
    """One examination. ``faults`` is empty when all is well; ``hint`` says what to do."""

    area: str
    faults: list[str]
    hint: str = ""


Examination = Callable[[Session, Settings, datetime, datetime], Finding]


def examine(
    session: Session,
    settings: Settings,
    *,
    at: datetime,
    wall: datetime,
    examinations: tuple[Examination, ...] | None = None,
) -> Iterator[Finding]:
    """All examinations in turn, or these; each is yielded as soon as it is done."""
    for look in examinations or EXAMINATIONS:
        yield look(session, settings, at, wall)


def _configuration(_session: Session, settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    faults = []
    if settings.has_twilio and is_loopback(urlsplit(settings.public_url).hostname or ""):
        faults.append(f"PUBLIC_URL is {settings.public_url}: Twilio cannot reach it")
    if settings.has_twilio and not (settings.twilio_phone_number or settings.twilio_messaging_service_sid):
        faults.append("neither TWILIO_PHONE_NUMBER nor TWILIO_MESSAGING_SERVICE_SID: nothing can be sent")
    return Finding("configuration", faults, "see docs/settings.md")


def _database(session: Session, _settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    faults = [said for said in (checks.database(session), checks.migrations(session)) if said != checks.OK]
    if session.get_bind().dialect.name == "sqlite":
        found = [str(row[0]) for row in session.execute(text("PRAGMA quick_check(10)"))]
        faults += [line for line in found if line != "ok"]
        broken = session.execute(text("PRAGMA foreign_key_check")).all()
        faults += [f"{row[0]} {row[1]}: no such {row[2]}" for row in broken[:20]]
    return Finding("database", faults, "helpdesk db upgrade, or restore a verified backup")


def _redis(_session: Session, settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    said = checks.redis_server(settings.redis_url)
    return Finding("redis", [] if said == checks.OK else [said], "is `helpdesk up` running?")


def _processes(session: Session, settings: Settings, _at: datetime, wall: datetime) -> Finding:
    said = {
        "scheduler": checks.scheduler(session, wall),
        "workers": checks.workers(settings.redis_url, wall),
    }
    faults = [f"{name}: {fault}" for name, fault in said.items() if fault != checks.OK]
    return Finding("processes", faults, "is `helpdesk up` running?")


def _journal(session: Session, _settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    return Finding("journal", state_faults(session), "somebody wrote past the kernel: compare with a backup")


def _ledger(session: Session, _settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    return Finding("ledger", ledger_faults(session), "count the stock concerned and enter the difference")


def _wordings(_session: Session, _settings: Settings, _at: datetime, _wall: datetime) -> Finding:
    return Finding("wordings", lint.every(), "shorten the wording, or write it without the character named")


def _outbox(session: Session, _settings: Settings, at: datetime, wall: datetime) -> Finding:
    late = (OutboxRow.state == "pending") & (OutboxRow.due_at < at - LATE)
    abandoned = OutboxRow.state.in_(("maybe_sent", "unknown")) & (OutboxRow.lease_until < wall - LATE)
    stuck = late | abandoned | OutboxRow.state.in_(("dead", "held"))
    rows = session.scalars(select(OutboxRow).where(stuck).order_by(OutboxRow.id).limit(100))
    faults = [
        f"row {row.id} ({row.topic}) {row.state} since {row.due_at:%F %H:%M}: {row.last_error or 'not tried'}"
        for row in rows
    ]
    unknown = set(session.scalars(select(OutboxRow.topic).distinct())) - set(wakeup.TOPICS)
    faults += [f"nobody works off the topic {topic}" for topic in sorted(unknown)]
    return Finding(
        "outbox",
        faults,
        "--repair wakes the workers and gives dead rows new attempts; --release-held, what a restore held back",
    )


EXAMINATIONS: tuple[Examination, ...] = (
    _configuration,
    _database,
    _redis,
    _processes,
    _outbox,
    _ledger,
    _journal,
    _wordings,
)
OF_THE_DATA: tuple[Examination, ...] = (_database, _ledger, _journal)
"""Those that need nothing but the database: for a restored copy."""


def revive(session: Session, *, at: datetime) -> int:
    """Give dead rows new attempts; returns how many.

    Safe: a local row never had an effect, and an external one keeps its count above one, so that it is
    reconciled with the provider before anything is repeated.
    """
    rows = session.scalars(select(OutboxRow).where(OutboxRow.state == "dead")).all()
    for row in rows:
        row.attempts = 1
        row.state, row.due_at, row.done_at, row.lease_until = "pending", at, None, None
    return len(rows)


def wake_all(settings: Settings) -> None:
    """Wake a worker of every queue."""
    wakeup.nudge(settings.redis_url, wakeup.QUEUES)
