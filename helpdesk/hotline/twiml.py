"""TwiML as text: the few verbs that the hotline needs, built with the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

VOICE = {"zh-Hant": "cmn-TW", "zh-Hans": "cmn-CN", "en": "en-US"}
"""Language of <Say>."""
HEARS = {"zh-Hant": "cmn-Hant-TW", "zh-Hans": "cmn-Hans-CN", "en": "en-US"}
"""Language of speech recognition."""


class Twiml:
    """A response under construction; each method adds a verb and returns the response."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._root = Element("Response")

    def say(self, *lines: str, inside: Element | None = None) -> Twiml:
        """Speak lines."""
        for line in lines:
            element = SubElement(self._root if inside is None else inside, "Say", language=VOICE[self._language])
            element.text = line
        return self

    def gather(
        self, lines: Sequence[str], action: str, *, digits: int = 1, speech: bool = True, timeout: int = 5
    ) -> Twiml:
        """Ask for keys (and speech); ``action`` is asked even when nothing came. Keys may interrupt."""
        element = SubElement(
            self._root,
            "Gather",
            input="dtmf speech" if speech else "dtmf",
            action=action,
            method="POST",
            numDigits=str(digits),
            timeout=str(timeout),
            language=HEARS[self._language],
            actionOnEmptyResult="true",
        )
        self.say(*lines, inside=element)
        return self

    def record(self, action: str, *, seconds: int = 120) -> Twiml:
        """Record a message after the tone."""
        SubElement(self._root, "Record", action=action, method="POST", maxLength=str(seconds), playBeep="true")
        return self

    def enqueue(self, queue: str, *, wait: str, action: str) -> Twiml:
        """Put the caller into a queue; ``wait`` is asked again and again while he waits."""
        element = SubElement(self._root, "Enqueue", waitUrl=wait, waitUrlMethod="POST", action=action, method="POST")
        element.text = queue
        return self

    def pause(self, seconds: int) -> Twiml:
        """Silence."""
        SubElement(self._root, "Pause", length=str(seconds))
        return self

    def leave(self) -> Twiml:
        """Take the caller out of the queue; the queue's action is asked next."""
        SubElement(self._root, "Leave")
        return self

    def redirect(self, url: str) -> Twiml:
        """Go on elsewhere."""
        SubElement(self._root, "Redirect", method="POST").text = url
        return self

    def hangup(self) -> Twiml:
        """End the call."""
        SubElement(self._root, "Hangup")
        return self

    def __str__(self) -> str:
        return "<?xml version='1.0' encoding='UTF-8'?>" + tostring(self._root, encoding="unicode")
