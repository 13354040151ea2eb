"""One step of a call: what was heard goes through the dialogue, what it asks is done, the sayings come back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels import wording
from helpdesk.channels.models import Call
from helpdesk.hotline import dialogue, hearing, presence, queue, rules, service
from helpdesk.hotline.facts import facts, told, tongue_of
from helpdesk.hotline.models import CallTalk
from helpdesk.hotline.talk import LANGUAGE, Say, Talk, Tongue, Turn
from order_core.parties.models import ContactPerson

Line = tuple[str, Tongue]


@dataclass(frozen=True)
class Reply:
    """What the caller hears, and where he is then."""

    lines: tuple[Line, ...]
    talk: Talk


@dataclass
class Play:
    """One call at one moment. ``region``: country of numbers keyed in without a prefix."""

    session: Session
    call: Call
    region: str
    at: datetime

    @property
    def row(self) -> CallTalk | None:
        """The dialogue on record."""
        return self.session.get(CallTalk, self.call.id)

    def open(self) -> Reply:
        """The call is taken."""
        tongue = tongue_of(self.call)
        turn = dialogue.begin(self.call.id, tongue, facts(self.session, self.call, None, None, at=self.at))
        return self._carry_out(turn)

    def step(self, name: str, keys: str, words: str, n: int | None) -> Reply | str:
        """A step is answered; the stored answer (TwiML) for a repetition, or where nothing is asked any more."""
        row = self.row
        if row is None:
            return self.open()
        talk = Talk.from_json(row.state)
        if row.answer and ((n is not None and n != talk.n) or talk.step in dialogue.WAITING):
            return row.answer
        known = facts(self.session, self.call, talk, row, at=self.at)
        if name != talk.step:  # late or out of order: the present question again
            return Reply(self.spoken(dialogue.prompt(talk, known), talk), talk)
        heard = hearing.understand(talk.step, keys.strip().rstrip("#"), words)
        return self._carry_out(dialogue.hear(talk, heard, known))

    def keep(self, talk: Talk, answer: str) -> None:
        """Remember where the caller is and what he was answered."""
        row = self.row
        if row is None:
            self.session.add(CallTalk(call_id=self.call.id, state=talk.to_json(), answer=answer))
        else:
            row.state, row.answer = talk.to_json(), answer
        self.session.flush()

    def spoken(self, says: Iterable[Say], talk: Talk) -> tuple[Line, ...]:
        """Sentences in their tongues."""
        found = []
        for say in says:
            tongue = say.tongue or talk.tongue
            found.append((wording.spoken(say.purpose, LANGUAGE[tongue], say.params), tongue))
        return tuple(found)

    def _carry_out(self, turn: Turn) -> Reply:
        self.call.language = LANGUAGE[turn.talk.tongue]
        self.call.contact_id = turn.talk.checked or self.call.contact_id
        talk, first = self._act(turn)
        after: tuple[Say, ...] = ()
        if talk.step == "queue":
            after = self._into_queue(desk=turn.act == "desk", words=turn.words if turn.act == "queue" else "")
        elif talk.step == "voicemail":
            service.ticket_of(self.session, self.call, turn.words if turn.act == "voicemail" else "", at=self.at)
            self.call.state = "voicemail"
        return Reply(self.spoken((*first, *turn.says, *after), talk), talk)

    def _act(self, turn: Turn) -> tuple[Talk, tuple[Say, ...]]:
        """Do what the dialogue asks; the state after it, and what is said of it before anything else."""
        talk = turn.talk
        if turn.act == "tell":
            service.contact_made(self.session, self.call, at=self.at, reason="answered_by_menu")
            return talk, (told(self.session, talk, turn.words, LANGUAGE[talk.tongue]),)
        if turn.act == "send_code":
            return self._send_code(talk), ()
        if turn.act == "report":
            issue, new = service.ticket_of(self.session, self.call, turn.words, at=self.at)
            return talk, (Say("reported" if new else "added", {"number": issue.number}),)
        if turn.act == "danger":
            issue, _new = service.ticket_of(self.session, self.call, turn.words, at=self.at, step="danger")
            service.raise_alarm(self.session, issue, at=self.at)
        elif turn.act == "number":
            service.rung_at(self.session, self.call, turn.words, region=self.region, at=self.at)
        return talk, ()

    def _into_queue(self, *, desk: bool, words: str) -> tuple[Say, ...]:
        if desk:
            service.contact_made(self.session, self.call, at=self.at, reason="technicians_number")
        else:
            service.ticket_of(self.session, self.call, words, at=self.at)
        queue.enqueue(self.session, self.call, at=self.at)
        return (self.place(),)

    def place(self) -> Say:
        """Where in the queue the caller is, and how long it may take."""
        position = queue.position(self.session, self.call)
        minutes = rules.wait_minutes(position, presence.on_duty(self.session), presence.handling(self.session, self.at))
        return Say("queue.wait", {"position": position, "minutes": minutes})

    def _send_code(self, talk: Talk) -> Talk:
        """A one-time code by SMS to the number that rings; only its digest is kept."""
        code = f"{secrets.randbelow(10**6):06d}"
        contact = self.session.get(ContactPerson, talk.person) if talk.person else None
        assert self.call.number is not None
        channels.send(
            self.session, contact=contact, to=self.call.number, purpose="code.call",
            params={"code": code, "minutes": rules.CODE_MINUTES}, language=LANGUAGE[talk.tongue], at=self.at,
        )  # fmt: skip
        talk = replace(talk, code=rules.digest(code, talk.call))
        self.keep(talk, "")
        row = self.row
        assert row is not None
        row.code_until = self.at + timedelta(minutes=rules.CODE_MINUTES)
        return talk
