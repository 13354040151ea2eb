"""What came with a message, on the ticket page: pictures are shown, odd files are not; what he may be sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import consent
from helpdesk.channels.models import Message, MessageMedia
from helpdesk.now import wall
from order_core.issues.models import Issue
from tests.helpdesk.channels.conftest import LIN, WANG
from tests.helpdesk.channels.test_polling import PNG
from tests.helpdesk.conftest import As


def test_a_picture_is_shown_and_what_is_odd_is_not(as_: As, ticket: Issue, session: Session, settings: Any) -> None:
    message = Message(
        direction="in", provider="twilio", account="AC1", from_number=LIN, to_number="x", body="", created_at=wall(),
        author_kind="customer", status="received", media=[{}, {}], issue_id=ticket.id,
    )  # fmt: skip
    session.add(message)
    session.flush()
    kept, odd = (
        MessageMedia(
            message_id=message.id, position=position, url="-", declared_type="image/png", state=state,
            media_type="image/png", name=f"media/{name}", reason=None,
        )
        for position, (state, name) in enumerate((("stored", "aa/picture"), ("quarantined", "quarantine/odd")))
    )  # fmt: skip
    session.add_all([kept, odd])
    session.flush()
    for row in (kept, odd):
        path = settings.data_dir / "attachments" / str(row.name)
        path.parent.mkdir(parents=True)
        path.write_bytes(PNG)
    mei = as_("mei")
    page = mei.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    assert f'<img src="/tickets/media/{kept.id}"' in page
    assert f"/tickets/media/{odd.id}" not in page
    shown = mei.get(f"/tickets/media/{kept.id}")
    assert (shown.data, shown.mimetype) == (PNG, "image/png")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert mei.get(f"/tickets/media/{odd.id}").status_code == 404
    assert mei.get("/tickets/media/999999").status_code == 404
    assert as_("rnd").get(f"/tickets/media/{kept.id}").status_code == 403, "who reads no tickets sees no pictures"
    assert 'data-currency="USD"' in page
    assert "不收優惠" in page
    consent.record(session, WANG, "all", False, source="word", at=wall())
    ticket.phone = WANG
    session.flush()
    page = mei.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    assert 'data-price="0.0558"' in page
    assert "已拒收" in page
