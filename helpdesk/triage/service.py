"""Corrections by agents, the model in use, and its nightly successor."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from helpdesk.triage import artefact, engine, judging
from helpdesk.triage.artefact import Model
from helpdesk.triage.corpus import Example
from helpdesk.triage.engine import Correction, Engine
from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import table
from helpdesk.triage.models import TriageCorrection, TriageModel
from helpdesk.triage.values import APPLIANCES, INTENTS, URGENCIES
from order_core.errors import Conflict, Invalid
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import note

log = logging.getLogger(__name__)

FIELDS: dict[str, tuple[str, ...]] = {
    "intent": INTENTS,
    "appliance": APPLIANCES,
    "urgency": URGENCIES,
    "danger": ("yes", "no"),
}
LONGEST_REASON = 500
HELD_OUT = 5
"""Every fifth correction is kept for judging."""
KEPT = 5
"""Models kept for going back."""
FOLDER = "triage"
SHIPPED_SCORES = artefact.SHIPPED.with_suffix(".json")
"""What the shipped model scored when it was built."""
TOPIC = "triage.retrain"


def correct(
    session: Session, issue: Issue, field: str, value: str, reason: str, *, by: Actor, at: datetime
) -> TriageCorrection:
    """Put right what triage made of a ticket, with the reason; the next message like it is read so at once.

    Raises:
        Invalid: no such field or value, no reason or too long a one.
        Conflict: it is so already.
    """
    reason = reason.strip()
    if field not in FIELDS or value not in FIELDS[field]:
        raise Invalid("triage.value", field=field)
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid("triage.reason", field="reason", maximum=LONGEST_REASON)
    was = _present(issue, field)
    if was == value:
        raise Conflict("triage.same", field=field)
    _apply(issue, field, value)
    issue.changed_at = at
    count = session.scalar(select(func.count()).select_from(TriageCorrection)) or 0
    made = TriageCorrection(
        issue_id=issue.id,
        field=field,
        was=was,
        became=value,
        reason=reason,
        by_id=by.id,
        at=at,
        held_out=count % HELD_OUT == HELD_OUT - 1,
    )
    session.add(made)
    session.flush()
    data = {"field": field, "from": was, "to": value, "correction": made.id}
    note(session, issue, "triage_corrected", by=by, at=at, data=data, clauses=("5.1.2-a",))
    return made


def _present(issue: Issue, field: str) -> str:
    values = {
        "intent": issue.category or "other",
        "appliance": issue.appliance or "none",
        "urgency": issue.urgency,
        "danger": "yes" if issue.safety else "no",
    }
    return values[field]


def _apply(issue: Issue, field: str, value: str) -> None:
    if field == "intent":
        issue.category = value
        issue.team = "safety" if issue.safety else str(table("intents")[value]["team"])
    elif field == "appliance":
        issue.appliance = None if value == "none" else value
    elif field == "urgency":
        issue.urgency = value
    else:
        issue.safety = value == "yes"
        issue.urgency = "emergency" if issue.safety else "normal"
        issue.team = "safety" if issue.safety else str(table("intents")[issue.category or "other"]["team"])


def corrections(session: Session, *, held_out: bool | None = None, field: str = "intent") -> list[Example]:
    """The last word of agents on this field of each ticket, oldest first."""
    rows = session.execute(
        select(Issue.id, Issue.subject, Issue.language, TriageCorrection.became)
        .join(Issue, Issue.id == TriageCorrection.issue_id)
        .where(TriageCorrection.field == field)
        .where(True if held_out is None else TriageCorrection.held_out == held_out)  # type: ignore[arg-type]
        .order_by(TriageCorrection.id)
    )
    last = {issue_id: Example(subject, became, language) for issue_id, subject, language, became in rows}
    return list(last.values())


# --- the model in use ---------------------------------------------------------------------------------------------

_loaded: list[tuple[int | None, int]] = []


def in_use(session: Session) -> TriageModel | None:
    """The model that messages are read with; None: the shipped one."""
    return session.scalars(select(TriageModel).where(TriageModel.in_use_since.is_not(None))).first()


def refresh(session: Session, data_dir: Path) -> None:
    """Let this process read with the model in use and every correction so far; two small queries when it does."""
    model_id = session.scalar(select(TriageModel.id).where(TriageModel.in_use_since.is_not(None)))
    newest = session.scalar(select(func.max(TriageCorrection.id))) or 0
    if _loaded == [(model_id, newest)]:
        return
    row = session.get(TriageModel, model_id) if model_id else None
    reader = Engine.of(load(row.file if row else None, data_dir))
    put_right = [
        Correction(normal, example.label, reader.embed(normal))
        for example in corrections(session)
        for normal in (normalise(example.text),)
    ]
    harmless = [normalise(said.text) for said in corrections(session, field="danger") if said.label == "no"]
    engine.use(Engine.of(reader.model, put_right, harmless=harmless))
    _loaded[:] = [(model_id, newest)]


def forget() -> None:
    """Let this process begin anew with the shipped model."""
    _loaded.clear()
    engine.use(Engine.of(artefact.shipped()))


def load(file: str | None, data_dir: Path) -> Model:
    """A model of the data directory; the shipped one when there is none, or it cannot be read here."""
    if file is None:
        return artefact.shipped()
    try:
        return Model.load(data_dir / FOLDER / file)
    except (OSError, KeyError, ValueError) as error:
        log.warning("triage: %s cannot be read (%s); the shipped model is used", file, error)
        return artefact.shipped()


def roll_back(session: Session, model: TriageModel, *, by: Actor, at: datetime) -> None:
    """Read with an earlier model again.

    Raises:
        Conflict: it was refused, or is in use.
    """
    if model.verdict == "refused" or model.in_use_since is not None:
        raise Conflict("triage.model", field="model")
    put_in_use(session, model, at)
    model.put_in_use_by = by.id


def put_in_use(session: Session, model: TriageModel, at: datetime) -> None:
    session.execute(update(TriageModel).values(in_use_since=None))
    session.flush()
    session.refresh(model)
    model.in_use_since = at
    session.flush()


def scores_in_use(session: Session) -> judging.Scores:
    """Of the model that messages are read with; the shipped model brings its own."""
    row = in_use(session)
    value: dict[str, Any] = row.scores if row else json.loads(SHIPPED_SCORES.read_text(encoding="utf-8"))
    return judging.Scores.from_json(value)
