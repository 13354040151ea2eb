"""The provider's side of the hotline, a caller, what is on record of him; a working day unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call, Interaction, Message
from helpdesk.demo import people
from helpdesk.hotline.hours import calendar
from helpdesk.hotline.models import CallWords
from helpdesk.now import DemoClock, wall
from order_core.issues.models import Issue
from order_core.parties.models import Department, Person
from tests.helpdesk.channels.conftest import LIN, Outside, new_sid, outside

__all__ = ["Books", "Caller", "outside"]


@dataclass
class Caller:
    """One call to the hotline: keys and words go where the last TwiML says."""

    outside: Outside
    number: str = LIN
    sid: str = field(default_factory=lambda: new_sid("CA"))
    answer: ET.Element = field(default_factory=lambda: ET.Element("Response"))

    def post(self, path: str, **fields: str) -> Caller:
        """Post a step; the TwiML becomes the present answer."""
        form = self.outside.form(**{"CallSid": self.sid, "From": self.number, "CallStatus": "in-progress", **fields})
        answer = self.outside.post(path, form)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml"), answer.get_data(as_text=True)
        self.answer = ET.fromstring(answer.data)  # noqa: S314 - our own answer
        assert self.answer.tag == "Response"
        return self

    def dial(self) -> Caller:
        return self.post("/twilio/voice", CallStatus="ringing")

    def press(self, key: str, **more: str) -> Caller:
        """Press keys (or none) where keys are asked for."""
        return self.post(self.attribute("Gather", "action"), Digits=key, **more)

    def speak(self, words: str) -> Caller:
        """Say something where something is asked."""
        return self.post(self.attribute("Gather", "action"), SpeechResult=words, Confidence="0.92")

    def prove(self, postcode: str, serial: str) -> Caller:
        """Key in what only the customer knows."""
        return self.press(postcode).press(serial[-4:])

    def wait(self, key: str = "") -> Caller:
        """One turn of the music; a key is pressed where it asks for one."""
        self.post(self.attribute("Enqueue", "waitUrl") if self.has("Enqueue") else "/twilio/voice/wait")
        return self.press(key) if key else self

    def leave(self, result: str) -> Caller:
        """Out of the queue, for this reason."""
        return self.post("/twilio/voice/queued", QueueResult=result)

    def hang_up(self, seconds: str = "30", status: str = "completed") -> None:
        """The call is over."""
        form = self.outside.form(CallSid=self.sid, From=self.number, CallStatus=status, CallDuration=seconds)
        assert self.outside.post("/twilio/voice/status", form).status_code == 204

    def has(self, verb: str) -> bool:
        return self.answer.find(verb) is not None

    def attribute(self, verb: str, name: str) -> str:
        element = self.answer.find(verb)
        assert element is not None, f"no <{verb}> in the answer"
        return element.attrib[name]

    @property
    def asked(self) -> str:
        """The step that the present question belongs to."""
        return self.attribute("Gather", "action").split("?")[0].removeprefix("/twilio/voice/")

    @property
    def said(self) -> str:
        """Everything that is spoken."""
        return " ".join(element.text or "" for element in self.answer.iter("Say"))

    @property
    def tongues(self) -> list[str]:
        """The languages in which it speaks, sentence by sentence."""
        return [element.attrib["language"] for element in self.answer.iter("Say")]


@dataclass
class Books:
    """What is on record of calls."""

    session: Session

    def call(self, caller: Caller) -> Call:
        self.session.expire_all()
        return self.session.scalars(select(Call).where(Call.sid == caller.sid)).one()

    def contact(self, caller: Caller) -> Interaction:
        """The one interaction of a call."""
        call = self.call(caller)
        return self.session.scalars(select(Interaction).where(Interaction.call_id == call.id)).one()

    def ticket(self, caller: Caller) -> Issue:
        """The ticket of a call."""
        issue_id = self.contact(caller).issue_id
        assert issue_id is not None
        return self.session.get_one(Issue, issue_id)

    def words(self, caller: Caller) -> list[str]:
        """What a caller said in his own words."""
        wanted = select(CallWords.text).where(CallWords.call_id == self.call(caller).id).order_by(CallWords.id)
        return list(self.session.scalars(wanted))

    def callbacks(self, caller: Caller) -> list[Issue]:
        """Call-back tasks that came of a call."""
        call = self.call(caller)
        wanted = select(Issue).where(Issue.kind == "callback", Issue.parent_id == call.issue_id)
        return [] if call.issue_id is None else list(self.session.scalars(wanted))

    def issues(self, kind: str = "ticket") -> int:
        return self.session.scalar(select(func.count(Issue.id)).where(Issue.kind == kind)) or 0

    def last_sms(self, number: str) -> str:
        """The newest message to a number."""
        self.session.expire_all()
        wanted = select(Message.body).where(Message.to_number == number).order_by(Message.id.desc())
        return self.session.scalars(wanted).first() or ""


def set_clock(session: Session, moment: datetime) -> datetime:
    """Move the business's clock to a moment."""
    clock = session.get(DemoClock, "offset")
    if clock is None:
        clock = DemoClock()
        session.add(clock)
    clock.seconds = int((moment - wall()).total_seconds()) + 1
    session.commit()
    return moment


@pytest.fixture
def working_hours(session: Session) -> datetime:
    """An hour after the hotline opens next."""
    return set_clock(session, calendar(session).opens_after(wall() + timedelta(hours=12)) + timedelta(hours=1))


@pytest.fixture
def closed(session: Session) -> datetime:
    """An hour before it opens."""
    house = calendar(session)
    closing = next(house.open_from(wall() + timedelta(hours=1)))[1]
    return set_clock(session, closing + timedelta(hours=1))


@pytest.fixture
def books(session: Session, working_hours: datetime) -> Books:
    """A company of one agent and the demo's customers; who has an order to ask for needs ``company``."""
    session.add(Department(code="AFS", names={"en": "After-sales service"}))
    session.flush()
    session.add(Person(name="Mei", email="mei@demo.test", department_code="AFS", roles=["agent"]))
    people.add_customers(session)
    session.commit()
    return Books(session)
