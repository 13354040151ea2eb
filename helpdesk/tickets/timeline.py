"""Everything that happened on a ticket in one order: messages, calls, notes, steps, clocks, visits, surveys."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import media
from helpdesk.channels.media_rules import SHOWN
from helpdesk.channels.models import Call, Message, MessageMedia
from helpdesk.chatbot.assist.queries import suggestions
from helpdesk.dispatch.models import Visit
from helpdesk.hotline.models import CallWords
from helpdesk.tickets.models import TicketNote
from helpdesk.tickets.present import label, names_of
from order_core.aftersales.models import ServiceReport, Survey
from order_core.issues.models import Issue
from order_core.kernel.case import history
from order_core.kernel.clock import Clock
from order_core.kernel.journal import NOTE_PREFIX, JournalEntry

Entry = dict[str, Any]
ANSWERS = frozenset({"bot", "sms_out"})
"""What was said in the same instant as something happened, was said because of it."""
IN_THREAD = frozenset({"note:replied", "note:noted", "note:called"})
"""Journal notes whose content stands in the thread itself."""


def timeline(session: Session, issue: Issue) -> list[Entry]:
    """The entries of the ticket page, oldest first."""
    entries = [
        *_messages(session, issue),
        *_notes(session, issue),
        *_calls(session, issue),
        *_steps(session, issue),
        *_clocks(session, issue),
        *_visits(session, issue),
        *_surveys(session, issue),
        *_suggestions(session, issue),
    ]
    return sorted(entries, key=lambda entry: (entry["at"], entry["kind"] in ANSWERS))


def _entry(kind: str, at: datetime, text: str, who: str = "", **more: Any) -> Entry:
    return {"kind": kind, "at": at, "who": who, "text": text, "detail": [], "status": "", **more}


def _messages(session: Session, issue: Issue) -> Iterator[Entry]:
    rows = session.scalars(select(Message).where(Message.issue_id == issue.id).order_by(Message.id)).all()
    names = names_of(session, {row.author_id for row in rows if row.author_id})
    files = media.of_messages(session, [row.id for row in rows if row.media])
    for row in rows:
        kind = "sms_in" if row.direction == "in" else "bot" if row.author_kind == "bot" else "sms_out"
        who = names.get(row.author_id or 0) or gettext(f"author.{row.author_kind}")
        status = "" if row.direction == "in" else label("message.status", row.status)
        yield _entry(kind, row.created_at, row.body, who, status=status, media=_files(files.get(row.id, [])))


def _files(rows: list[MessageMedia]) -> list[dict[str, Any]]:
    """What came with a message: a picture, a file to load, or why there is none."""
    return [
        {
            "href": f"/tickets/media/{row.id}" if row.state == "stored" else "",
            "image": row.media_type in SHOWN,
            "label": gettext(f"media.{row.state}"),
            "detail": row.media_type or "",
        }
        for row in rows
    ]


def _notes(session: Session, issue: Issue) -> Iterator[Entry]:
    for row in session.scalars(select(TicketNote).where(TicketNote.issue_id == issue.id)):
        yield _entry("note", row.at, row.text, row.author.name)


def _calls(session: Session, issue: Issue) -> Iterator[Entry]:
    for row in session.scalars(select(Call).where(Call.issue_id == issue.id)):
        text = gettext(f"call.{row.direction}.{row.state}")
        said = session.scalars(select(CallWords.text).where(CallWords.call_id == row.id).order_by(CallWords.id))
        yield _entry("call", row.started_at, " · ".join([text, *said]), row.number or "")


def _steps(session: Session, issue: Issue) -> Iterator[Entry]:
    entries = history(session, issue)
    names = names_of(session, {e.actor_id for e in entries if e.actor_kind == "person" and e.actor_id})
    for entry in entries:
        if entry.step in IN_THREAD:
            continue
        who = names.get(entry.actor_id or 0) or gettext(f"actor.{entry.actor_kind}")
        if entry.step.startswith(NOTE_PREFIX):
            yield _entry("step", entry.at, gettext(f"event.{entry.step.removeprefix(NOTE_PREFIX)}"), who,
                         detail=_detail(entry))  # fmt: skip
        else:
            text = gettext(f"step.Issue.{entry.step}")
            yield _entry("step", entry.at, text, who, status=label("state.Issue", entry.to_state),
                         detail=_detail(entry))  # fmt: skip


def _detail(entry: JournalEntry) -> list[dict[str, str]]:
    """The clause behind a step: why the house does it."""
    return [{"label": gettext("journal.clause"), "value": ", ".join(entry.clauses)}] if entry.clauses else []


def _clocks(session: Session, issue: Issue) -> Iterator[Entry]:
    rows = session.scalars(select(Clock).where(Clock.case_kind == "Issue", Clock.case_id == issue.id))
    for clock in rows:
        for reminder in clock.reminders:
            yield _entry(
                "clock", reminder.at, gettext(f"clock.{reminder.kind}.short"), gettext(f"deadline.{clock.policy}")
            )


def _visits(session: Session, issue: Issue) -> Iterator[Entry]:
    for visit in session.scalars(select(Visit).where(Visit.issue_id == issue.id)):
        for entry in history(session, visit):
            if entry.step.startswith(NOTE_PREFIX):
                parts = ", ".join(p["code"] for p in (entry.data or {}).get("parts", ()))
                yield _entry("part", entry.at, gettext("event.parts_used"), parts)
            elif entry.step != "open":
                who = visit.technician.person.name if visit.technician else ""
                yield _entry("visit", entry.at, gettext(f"step.Visit.{entry.step}"), who,
                             status=label("state.Visit", entry.to_state))  # fmt: skip
        report = session.scalar(select(ServiceReport).where(ServiceReport.visit_number == visit.number))
        if report is not None:
            yield _entry("visit", report.at, report.explained, report.signed_name, detail=[
                {"label": gettext("report.cause"), "value": label("cause", report.cause_code)},
                {"label": gettext("report.remedy"), "value": label("remedy", report.remedy)},
            ])  # fmt: skip


def _surveys(session: Session, issue: Issue) -> Iterator[Entry]:
    for survey in session.scalars(select(Survey).where(Survey.issue_id == issue.id)):
        if survey.answered_at is not None:
            yield _entry("survey", survey.answered_at, survey.comment or "", gettext("author.customer"),
                         score=survey.score)  # fmt: skip


def _suggestions(session: Session, issue: Issue) -> Iterator[Entry]:
    for row in suggestions(session, issue):
        yield _entry("note", row.at, row.text, gettext("assist.proposed", source=row.source))
