"""What is asked of the provider about calls under way: move a line, pause or delete a recording, agents' tokens."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import requests
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from helpdesk.channels.gateway import TransportError
from helpdesk.channels.twilio_gateway import TIMEOUT_SECONDS, RedirectedHttpClient
from helpdesk.config import Settings

CURRENT = "Twilio.CURRENT"
TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class RemoteCall:
    """An inbound call as the provider lists it; ``recordings``: (sid, seconds)."""

    sid: str
    number: str
    started_at: datetime
    seconds: int
    recordings: tuple[tuple[str, int], ...] = ()


class Telephone(Protocol):
    """A provider's calls. Each raises ``TransportError``."""

    def move(self, sid: str, url: str) -> None:
        """Let a line ask ``url`` what to do now."""

    def pause(self, sid: str, paused: bool) -> None:
        """Pause the recording that a line makes, or go on with it."""

    def delete(self, recording: str) -> None:
        """Delete a recording; one that is gone is deleted."""

    def sound(self, recording: str) -> tuple[bytes, str]:
        """A recording's sound and its type."""

    def calls(self, to: str, since: datetime) -> list[RemoteCall]:
        """Inbound calls to a number of ours that have ended."""


class TwilioTelephone:
    """Twilio's REST API."""

    def __init__(self, account: str, token: str, *, base_url: str | None = None) -> None:
        self._auth = (account, token)
        self._base = base_url or "https://api.twilio.com"
        self._client = Client(account, token, http_client=RedirectedHttpClient(base_url))

    def move(self, sid: str, url: str) -> None:
        _asked(lambda: self._client.calls(sid).update(url=url, method="POST"))

    def pause(self, sid: str, paused: bool) -> None:
        recording = self._client.calls(sid).recordings(CURRENT)
        change = {"status": "paused", "pause_behavior": "silence"} if paused else {"status": "in-progress"}
        _asked(lambda: recording.update(**change))

    def delete(self, recording: str) -> None:
        try:
            _asked(lambda: self._client.recordings(recording).delete())
        except TransportError as error:
            if error.code != 20404:
                raise

    def sound(self, recording: str) -> tuple[bytes, str]:
        address = f"{self._base}/2010-04-01/Accounts/{self._auth[0]}/Recordings/{recording}.mp3"
        answer: Any = _asked(lambda: requests.get(address, auth=self._auth, timeout=TIMEOUT_SECONDS))
        if answer.status_code != 200:
            raise TransportError(f"recording: {answer.status_code}", permanent=answer.status_code == 404)
        return answer.content, "audio/mpeg"

    def calls(self, to: str, since: datetime) -> list[RemoteCall]:
        rows = _asked(lambda: self._client.calls.list(to=to, status="completed", start_time_after=since, limit=500))
        inbound = [row for row in rows if row.direction == "inbound" and row.start_time]
        if not inbound:
            return []
        kept: dict[str, list[tuple[str, int]]] = {}
        for row in _asked(lambda: self._client.recordings.list(date_created_after=since, limit=500)):
            kept.setdefault(str(row.call_sid), []).append((str(row.sid), int(row.duration or 0)))
        return [
            RemoteCall(
                str(row.sid), str(row._from or ""), row.start_time, int(row.duration or 0),
                tuple(kept.get(str(row.sid), ())),
            )
            for row in inbound
        ]  # fmt: skip


class ConsoleTelephone:
    """Without a provider: lines move in the simulator by themselves, and a recording is a second of silence."""

    def move(self, sid: str, url: str) -> None:
        """Nothing is under way."""

    def pause(self, sid: str, paused: bool) -> None:
        """Nothing is recorded."""

    def delete(self, recording: str) -> None:
        """Nothing is kept."""

    def sound(self, recording: str) -> tuple[bytes, str]:
        held = io.BytesIO()
        with wave.open(held, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(16000))
        return held.getvalue(), "audio/wav"

    def calls(self, to: str, since: datetime) -> list[RemoteCall]:
        """Nobody rings a number that nobody sells."""
        return []


def telephone(settings: Settings) -> Telephone:
    """Twilio where an account is set, else the console."""
    if not settings.has_twilio or settings.twilio_account_sid is None:
        return ConsoleTelephone()
    token = settings.webhook_auth_tokens[0]
    return TwilioTelephone(settings.twilio_account_sid, token, base_url=settings.twilio_api_base_url)


def access_token(settings: Settings, identity: str) -> str | None:
    """What an agent's browser registers with for an hour; None when the softphone is not configured."""
    if not settings.has_softphone:
        return None
    token = AccessToken(
        settings.twilio_account_sid, settings.twilio_api_key, settings.twilio_api_secret,
        identity=identity, ttl=TOKEN_SECONDS,
    )  # fmt: skip
    token.add_grant(VoiceGrant(outgoing_application_sid=settings.twilio_twiml_app_sid, incoming_allow=True))
    return str(token.to_jwt())


def _asked(work: Any) -> Any:
    try:
        return work()
    except TwilioRestException as error:
        permanent = 400 <= error.status < 500 and error.status not in (408, 429)
        raise TransportError(
            f"{error.status} {error.code}"[:300], permanent=permanent, unprocessed=error.status == 429, code=error.code
        ) from error
    except (TwilioException, RequestException) as error:
        raise TransportError(type(error).__name__) from error
