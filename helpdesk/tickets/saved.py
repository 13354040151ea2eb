"""Lists that people save and share, and how each likes his list."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpdesk.tickets import rules
from helpdesk.tickets.models import TicketTable, TicketView
from helpdesk.tickets.rules import Filter
from order_core.errors import Conflict, NotFound
from order_core.kernel.actor import Actor

MOST = 30


def views(session: Session, reader: Actor) -> Sequence[TicketView]:
    """The reader's own views and those shared with his department, by name."""
    mine = or_(TicketView.owner_id == reader.id, TicketView.team == reader.department)
    return session.scalars(select(TicketView).where(mine).order_by(TicketView.name, TicketView.id).limit(MOST)).all()


def save(session: Session, name: str, wanted: Filter, *, share: bool, by: Actor) -> TicketView:
    """Keep a filter under a name; the same name again keeps the new filter.

    Raises:
        Invalid: no name, or a long one.
        Conflict: thirty of one's own are enough.
    """
    name = rules.view_name(name)
    mine = session.scalars(select(TicketView).where(TicketView.owner_id == by.id)).all()
    view = next((one for one in mine if one.name == name), None)
    if view is None and len(mine) >= MOST:
        raise Conflict("view.many", field="name", maximum=MOST)
    if view is None:
        view = TicketView(owner_id=by.id or 0, name=name, filter={})
        session.add(view)
    view.filter, view.team = dict(wanted.narrowed()), by.department if share else None
    session.flush()
    return view


def delete(session: Session, view_id: int, *, by: Actor) -> None:
    """Let a view of one's own go. Raises ``NotFound`` for any other."""
    view = session.get(TicketView, view_id)
    if view is None or view.owner_id != by.id:
        raise NotFound("view.unknown", field="id")
    session.delete(view)
    session.flush()


def table(session: Session, reader: Actor) -> tuple[list[str], str]:
    """(columns, density) of the reader's list."""
    kept = session.get(TicketTable, reader.id or 0)
    return (rules.columns(kept.columns), kept.density) if kept else (list(rules.USUAL_COLUMNS), "normal")


def arrange(session: Session, columns: list[str], density: str, *, by: Actor) -> None:
    """Keep how somebody likes the list."""
    kept = session.get(TicketTable, by.id or 0)
    if kept is None:
        kept = TicketTable(person_id=by.id or 0, columns=[])
        session.add(kept)
    kept.columns = rules.columns(columns)
    kept.density = density if density in rules.DENSITIES else "normal"
    session.flush()
