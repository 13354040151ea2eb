"""``/parts``: what lies where, what is promised, what moved."""

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from helpdesk.auth.door import door
from helpdesk.auth.sessions import reader_language
from helpdesk.extensions import db
from helpdesk.parts.models import Part
from order_core.kernel.ledger import StockBalance, StockLocation, StockMove

bp = Blueprint("parts", __name__, url_prefix="/parts")


@bp.get("")
@door("parts.read")
def index() -> str:
    """Parts against places, and the latest movements."""
    session = db.session()
    places = session.scalars(
        select(StockLocation).where(~StockLocation.external).order_by(StockLocation.kind.desc(), StockLocation.code)
    ).all()
    balances = {(row.item, row.location): row for row in session.scalars(select(StockBalance))}
    rows = [
        {
            "code": part.code,
            "name": part.names.get(reader_language(), part.code),
            "cells": [balances.get((part.code, place.code)) for place in places],
        }
        for part in session.scalars(select(Part).order_by(Part.code))
    ]
    moves = session.scalars(select(StockMove).order_by(StockMove.id.desc()).limit(20)).all()
    return render_template("parts/list.html", places=places, rows=rows, moves=moves)


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
