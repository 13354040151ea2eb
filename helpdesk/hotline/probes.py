"""Does the number answer? A test call of ours, once an hour in opening hours; no answer is an alarm (5.1.1-a).

A call that customers got through lately answers the question as well, and costs nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels import addresses
from helpdesk.channels.gateway import Accepted, Gateway, OutgoingCall
from helpdesk.channels.models import InboundEvent
from helpdesk.hotline.hours import calendar
from helpdesk.hotline.models import Probe
from order_core.clauses import carries
from order_core.kernel import outbox
from order_core.kernel.notice import tell

EVERY = timedelta(hours=1)
PATIENCE = timedelta(minutes=5)
"""From the test call to its webhook."""
TOPIC = "hotline.probe"
FIRST_STEP = "voice:start:"


@carries("measure", "5.1.1-a")
def keep_asking(session: Session, number: str, *, at: datetime) -> Probe | None:
    """Judge the last probe, and ask again when an hour has passed without any call that reached us."""
    last = session.scalars(select(Probe).order_by(Probe.id.desc()).limit(1)).first()
    if last is not None and last.state == "asked" and at > last.asked_at + PATIENCE:
        _alarm(session, last, "silence", at)
    if (last is not None and at < last.asked_at + EVERY) or not calendar(session).is_open(at):
        return None
    if _reached(session, at - EVERY):
        return None
    probe = Probe(asked_at=at, state="asked")
    session.add(probe)
    session.flush()
    outbox.publish(session, TOPIC, {"probe_id": probe.id, "number": number}, at=at, key=f"probe:{probe.id}")
    return probe


def _reached(session: Session, since: datetime) -> bool:
    """Whether anybody's call has reached the greeting since."""
    wanted = select(func.count()).where(InboundEvent.kind == FIRST_STEP, InboundEvent.received_at > since)
    return bool(session.scalar(wanted))


def answered(session: Session, wanted: str, *, at: datetime) -> None:
    """The test call was taken by our own hotline."""
    probe = session.get(Probe, int(wanted)) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19 else None
    if probe is not None and probe.state != "answered":
        was_told, probe.state, probe.detail = probe.told, "answered", ""
        if was_told:
            tell(session, key="hotline.answers", at=at, department="AFS")


def _alarm(session: Session, probe: Probe, detail: str, at: datetime) -> None:
    probe.state, probe.detail = "failed", detail[:120]
    if not probe.told:
        probe.told = True
        tell(session, key="hotline.unreachable", at=at, department="AFS", params={"detail": detail})


def reachability(session: Session, *, since: datetime) -> float | None:
    """Share of probes answered since a moment; None without any."""
    rows = session.execute(select(Probe.state, func.count()).where(Probe.asked_at > since).group_by(Probe.state))
    counts: dict[str, int] = {state: count for state, count in rows}  # noqa: C416 - typed
    judged = counts.get("answered", 0) + counts.get("failed", 0)
    return counts.get("answered", 0) / judged if judged else None


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> OutgoingCall | None:
    """One test call; one in doubt is not repeated, the next hour asks again."""
    probe = session.get_one(Probe, payload["probe_id"])
    if again or probe.state != "asked":
        return None
    url = addresses.voice_url(f"probe?probe={probe.id}")
    return OutgoingCall(reference=f"probe:{probe.id}", to=payload["number"], answer_url=url)


def perform(gateway: Gateway, request: OutgoingCall) -> Accepted:
    """Place it."""
    return gateway.place_call(request)


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """What the provider refused is an alarm at once; the console's number always answers."""
    probe = session.get_one(Probe, payload["probe_id"])
    if isinstance(outcome, Accepted):
        if outcome.status == "completed":
            answered(session, str(probe.id), at=at)
    else:
        _alarm(session, probe, type(outcome).__name__, at)
