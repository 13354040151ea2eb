"""``/tickets/media/<id>``: a file that came with a message, as its bytes say it is, and never as a page of ours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, send_file

from helpdesk.archive import FILES
from helpdesk.auth.door import door
from helpdesk.channels.media_rules import SHOWN
from helpdesk.channels.models import MessageMedia
from helpdesk.extensions import db
from order_core.errors import NotFound

bp = Blueprint("message_media", __name__)


@bp.get("/tickets/media/<int:media_id>")
@door("ticket.read")
def file(media_id: int) -> Response:
    """A kept file; one in quarantine is shown to nobody."""
    row = db.session.get(MessageMedia, media_id)
    if row is None or row.state != "stored" or row.name is None:
        raise NotFound("media.unknown", field="media")
    folder = current_app.settings.data_dir / FILES  # type: ignore[attr-defined]
    path = (folder / row.name).resolve()
    if not path.is_file():
        raise NotFound("media.unknown", field="media")
    shown = row.media_type in SHOWN
    answer = send_file(path, mimetype=row.media_type, as_attachment=not shown, download_name=f"{row.id}", max_age=3600)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def register(app: Any) -> None:
    """Attach the door."""
    app.register_blueprint(bp)
