"""The night's work: a successor of the model in use is built, judged, and promoted when nothing speaks against it.

Planned and written down in the database, done outside it: no transaction waits for a training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.triage import building, corpus, judging
from helpdesk.triage.artefact import Model
from helpdesk.triage.corpus import Example
from helpdesk.triage.engine import Engine
from helpdesk.triage.models import TriageModel
from helpdesk.triage.rules import classify
from helpdesk.triage.service import FOLDER, KEPT, corrections, in_use, load, put_in_use


@dataclass(frozen=True)
class Night:
    """What a retraining needs to know, as plain values."""

    data_dir: Path
    file: str
    old_file: str | None
    learned: tuple[Example, ...]
    held_out: tuple[Example, ...]


@dataclass(frozen=True)
class Morning:
    """What came of it."""

    night: Night
    fingerprint: str
    new: judging.Scores
    old: judging.Scores


def plan_night(session: Session, data_dir: Path, *, at: datetime) -> Night | None:
    """What tonight's model is built from; None when nothing was put right since the last one was built."""
    last = session.scalar(select(func.max(TriageModel.learned))) or 0
    learned = corrections(session, held_out=False)
    if len(learned) <= last:
        return None
    row = in_use(session)
    held_out = corrections(session, held_out=True)
    return Night(data_dir, f"{at:%Y%m%dT%H%M%S}.npz", row.file if row else None, tuple(learned), tuple(held_out))


def work_night(night: Night) -> Morning:
    """Build, save and judge; no database. Takes most of a minute of one core, and some hundred megabytes."""
    folder = night.data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    built = building.build(building.lesson(night.learned), f"{corpus.fingerprint()}+{len(night.learned)}")
    built.save(folder / night.file)
    new, old = (
        _judged(model, night.held_out)
        for model in (Model.load(folder / night.file), load(night.old_file, night.data_dir))
    )
    return Morning(night, built.fingerprint, new, old)


def _judged(model: Model, held_out: Sequence[Example]) -> judging.Scores:
    reader = Engine.of(model)
    return judging.judge(lambda text: classify(text, reader=reader), held_out)


def settle_night(session: Session, morning: Morning, *, at: datetime) -> TriageModel:
    """Promote the new model when there is nothing against it; the last five files stay for going back."""
    known = session.scalars(select(TriageModel).where(TriageModel.file == morning.night.file)).first()
    if known is not None:
        return known
    if in_use(session) is None:
        session.add(_row(None, corpus.fingerprint(), "shipped", [], morning.old, 0, at))
    against = judging.objections(morning.new, morning.old)
    verdict = "refused" if against else "promoted"
    made = _row(morning.night.file, morning.fingerprint, verdict, against, morning.new, len(morning.night.learned), at)
    session.add(made)
    session.flush()
    if verdict == "promoted":
        put_in_use(session, made, at)
    _forget_old(session, morning.night.data_dir)
    return made


def _row(
    file: str | None,
    fingerprint: str,
    verdict: str,
    against: list[str],
    scores: judging.Scores,
    learned: int,
    at: datetime,
) -> TriageModel:
    return TriageModel(
        built_at=at,
        file=file,
        fingerprint=fingerprint,
        verdict=verdict,
        reasons=against,
        scores=scores.to_json(),
        learned=learned,
    )


def _forget_old(session: Session, data_dir: Path) -> None:
    rows = session.scalars(
        select(TriageModel)
        .where(TriageModel.file.is_not(None))
        .order_by(TriageModel.built_at.desc(), TriageModel.id.desc())
    ).all()
    for row in rows[KEPT:]:
        if row.in_use_since is None:
            (data_dir / FOLDER / str(row.file)).unlink(missing_ok=True)
            session.delete(row)
