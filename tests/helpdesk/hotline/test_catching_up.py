"""After an outage nothing is missing: calls that only the provider knows become calls of ours, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call, Interaction, Message
from helpdesk.hotline import catching_up
from helpdesk.hotline.models import Recording
from helpdesk.hotline.telephone import ConsoleTelephone, RemoteCall
from helpdesk.hotline.twiml import SPEECH
from helpdesk.now import wall
from helpdesk.paths import package_dir
from order_core.issues.models import Issue
from tests.helpdesk.channels.conftest import WANG, new_sid
from tests.helpdesk.hotline.conftest import Books

RECORDED = (("RE" + "d" * 32, 21),)


class Remembers(ConsoleTelephone):
    """A provider that has taken calls while we were away."""

    def __init__(self, *calls: RemoteCall) -> None:
        self._calls = list(calls)

    def calls(self, to: str, since: datetime) -> list[RemoteCall]:
        return self._calls


def missed(number: str, seconds: int, recordings: tuple[tuple[str, int], ...] = (), minutes: int = 60) -> RemoteCall:
    return RemoteCall(new_sid("CA"), number, wall() - timedelta(minutes=minutes), seconds, recordings)


@pytest.mark.clause("5.1.1-a", "5.1.1-c")
def test_what_was_missed_is_brought_in_once(books: Books, session: Session, at: datetime) -> None:
    calls = [
        missed(WANG, 35, RECORDED),
        missed("anonymous", 40),
        missed("+85299998888", 3),
        missed(WANG, 50, minutes=1),
    ]
    payload = {"number": "+85230000000", "region": "TW"}
    for _ in range(3):
        window = catching_up.prepare(session, payload, at, False)
        catching_up.settle(session, payload, catching_up.perform(Remembers(*calls), window), at)
    rows = session.scalars(select(Call).order_by(Call.id)).all()
    assert [row.state for row in rows] == ["callback", "ended", "ended"], "the newest may still report itself"
    kinds = session.execute(select(Issue.kind, func.count()).group_by(Issue.kind)).all()
    assert {kind: count for kind, count in kinds} == {"ticket": 2, "callback": 1}  # noqa: C416
    reasons = session.scalars(select(Interaction.no_issue_reason).order_by(Interaction.call_id)).all()
    assert reasons == [None, None, "under_8_seconds"]
    assert [row.sid for row in session.scalars(select(Recording))] == [RECORDED[0][0]]
    assert session.scalars(select(Message)).all() == [], "nobody is texted about it"


def test_a_failure_is_asked_again_later(session: Session, at: datetime) -> None:
    catching_up.settle(session, {"number": "+85230000000", "region": "TW"}, TimeoutError(), at)
    assert session.scalars(select(Call)).all() == []


def test_the_fallback_speaks_and_takes_a_message_without_us() -> None:
    text = (package_dir() / "static" / "voice" / "fallback.xml").read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - our own file
    assert [verb.tag for verb in root] == ["Say", "Say", "Say", "Record"]
    assert {verb.get("language") for verb in root.iter("Say")} <= {speech.says for speech in SPEECH.values()}
    assert not [verb for verb in root.iter() if verb.get("action") or verb.get("method")], "it asks nothing of us"
