"""What a caller hears, as TwiML: built with the provider's own library, in the tongue of the call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Dial, Enqueue, Gather, VoiceResponse

from helpdesk.hotline.talk import Tongue

Line = tuple[str, Tongue]
"""A sentence and the tongue in which it is spoken."""


@dataclass(frozen=True)
class Speech:
    """How a tongue is spoken (``<Say language>``, and a voice where the language alone chooses none) and heard."""

    says: str
    hears: str
    voice: str | None = None


SPEECH: dict[Tongue, Speech] = {
    "cmn-Hant": Speech("cmn-TW", "cmn-Hant-TW"),
    "yue": Speech("yue-HK", "yue-Hant-HK", "Google.yue-HK-Standard-A"),
    "cmn-Hans": Speech("cmn-CN", "cmn-Hans-CN"),
    "en": Speech("en-US", "en-US"),
}


class Twiml:
    """A response under construction; each method adds a verb and returns the response."""

    def __init__(self) -> None:
        self._root = VoiceResponse()

    def say(self, lines: Iterable[Line], inside: TwiML | None = None) -> Twiml:
        """Speak lines."""
        for text, tongue in lines:
            speech = SPEECH[tongue]
            (inside or self._root).say(text, language=speech.says, **({"voice": speech.voice} if speech.voice else {}))
        return self

    def gather(
        self,
        lines: Iterable[Line],
        action: str,
        tongue: Tongue,
        *,
        many: bool = False,
        speech: bool = True,
        timeout: int = 5,
        hints: str = "",
    ) -> Twiml:
        """Ask for one key, or ``many`` ended by #, or speech; both may interrupt. ``action`` is asked in any case."""
        keys = {"finish_on_key": "#"} if many else {"num_digits": 1, "finish_on_key": ""}
        spoken = {"language": SPEECH[tongue].hears, "speech_timeout": "auto", "hints": hints or None} if speech else {}
        gather = Gather(
            input="dtmf speech" if speech else "dtmf",
            action=action,
            method="POST",
            timeout=timeout,
            action_on_empty_result=True,
            barge_in=True,
            **keys,
            **spoken,
        )
        self.say(lines, inside=gather)
        self._root.append(gather)
        return self

    def record(self, action: str, status: str, *, seconds: int = 180) -> Twiml:
        """Record a message after the tone, and be told when it is stored."""
        self._root.record(
            action=action, method="POST", max_length=seconds, play_beep=True, timeout=5, trim="trim-silence",
            recording_status_callback=status, recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )  # fmt: skip
        return self

    def enqueue(self, queue: str, *, wait: str, action: str) -> Twiml:
        """Put the caller into a queue; ``wait`` is asked again and again while he waits."""
        self._root.append(Enqueue(queue, wait_url=wait, wait_url_method="POST", action=action, method="POST"))
        return self

    def take(self, queue: str, *, action: str, whisper: str, record: str | None = None) -> Twiml:
        """Join the first caller of a queue; ``whisper`` is spoken to him before, ``record``: where its end is told."""
        dial = Dial(action=action, method="POST", timeout=30, **_recorded(record))
        dial.queue(queue, url=whisper, method="POST")
        self._root.append(dial)
        return self

    def ring(
        self, *, client: str | None, number: str | None, action: str, caller: str | None, record: str | None = None
    ) -> Twiml:
        """Ring an agent's browser or his telephone; ``action`` is asked when that is over."""
        dial = Dial(action=action, method="POST", timeout=25, caller_id=caller, **_recorded(record))
        if client:
            dial.client(client)
        if number:
            dial.number(number)
        self._root.append(dial)
        return self

    def pause(self, seconds: int) -> Twiml:
        """Silence."""
        self._root.pause(length=seconds)
        return self

    def leave(self) -> Twiml:
        """Take the caller out of the queue; the queue's action is asked next."""
        self._root.leave()
        return self

    def redirect(self, url: str) -> Twiml:
        """Go on elsewhere."""
        self._root.redirect(url, method="POST")
        return self

    def hangup(self) -> Twiml:
        """End the call."""
        self._root.hangup()
        return self

    def __str__(self) -> str:
        return str(self._root)


def _recorded(status: str | None) -> dict[str, str]:
    if status is None:
        return {}
    return {
        "record": "record-from-answer-dual",
        "recording_status_callback": status,
        "recording_status_callback_method": "POST",
        "recording_status_callback_event": "in-progress completed absent",
    }
