"""Conversations for bots that live elsewhere: take one, read what came in, answer, hand it on (docs/bots.md)."""

from typing import Any

from flask import Response, jsonify, request
from flask_openapi import APIBlueprint
from pydantic import Field

from helpdesk.api import service, shapes
from helpdesk.api.paging import Asked
from helpdesk.auth.door import current_actor, door
from helpdesk.chatbot import outside
from helpdesk.chatbot.models import Conversation
from helpdesk.extensions import db
from helpdesk.now import now


class Numbered(Asked):
    """The customer's telephone number in the path."""

    phone: str = Field(max_length=20, pattern=r"^\+[1-9][0-9]{6,14}$", description="E.164")


class Owner(Asked):
    """Who holds a conversation from now on."""

    owner: str = Field(pattern="^(bot|human|outside)$", description="bot: ours; human: a person; outside: the caller")


class Words(Asked):
    """What an outside bot says."""

    text: str = Field(min_length=1, max_length=1600, pattern=r"\S")
    language: str = Field("zh-Hant", pattern="^(en|zh-Hant|zh-Hans)$")


def shape(talk: Conversation) -> dict[str, Any]:
    """A conversation as JSON."""
    return {
        "phone": talk.phone,
        "owner": talk.owner,
        "question": talk.question,
        "language": talk.state.get("language"),
        "ticket": talk.state.get("ticket"),
        "ticket_id": talk.issue_id,
    }


def attach(api: APIBlueprint) -> None:
    """Add the three addresses."""

    @api.get("/conversations/<string:phone>")
    @door("api.read")
    def conversation(path: Numbered) -> Response:
        """Who holds it, what is asked, which ticket it is about."""
        return jsonify(shape(outside.find(db.session(), path.phone)))

    @api.post("/conversations/<string:phone>/owner")
    @door("api.write")
    def conversation_owner(path: Numbered, body: Owner) -> Response:
        """Take it, give it to a person, or give it back to our bot."""
        session, by = db.session(), current_actor()
        assert by is not None
        at = now(session)
        return jsonify(shape(outside.pass_on(session, path.phone, body.owner, by=by, at=at)))

    @api.post("/conversations/<string:phone>/messages")
    @door("api.write")
    def conversation_say(path: Numbered, body: Words) -> Response:
        """Say something as the bot that holds it; with an `Idempotency-Key` once, however often it is sent."""
        session, by = db.session(), current_actor()
        assert by is not None
        at = now(session)

        def work() -> tuple[dict[str, Any], int]:
            said = outside.say(session, path.phone, body.text, language=body.language, at=at)
            return shapes.message(said), 201

        asked = f"{request.method} {request.path}\n".encode() + request.get_data()
        answer, status = service.once(session, request.headers.get("Idempotency-Key"), asked, work, by=by, at=at)
        response = jsonify(answer)
        response.status_code = status
        return response
