"""The lock on webhooks: nothing is looked at before the provider's signature is right."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, request
from prometheus_client import Counter

from helpdesk.channels import hmac_signature
from helpdesk.channels.addresses import account
from helpdesk.channels.signature import verify
from helpdesk.extensions import csrf

REFUSED = Counter("ordercare_webhooks_refused_total", "Webhooks refused before anything was stored", ["reason"])
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def signed_by_provider(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view run only for a form post signed with our token and made for our account.

    Anything else is 403 and counted; nothing is stored. The view is exempt from CSRF tokens: the signature
    is the stronger proof.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        reason = _refusal()
        if reason is None:
            return view(*args, **kwargs)
        REFUSED.labels(reason).inc()
        return Response("", status=403)

    checked.signature_checked = True  # type: ignore[attr-defined]
    return csrf.exempt(checked)  # type: ignore[no-any-return]


def signed_by_gateway(view: Callable[..., Any]) -> Callable[..., Any]:
    """The same lock for a webhook gateway's JSON, signed with the secret that both sides know; closed without one."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        secrets = current_app.settings.message_webhook_secrets  # type: ignore[attr-defined]
        given = request.headers.get(hmac_signature.TIMESTAMP, ""), request.headers.get(hmac_signature.SIGNATURE, "")
        reason = None if request.mimetype == JSON else "content_type"
        if not hmac_signature.verify(secrets, given[0], request.get_data(), given[1], now=time.time()):
            reason = "signature"
        if reason is None:
            return view(*args, **kwargs)
        REFUSED.labels(reason).inc()
        return Response("", status=403)

    checked.signature_checked = True  # type: ignore[attr-defined]
    return csrf.exempt(checked)  # type: ignore[no-any-return]


def _refusal() -> str | None:
    settings = current_app.settings  # type: ignore[attr-defined]
    if request.mimetype != FORM:
        return "content_type"
    raw_uri = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or _rebuilt()
    pairs = list(request.form.items(multi=True))
    try:
        right = verify(
            settings.webhook_auth_tokens,
            settings.public_url + raw_uri,
            pairs,
            request.headers.get("X-Twilio-Signature", ""),
        )
    except Exception:  # whatever odd input makes it raise, it is not our provider's
        return "signature"
    if not right:
        return "signature"
    if request.form.getlist("AccountSid") != [account(settings)]:
        return "account"
    return None


def _rebuilt() -> str:
    """The request's path and query where the server keeps no raw URI."""
    query = request.query_string.decode("latin-1")
    return request.path + (f"?{query}" if query else "")
