"""Our own addresses as the provider is told them, and the gateway that the settings choose."""

from __future__ import annotations

from helpdesk.channels import budget, wording
from helpdesk.channels.console_gateway import ConsoleGateway
from helpdesk.channels.gateway import Gateway
from helpdesk.channels.webhook_gateway import WebhookGateway, account_of
from helpdesk.config import Settings

DEMO_ACCOUNT = "AC" + "0" * 32
DEMO_NUMBER = "+85230000000"

_public_url: str | None = None
_status_path = "/twilio/sms/status"


def configure(settings: Settings) -> None:
    """Tell callbacks where the provider finds us; only a real provider calls back."""
    global _public_url, _status_path
    real = settings.twilio_account_sid or settings.message_webhook_url
    _public_url = settings.public_url if real else None
    _status_path = "/gateway/status" if settings.message_webhook_url else "/twilio/sms/status"
    wording.configure(hotline=our_number(settings))
    limited = settings.twilio_messaging_service_sid or settings.twilio_phone_number
    budget.configure(limited if settings.twilio_account_sid else None)


def status_callback(message_id: int) -> str | None:
    """Where delivery reports of a message go; our id in it attaches the sid even when the answer was lost."""
    return f"{_public_url}{_status_path}?message={message_id}" if _public_url else None


def answer_url(call_id: int) -> str:
    """Where the provider asks what to say on a call that we placed."""
    return f"{_public_url or 'http://localhost'}/twilio/voice/callback?call={call_id}"


def voice_url(path: str) -> str:
    """Where the provider asks about a line: ``hold?call=7`` under the hotline's addresses."""
    return f"{_public_url or 'http://localhost'}/twilio/voice/{path}"


def account(settings: Settings) -> str:
    """The account that webhooks must name."""
    if settings.message_webhook_url:
        return account_of(settings.message_webhook_url)
    return settings.twilio_account_sid or DEMO_ACCOUNT


def our_number(settings: Settings) -> str:
    """Our hotline and SMS number."""
    return settings.twilio_phone_number or settings.message_webhook_sender or DEMO_NUMBER


def provider(settings: Settings) -> str:
    """The provider's name in inbound keys."""
    return "twilio" if settings.twilio_account_sid else "console"


def gateway(settings: Settings) -> Gateway:
    """The provider that the settings name, else the console; Twilio's client is only imported where it is used."""
    if settings.message_webhook_url:
        secret = settings.message_webhook_secrets[0]
        return WebhookGateway(settings.message_webhook_url, secret, sender=our_number(settings))
    if settings.twilio_account_sid is None:
        return ConsoleGateway(DEMO_ACCOUNT)
    from helpdesk.channels.twilio_gateway import TwilioGateway

    tokens = settings.webhook_auth_tokens
    return TwilioGateway(
        settings.twilio_account_sid,
        tokens[0] if tokens else "",
        sender=settings.twilio_phone_number,
        service=settings.twilio_messaging_service_sid,
        base_url=settings.twilio_api_base_url,
    )
