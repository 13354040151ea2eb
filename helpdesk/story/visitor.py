"""A visitor of a running server: signed webhooks, pages with cookies and CSRF tokens, the API with a token."""

import base64
import hashlib
import hmac
import http.cookiejar
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

TIMEOUT = 20
CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class StepFailed(Exception):
    """A step of the story did not go as it must; the message says what was seen."""


@dataclass
class Answer:
    """Status and text of a response."""

    status: int
    text: str
    url: str

    def json(self) -> Any:
        return json.loads(self.text)


def sign(token: str, url: str, params: dict[str, str]) -> str:
    """Twilio's signature of a form post: HMAC-SHA1 over the URL and the sorted parameters, base64."""
    text = url + "".join(f"{name}{params[name]}" for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass
class Phone:
    """A customer's telephone: texts and calls that arrive as the provider's webhooks."""

    base: str
    public: str
    token: str
    account: str
    number: str
    ours: str

    def text(self, body: str, *, sid: str | None = None, media: int = 0) -> str:
        """Send an SMS; returns its sid."""
        sid = sid or f"SM{secrets.token_hex(16)}"
        self.post(
            "/twilio/sms",
            {
                "MessageSid": sid,
                "SmsSid": sid,
                "AccountSid": self.account,
                "From": self.number,
                "To": self.ours,
                "Body": body,
                "NumMedia": str(media),
                "NumSegments": "1",
            },
        )
        return sid

    def call(self, path: str, sid: str, **params: str) -> str:
        """Post one step of a call; returns the TwiML."""
        form = {
            "CallSid": sid,
            "AccountSid": self.account,
            "From": self.number,
            "To": self.ours,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            **params,
        }
        return self.post(path, form).text

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Post a signed form; anything but 200 fails the story."""
        request = urllib.request.Request(  # noqa: S310 - the server's own http address
            self.base + path,
            data=urllib.parse.urlencode(form).encode(),
            headers={
                "X-Twilio-Signature": sign(self.token, self.public + path, form),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        answer = _open(urllib.request.build_opener(), request)
        if answer.status != 200:
            raise StepFailed(f"{path} answered {answer.status}: {answer.text[:200]}")
        return answer


@dataclass
class Browser:
    """A person of ours at the console or on ``/m``."""

    base: str
    opener: Any = field(init=False)
    _csrf: str = ""

    def __post_init__(self) -> None:
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> Answer:
        """Open a page; an error page fails the story."""
        answer = _open(self.opener, urllib.request.Request(self.base + path))  # noqa: S310
        if answer.status >= 400:
            raise StepFailed(f"GET {path} answered {answer.status}")
        found = CSRF.search(answer.text)
        self._csrf = found.group(1) if found else self._csrf
        return answer

    def post(self, path: str, **form: str) -> Answer:
        """Send a form of a page seen before."""
        data = urllib.parse.urlencode({"csrf_token": self._csrf, **form}).encode()
        answer = _open(self.opener, urllib.request.Request(self.base + path, data=data))  # noqa: S310
        if answer.status >= 400:
            raise StepFailed(f"POST {path} answered {answer.status}: {_words(answer.text)[:300]}")
        return answer

    def post_json(self, path: str, body: Any) -> Any:
        """Send JSON as a page's script does."""
        request = urllib.request.Request(  # noqa: S310
            self.base + path,
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-CSRFToken": self._csrf,
            },
        )
        answer = _open(self.opener, request)
        if answer.status >= 400:
            raise StepFailed(f"POST {path} answered {answer.status}: {answer.text[:300]}")
        return answer.json()

    def sign_in(self, email: str, password: str) -> "Browser":
        """Sign in through the form."""
        self.get("/login")
        answer = self.post("/login", email=email, password=password)
        if "/login" in urllib.parse.urlsplit(answer.url).path:
            raise StepFailed(f"{email} could not sign in")
        self.get(urllib.parse.urlsplit(answer.url).path)
        return self


@dataclass
class Api:
    """A program with a bearer token."""

    base: str
    token: str

    def get(self, path: str, **params: Any) -> Any:
        """One answer of the API."""
        query = urllib.parse.urlencode({k: v for k, v in params.items() if v is not None})
        request = urllib.request.Request(  # noqa: S310
            f"{self.base}/api/v1/{path}" + (f"?{query}" if query else ""),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        answer = _open(urllib.request.build_opener(), request)
        if answer.status != 200:
            raise StepFailed(f"GET /api/v1/{path} answered {answer.status}: {answer.text[:200]}")
        return answer.json()

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The first page of a list."""
        return list(self.get(path, **params)["items"])


def _open(opener: Any, request: urllib.request.Request) -> Answer:
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            return Answer(response.status, response.read().decode(), response.url)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(errors="replace"), request.full_url)
    except OSError as error:
        raise StepFailed(f"{request.full_url}: {error}") from error


def _words(html: str) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL).split())
