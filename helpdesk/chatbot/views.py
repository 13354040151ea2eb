"""The one thing that an agent does about the bot: give a conversation back to it."""

from flask import Blueprint, Flask, redirect
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.chatbot import service
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.tickets import queries

bp = Blueprint("chatbot", __name__, url_prefix="/tickets")


@bp.post("/<number>/bot")
@door("ticket.reply")
def give_back(number: str) -> Response:
    """The bot may speak again in the conversation of this ticket."""
    session, actor = db.session(), current_actor()
    assert actor is not None  # the door has seen to it
    service.give_back(session, queries.by_number(session, number), by=actor, at=now(session))
    return redirect(f"/tickets/{number}")


def register(app: Flask) -> None:
    """Attach the blueprint."""
    app.register_blueprint(bp)
