"""A case of the pipeline as its page shows it, in the reader's language: timeline, signatures, clocks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.errors.views import said
from helpdesk.tickets.present import clock_pill, label, names_of
from order_core.kernel import sign
from order_core.kernel.case import history
from order_core.kernel.clock import Clock
from order_core.kernel.journal import NOTE_PREFIX, JournalEntry
from order_core.kernel.sign import SignOff
from order_core.parties.models import ContactPerson

Row = dict[str, Any]


Hides = Callable[[JournalEntry], bool]
"""Whether an entry is not for this reader."""


def timeline(session: Session, case: Any, machine: str, *, hides: Hides | None = None) -> list[Row]:
    """Journal, refused attempts, signatures and clocks of a case, oldest first: one timeline for every department.

    ``hides``: for a reader to whom something of the case is confidential; signatures are left out with it.
    """
    entries = [*_journal(session, case, machine, hides), *_reminded(session, case)]
    if hides is None:
        entries += _signed(session, case)
    return sorted(entries, key=lambda entry: entry["at"])


def _entry(kind: str, at: datetime, who: str, text: str, **more: Any) -> Row:
    return {"kind": kind, "at": at, "who": who, "text": text, "detail": [], "status": "", **more}


def _journal(session: Session, case: Any, machine: str, hides: Hides | None) -> list[Row]:
    entries = [entry for entry in history(session, case) if hides is None or not hides(entry)]
    names = names_of(session, {e.actor_id for e in entries if e.actor_kind == "person" and e.actor_id})
    return [_step(entry, names, machine) for entry in entries]


def _step(entry: JournalEntry, names: Mapping[int, str], machine: str) -> Row:
    who = names.get(entry.actor_id or 0) if entry.actor_kind == "person" else None
    who = who or str(gettext(f"actor.{entry.actor_kind}"))
    if entry.department:
        who = f"{who} ({gettext(f'department.{entry.department}')})"
    clauses = [{"label": gettext("journal.clause"), "value": ", ".join(entry.clauses)}] if entry.clauses else []
    data = entry.data or {}
    if entry.step == f"{NOTE_PREFIX}refused":
        why = said(str(data.get("code", "")), data.get("params", {}))
        return _entry("step", entry.at, who, gettext("deeds.refused"), detail=clauses, status=why)
    if entry.step.startswith(NOTE_PREFIX):
        return _entry("step", entry.at, who, gettext(f"noted.{entry.step.removeprefix(NOTE_PREFIX)}"), detail=clauses)
    moved = entry.from_state != entry.to_state
    status = label(f"state.{machine}", entry.to_state) if moved else ""
    return _entry("step", entry.at, who, gettext(f"step.{machine}.{entry.step}"), detail=clauses, status=status)


def _signed(session: Session, case: Any) -> list[Row]:
    asked = session.scalars(
        select(SignOff).where(SignOff.subject_kind == case.__case_kind__, SignOff.subject_id == case.id)
    )
    return [
        _entry(
            "step",
            row["at"],
            row["who"],
            gettext(f"verdict.{row['verdict']}"),
            status=row["party"] + (f" · {gettext('deeds.carried')}" if row["carried"] else ""),
        )
        for sign_off in asked
        for row in _signatures(session, sign_off)
    ]


def _reminded(session: Session, case: Any) -> list[Row]:
    clocks = session.scalars(select(Clock).where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id))
    said_of = {"warn": gettext("clock.warn.short")}
    return [
        _entry("clock", reminder.at, _runs_against(clock), said_of.get(reminder.kind, gettext("clock.breach.short")))
        for clock in clocks
        for reminder in clock.reminders
    ]


def _runs_against(clock: Clock) -> str:
    return f"{clock.policy} · {party(clock.party)}" if clock.party else clock.policy


def party(code: str) -> str:
    """What a party of a sign-off is called: a department, its head, or the customer."""
    if code == sign.CUSTOMER:
        return str(gettext("actor.customer"))
    name = str(gettext(f"department.{code.removesuffix(sign.AS_HEAD)}"))
    return str(gettext("party.head", department=name)) if code.endswith(sign.AS_HEAD) else name


def signatures(
    session: Session, sign_off: SignOff | None, pills: Mapping[str, dict[str, Any]] | None = None
) -> list[Row]:
    """One row a required party: who signed the present content, or by when it should be.

    ``pills``: party → its own running deadline, where parties have one (see ``deadlines``).
    """
    if sign_off is None:
        return []
    given = {row["code"]: row for row in _signatures(session, sign_off) if row["digest"] == sign_off.digest}
    open_row = {"who": "", "at": None, "verdict": None, "due": sign_off.due_at}
    return [
        {"clock": (pills or {}).get(code), **(given.get(code) or {"party": party(code), **open_row})}
        for code in sign_off.required
    ]


def _signatures(session: Session, sign_off: SignOff) -> list[Row]:
    names = names_of(session, {s.person_id for s in sign_off.signatures if s.person_id is not None})
    contacts = {s.contact_id for s in sign_off.signatures if s.contact_id is not None}
    called = {c.id: c.name for c in session.scalars(select(ContactPerson).where(ContactPerson.id.in_(contacts)))}
    return [
        {
            "code": s.party,
            "party": party(s.party),
            "who": names.get(s.person_id or 0) or called.get(s.contact_id or 0, ""),
            "at": s.at,
            "verdict": s.verdict,
            "opinion": s.opinion,
            "carried": s.carried_from is not None,
            "digest": s.digest,
            "due": None,
        }
        for s in sign_off.signatures
    ]


def deadlines(session: Session, case: Any, policy: str, at: datetime) -> dict[str, dict[str, Any]]:
    """Party → pill of its running clock of a policy."""
    rows = session.scalars(
        select(Clock)
        .where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id)
        .where(Clock.policy == policy, Clock.stopped_at.is_(None), Clock.party.is_not(None))
    )
    return {str(row.party): pill for row in rows if (pill := clock_pill(row, at)) is not None}


def clocks(session: Session, case: Any, at: datetime) -> list[Row]:
    """The running deadlines of a case, the first to run out first: pill, policy, department."""
    rows = session.scalars(
        select(Clock)
        .where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id, Clock.stopped_at.is_(None))
        .order_by(Clock.due_at)
    )
    return [
        {"pill": clock_pill(row, at), "policy": row.policy, "party": party(row.party) if row.party else ""}
        for row in rows
    ]
